#include "worker/worker_keys.h"

#include "common/security/key_file.h"

#include <errno.h>
#include <stdio.h>

enum { SECRET_BYTES_MAX = 4096 };

static int read_text(const char *path, char *out, size_t size, struct problem *problem)
{
    FILE *file = fopen(path, "re");
    size_t count = file == NULL ? 0 : fread(out, 1, size - 1, file);
    if (file != NULL) {
        (void)fclose(file);
    }
    out[count] = '\0';
    if (count == 0) {
        problem_set(problem, path, "key_file", "cannot be read, or is empty");
        return -EINVAL;
    }
    return 0;
}

static int read_pair(const char *path, struct bus_key_pair *ret_pair, struct problem *problem)
{
    struct key_file_secret secret = {.data = NULL};
    int error = key_file_read(path, SECRET_BYTES_MAX, &secret, problem);
    if (error == 0) {
        struct text trimmed = text_trim((struct text){(const char *)secret.data, secret.size});
        error = bus_key_pair_of(trimmed, ret_pair, problem);
        if (error != 0) {
            problem_prefix(problem, "bus.key_file");
        }
    }
    key_file_wipe(&secret);
    return error;
}

int worker_keys_read(const struct worker_config *config, struct bus_key_pair *ret_pair,
                     char ret_server_key[BUS_KEY_LENGTH + 1], struct problem *problem)
{
    char text[SECRET_BYTES_MAX];
    int error = read_pair(config->bus.key_file, ret_pair, problem);
    if (error == 0) {
        error = read_text(config->bus.server_key_file, text, sizeof text, problem);
    }
    if (error == 0) {
        error = bus_parse_public_key(text_of(text), ret_server_key, problem);
        if (error != 0) {
            problem_prefix(problem, "bus.server_key_file");
        }
    }
    return error;
}
