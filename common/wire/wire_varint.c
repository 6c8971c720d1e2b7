#include "common/wire/wire_varint.h"

#include <errno.h>
#include <string.h>

size_t wire_varint_put(unsigned char *place, uint64_t value)
{
    size_t size = 0;
    while (value >= 0x80) {
        place[size++] = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    place[size++] = (unsigned char)value;
    return size;
}

void wire_varint_append(struct buffer *out, uint64_t value)
{
    char *place = buffer_reserve(out, WIRE_VARINT_BYTES_MAX);
    out->size += wire_varint_put((unsigned char *)place, value);
}

void wire_varint_append_tag(struct buffer *out, uint32_t number, enum wire_varint_type type)
{
    wire_varint_append(out, (uint64_t)number << 3 | (unsigned int)type);
}

void wire_varint_append_text(struct buffer *out, uint32_t number, struct text text)
{
    wire_varint_append_tag(out, number, WIRE_VARINT_LENGTH);
    wire_varint_append(out, text.size);
    buffer_append(out, text.data, text.size);
}

size_t wire_varint_open(struct buffer *out, uint32_t number)
{
    wire_varint_append_tag(out, number, WIRE_VARINT_LENGTH);
    buffer_append_byte(out, 0); /* mostly the length takes one byte */
    return out->size;
}

void wire_varint_close(struct buffer *out, size_t mark)
{
    unsigned char length[WIRE_VARINT_BYTES_MAX];
    size_t content = out->size - mark;
    size_t more = wire_varint_put(length, content) - 1;
    if (more > 0) {
        (void)buffer_reserve(out, more);
        memmove(out->data + mark + more, out->data + mark, content);
        out->size += more;
    }
    memcpy(out->data + mark - 1, length, more + 1);
}

bool wire_varint_take(struct text *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < rest->size && i < WIRE_VARINT_BYTES_MAX; i++) {
        unsigned char byte = (unsigned char)rest->data[i];
        if (i == WIRE_VARINT_BYTES_MAX - 1 && byte > 1) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7fU) << (7 * i);
        if ((byte & 0x80U) == 0) {
            *rest = (struct text){rest->data + i + 1, rest->size - i - 1};
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct text *rest, uint64_t size, struct text *ret_bytes)
{
    if (size > rest->size) {
        return false;
    }
    *ret_bytes = (struct text){rest->data, (size_t)size};
    *rest = (struct text){rest->data + size, rest->size - (size_t)size};
    return true;
}

/* Protobuf's fixed numbers are little-endian, whatever the machine is. */
static bool take_fixed(struct text *rest, size_t size, uint64_t *ret_value)
{
    struct text bytes;
    if (!take_bytes(rest, size, &bytes)) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)(unsigned char)bytes.data[i] << (8 * i);
    }
    *ret_value = value;
    return true;
}

static bool take_content(struct text *rest, struct wire_varint_field *field)
{
    switch (field->type) {
    case WIRE_VARINT_NUMBER:
        return wire_varint_take(rest, &field->value);
    case WIRE_VARINT_FIXED_64:
        return take_fixed(rest, 8, &field->value);
    case WIRE_VARINT_FIXED_32:
        return take_fixed(rest, 4, &field->value);
    case WIRE_VARINT_LENGTH:
        return wire_varint_take(rest, &field->value) &&
               take_bytes(rest, field->value, &field->bytes);
    default:
        return false;
    }
}

int wire_varint_next(struct text *rest, struct wire_varint_field *ret_field)
{
    if (rest->size == 0) {
        return -ENODATA;
    }
    uint64_t tag = 0;
    if (!wire_varint_take(rest, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
        return -EPROTO;
    }
    ret_field->number = (uint32_t)(tag >> 3);
    ret_field->type = (enum wire_varint_type)(tag & 7);
    return take_content(rest, ret_field) ? 0 : -EPROTO;
}
