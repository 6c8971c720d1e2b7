#include "common/wire/wire_canonical.h"

#include "common/base/xalloc.h"
#include "common/wire/wire_field.h"
#include "common/wire/wire_varint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void append_message(struct buffer *out, const ProtobufCFieldDescriptor *field,
                           const ProtobufCMessage *message)
{
    size_t mark = wire_varint_open(out, field->id);
    wire_canonical_append(message, out);
    wire_varint_close(out, mark);
}

/* The number as the encoding writes it; `size` bytes at `member`. */
static uint64_t varint_of(ProtobufCType type, const void *member)
{
    int32_t small = 0;
    int64_t large = 0;
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        memcpy(&small, member, sizeof small);
        return (uint64_t)(int64_t)small;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_BOOL: /* protobuf_c_boolean is an int */
        memcpy(&small, member, sizeof small);
        return (uint32_t)small;
    case PROTOBUF_C_TYPE_SINT32:
        memcpy(&small, member, sizeof small);
        return (uint32_t)small << 1 ^ (uint32_t)(small >> 31);
    case PROTOBUF_C_TYPE_SINT64:
        memcpy(&large, member, sizeof large);
        return (uint64_t)large << 1 ^ (uint64_t)(large >> 63);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
    default:
        memcpy(&large, member, sizeof large);
        return (uint64_t)large;
    }
}

static size_t fixed_size(ProtobufCType type)
{
    if (type == PROTOBUF_C_TYPE_FIXED32 || type == PROTOBUF_C_TYPE_SFIXED32 ||
        type == PROTOBUF_C_TYPE_FLOAT) {
        return sizeof(uint32_t);
    }
    bool is_fixed_64 = type == PROTOBUF_C_TYPE_FIXED64 || type == PROTOBUF_C_TYPE_SFIXED64 ||
                       type == PROTOBUF_C_TYPE_DOUBLE;
    return is_fixed_64 ? sizeof(uint64_t) : 0;
}

/* Protobuf's fixed numbers are little-endian, whatever the machine is. */
static void append_fixed(struct buffer *out, const void *member, size_t size)
{
    uint64_t value = 0;
    if (size == sizeof(uint32_t)) {
        uint32_t small = 0;
        memcpy(&small, member, sizeof small);
        value = small;
    } else {
        memcpy(&value, member, sizeof value);
    }
    for (size_t i = 0; i < size; i++) {
        buffer_append_byte(out, (char)(value >> (8 * i)));
    }
}

static bool number_is_zero(ProtobufCType type, const void *member)
{
    static const unsigned char zero[sizeof(uint64_t)];
    size_t size = fixed_size(type);
    return size > 0 ? memcmp(member, zero, size) == 0 : varint_of(type, member) == 0;
}

static void append_number(struct buffer *out, const ProtobufCFieldDescriptor *field,
                          const void *member)
{
    size_t size = fixed_size(field->type);
    if (size == 0) {
        wire_varint_append_tag(out, field->id, WIRE_VARINT_NUMBER);
        wire_varint_append(out, varint_of(field->type, member));
        return;
    }
    wire_varint_append_tag(out, field->id,
                           size == sizeof(uint64_t) ? WIRE_VARINT_FIXED_64 : WIRE_VARINT_FIXED_32);
    append_fixed(out, member, size);
}

/* One value. @param always  also when it is the default: entries, set members of a oneof */
static void append_value(struct buffer *out, const ProtobufCFieldDescriptor *field,
                         const void *member, bool always)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *string = *(const char *const *)member;
        if (string != NULL && (string[0] != '\0' || always)) {
            wire_varint_append_text(out, field->id, text_of(string));
        }
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *bytes = member;
        if (bytes->len > 0 || always) {
            wire_varint_append_text(out, field->id, wire_field_text(field, bytes));
        }
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *message = *(const ProtobufCMessage *const *)member;
        if (message != NULL) {
            append_message(out, field, message);
        }
    } else if (always || !number_is_zero(field->type, member)) {
        append_number(out, field, member);
    }
}

/* protobuf-c keeps no mark of maps: an entry is a message of `key` and `value`. */
static bool is_map_entry(const ProtobufCMessageDescriptor *descriptor)
{
    return descriptor->n_fields == 2 && strcmp(descriptor->fields[0].name, "key") == 0 &&
           strcmp(descriptor->fields[1].name, "value") == 0;
}

static struct text entry_key(const ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[0];
    assert(field->type == PROTOBUF_C_TYPE_STRING);
    return wire_field_text(field, wire_field_at(entry, field, 0));
}

static int compare_entries(const void *left, const void *right)
{
    const ProtobufCMessage *const *a = left;
    const ProtobufCMessage *const *b = right;
    return text_compare(entry_key(*a), entry_key(*b));
}

static void append_map(struct buffer *out, const ProtobufCFieldDescriptor *field,
                       const ProtobufCMessage *const *entries, size_t count)
{
    const ProtobufCMessage **sorted = xalloc_zero(count, sizeof(void *));
    memcpy(sorted, entries, count * sizeof(void *));
    qsort(sorted, count, sizeof(void *), compare_entries);
    for (size_t i = 0; i < count; i++) {
        append_message(out, field, sorted[i]);
    }
    free(sorted);
}

static void append_repeated(struct buffer *out, const ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *field)
{
    size_t count = wire_field_count(message, field);
    bool is_message = field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (count > 0 && is_message && is_map_entry(field->descriptor)) {
        append_map(out, field, wire_field_at(message, field, 0), count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        append_value(out, field, wire_field_at(message, field, i), true);
    }
}

void wire_canonical_append(const ProtobufCMessage *message, struct buffer *out)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    bool is_entry = is_map_entry(descriptor);
    for (unsigned int i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            append_repeated(out, message, field);
        } else if (wire_field_is_there(message, field)) {
            bool is_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
            append_value(out, field, wire_field_at(message, field, 0), is_entry || is_oneof);
        }
    }
}
