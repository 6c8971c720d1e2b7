/* The smallest pieces of the protobuf encoding, for code that writes and reads it by hand. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_VARINT_H
#define HIKYAKU_COMMON_WIRE_WIRE_VARINT_H

#include "common/base/buffer.h"

#define WIRE_VARINT_BYTES_MAX 10

/** Wire types; groups (3, 4) are in no message of ours. */
enum wire_varint_type {
    WIRE_VARINT_NUMBER = 0,
    WIRE_VARINT_FIXED_64 = 1,
    WIRE_VARINT_LENGTH = 2,
    WIRE_VARINT_FIXED_32 = 5,
};

/** Write the shortest form. @return its length, at most WIRE_VARINT_BYTES_MAX */
size_t wire_varint_put(unsigned char *place, uint64_t value);
void wire_varint_append(struct buffer *out, uint64_t value);
void wire_varint_append_tag(struct buffer *out, uint32_t number, enum wire_varint_type type);
/** A length-delimited field. */
void wire_varint_append_text(struct buffer *out, uint32_t number, struct text text);

/** Begin a submessage of unknown length. @return its mark for wire_varint_close() */
size_t wire_varint_open(struct buffer *out, uint32_t number);
/** End it: its length is put in front, the content moves when that takes more than a byte. */
void wire_varint_close(struct buffer *out, size_t mark);

/** @return false when `rest` ends inside it or it is longer than 64 bits */
bool wire_varint_take(struct text *rest, uint64_t *ret_value);

/** One field as it stands. */
struct wire_varint_field {
    uint32_t number;
    enum wire_varint_type type;
    uint64_t value;    /* of NUMBER and both FIXED */
    struct text bytes; /* of LENGTH; borrowed */
};

/** @return 0; -ENODATA at the end; -EPROTO */
MUST_USE int wire_varint_next(struct text *rest, struct wire_varint_field *ret_field);

#endif
