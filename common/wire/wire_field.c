#include "common/wire/wire_field.h"

#include <assert.h>
#include <string.h>

const ProtobufCFieldDescriptor *wire_field_find(const ProtobufCMessageDescriptor *descriptor,
                                                uint32_t number)
{
    if (number <= descriptor->n_fields && descriptor->fields[number - 1].id == number) {
        return &descriptor->fields[number - 1];
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(descriptor, number);
    assert(field != NULL);
    return field;
}

static const char *member(const ProtobufCMessage *message, unsigned int offset)
{
    return (const char *)message + offset;
}

bool wire_field_is_there(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        return true;
    }
    uint32_t set = 0;
    memcpy(&set, member(message, field->quantifier_offset), sizeof set);
    return set == field->id;
}

size_t wire_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return 1;
    }
    size_t count = 0;
    memcpy(&count, member(message, field->quantifier_offset), sizeof count);
    return count;
}

size_t wire_field_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return sizeof(uint32_t);
    }
}

const void *wire_field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          size_t index)
{
    const char *place = member(message, field->offset);
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return place;
    }
    const char *elements = NULL;
    memcpy(&elements, place, sizeof elements);
    return elements + index * wire_field_size(field->type);
}

int64_t wire_field_number(const ProtobufCFieldDescriptor *field, const void *value)
{
    if (wire_field_size(field->type) == sizeof(uint64_t)) {
        int64_t large = 0;
        memcpy(&large, value, sizeof large);
        return large;
    }
    uint32_t small = 0;
    memcpy(&small, value, sizeof small);
    bool is_unsigned =
        field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_FIXED32;
    return is_unsigned ? (int64_t)small : (int64_t)(int32_t)small;
}

struct text wire_field_text(const ProtobufCFieldDescriptor *field, const void *value)
{
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *bytes = value;
        return (struct text){(const char *)bytes->data, bytes->len};
    }
    const char *string = NULL;
    memcpy(&string, value, sizeof string);
    return text_of(string);
}

const ProtobufCMessage *wire_field_message(const void *value)
{
    const ProtobufCMessage *message = NULL;
    memcpy(&message, value, sizeof(void *));
    return message;
}
