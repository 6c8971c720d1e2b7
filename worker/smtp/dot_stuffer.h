/* Streams a message into an output buffer as DATA wants it: leading dots doubled, one CRLF at the
 * end. The parts are never joined; a few KiB at a time leave. Pure.
 *
 * A message with a bare CR or LF is refused: what one server reads as a line's end and another
 * does not is how mail is smuggled (S5). */
#ifndef HIKYAKU_WORKER_SMTP_DOT_STUFFER_H
#define HIKYAKU_WORKER_SMTP_DOT_STUFFER_H

#include "common/base/buffer.h"

struct dot_stuffer {
    struct text head;         /* borrowed; goes first */
    const struct text *parts; /* borrowed */
    size_t part_count;
    size_t part;      /* next one */
    struct text rest; /* of the part being sent */
    char last;        /* byte sent before, dots not counted; LF at the start of a line */
    bool is_done;
};

/** @param head  goes in front of the parts: the signature; all are borrowed until it is done */
void dot_stuffer_init(struct dot_stuffer *stuffer, struct text head, const struct text *parts,
                      size_t part_count);

/**
 * Append up to `limit` bytes (a few more where a dot is doubled or the last CRLF is missing).
 * `is_done` tells that nothing is left. The final dot is the caller's.
 * @return 0, or -EINVAL: a bare CR or LF
 * @source RFC 5321, 4.5.2, 2.3.8
 */
MUST_USE int dot_stuffer_fill(struct dot_stuffer *stuffer, struct buffer *output, size_t limit);

#endif
