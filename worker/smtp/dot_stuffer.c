#include "worker/smtp/dot_stuffer.h"

#include <errno.h>
#include <string.h>

void dot_stuffer_init(struct dot_stuffer *stuffer, struct text head, const struct text *parts,
                      size_t part_count)
{
    *stuffer = (struct dot_stuffer){
        .head = head, .parts = parts, .part_count = part_count, .rest = head, .last = '\n'};
}

/* CR only in front of LF, LF only behind CR; `last` carries this over the cuts between parts. */
static bool has_bare_end(char before, struct text line, bool has_lf)
{
    const char *cr = memchr(line.data, '\r', line.size);
    if (before == '\r' && line.data[0] != '\n') {
        return true;
    }
    char before_lf = line.size > 1 ? line.data[line.size - 2] : before;
    if (has_lf && before_lf != '\r') {
        return true;
    }
    size_t allowed = has_lf && line.size > 1 ? line.size - 2 : line.size - 1;
    return cr != NULL && (size_t)(cr - line.data) != allowed;
}

/* Append one line, or the piece of one that is here. */
static int append_line(struct dot_stuffer *stuffer, struct buffer *output, size_t limit)
{
    struct text rest = stuffer->rest;
    size_t most = rest.size < limit ? rest.size : limit;
    const char *lf = memchr(rest.data, '\n', most);
    struct text line = {rest.data, lf == NULL ? most : (size_t)(lf - rest.data) + 1};
    if (has_bare_end(stuffer->last, line, lf != NULL)) {
        return -EINVAL;
    }
    if (stuffer->last == '\n' && line.data[0] == '.') {
        buffer_append_byte(output, '.');
    }
    buffer_append_text(output, line);
    stuffer->last = line.data[line.size - 1];
    stuffer->rest = text_skip(rest, line.size);
    return 0;
}

/* The last line is closed even if the message did not (RFC 5321, 4.1.1.4). */
static int finish_message(struct dot_stuffer *stuffer, struct buffer *output)
{
    if (stuffer->last == '\r') {
        return -EINVAL;
    }
    if (stuffer->last != '\n') {
        buffer_append_text(output, TEXT("\r\n"));
    }
    stuffer->is_done = true;
    return 0;
}

int dot_stuffer_fill(struct dot_stuffer *stuffer, struct buffer *output, size_t limit)
{
    size_t end = output->size + limit;
    while (!stuffer->is_done && output->size < end) {
        int refused = 0;
        if (stuffer->rest.size > 0) {
            refused = append_line(stuffer, output, end - output->size);
        } else if (stuffer->part < stuffer->part_count) {
            stuffer->rest = stuffer->parts[stuffer->part++];
        } else {
            refused = finish_message(stuffer, output);
        }
        if (refused != 0) {
            return refused;
        }
    }
    return 0;
}
