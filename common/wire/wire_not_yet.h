/* Fields that the protocol has and this version does not act on. Setting one to other than its
 * default is refused with rule "not_yet": an option that is silently ignored is worse than none.
 * One table; docs/api.md's list is made from it (wire_not_yet_append_markdown). */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_NOT_YET_H
#define HIKYAKU_COMMON_WIRE_WIRE_NOT_YET_H

#include "common/base/buffer.h"

#include <protobuf-c/protobuf-c.h>

struct wire_not_yet {
    const ProtobufCMessageDescriptor *message;
    uint32_t number;
    int64_t permitted; /* the number that equals the default, besides 0 */
    int64_t only;      /* not 0: just this number is refused */
    const char *what;  /* what is missing, for people */
};

/**
 * The entries that `message` (not its submessages) breaks, one after the other.
 * @param after  the entry found last, NULL for the first
 * @return NULL when there is none (any more)
 */
const struct wire_not_yet *wire_not_yet_next(const ProtobufCMessage *message,
                                             const struct wire_not_yet *after);

/** Name of the field of an entry. */
const char *wire_not_yet_field(const struct wire_not_yet *entry);

/** Append the table as a Markdown table. */
void wire_not_yet_append_markdown(struct buffer *out);

#endif
