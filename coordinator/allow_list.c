#include "coordinator/allow_list.h"

#include "common/base/buffer.h"
#include "common/net/bus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The first word of a line, or nothing. '#' is a digit of Z85, but never the first of five: a line
 * that begins with it is a comment. */
static struct text first_word(struct text line)
{
    struct text trimmed = text_trim(line);
    size_t end = 0;
    while (end < trimmed.size && trimmed.data[end] != ' ' && trimmed.data[end] != '\t') {
        end++;
    }
    bool is_comment = end > 0 && trimmed.data[0] == '#';
    return (struct text){trimmed.data, is_comment ? 0 : end};
}

int allow_list_parse(struct text content, struct arena *arena, const char *const **ret_keys,
                     struct problem *problem)
{
    size_t lines = 1;
    for (size_t i = 0; i < content.size; i++) {
        lines += content.data[i] == '\n' ? 1 : 0;
    }
    const char **keys = arena_zero(arena, lines + 1, sizeof *keys);
    size_t count = 0;
    struct text line;
    for (unsigned int number = 1; text_next_part(&content, '\n', &line); number++) {
        struct text word = first_word(line);
        if (word.size == 0) {
            continue;
        }
        char key[BUS_KEY_LENGTH + 1];
        if (bus_parse_public_key(word, key, problem) != 0) {
            problem_set(problem, "", "public_key", "line %u: is not a public key", number);
            return -EINVAL;
        }
        keys[count++] = arena_copy(arena, key, BUS_KEY_LENGTH);
    }
    *ret_keys = keys;
    return 0;
}

int allow_list_read(const char *path, struct arena *arena, const char *const **ret_keys,
                    struct problem *problem)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        int error = errno;
        problem_set(problem, path, "file", "cannot be read: error %d", error);
        return -error;
    }
    struct buffer content = {.data = NULL};
    char *place = buffer_reserve(&content, ALLOW_LIST_BYTES_MAX + 1);
    size_t size = fread(place, 1, ALLOW_LIST_BYTES_MAX + 1, file);
    int error = ferror(file) ? -EIO : 0;
    (void)fclose(file);
    if (error == 0 && size > ALLOW_LIST_BYTES_MAX) {
        error = -EMSGSIZE;
    }
    if (error != 0) {
        problem_set(problem, path, "file", "cannot be read, or is larger than 1 MiB");
    } else {
        error = allow_list_parse((struct text){place, size}, arena, ret_keys, problem);
        if (error != 0 && problem != NULL) {
            problem_prefix(problem, path);
        }
    }
    buffer_finish(&content);
    return error;
}
