#include "cli/message_json.h"

#include "cli/enum_word.h"
#include "cli/json_text.h"
#include "common/base/bytes.h"
#include "common/wire/wire_field.h"

#include <inttypes.h>
#include <string.h>

static bool is_map_entry(const ProtobufCMessageDescriptor *descriptor)
{
    return descriptor->n_fields == 2 && strcmp(descriptor->fields[0].name, "key") == 0 &&
           strcmp(descriptor->fields[1].name, "value") == 0;
}

static void append_bytes(const char *name, struct text bytes, struct buffer *out)
{
    struct text field = text_of(name);
    bool is_digest = text_ends_with_nocase(field, TEXT("digest")) ||
                     text_ends_with_nocase(field, TEXT("sha256"));
    buffer_append_byte(out, '"');
    if (is_digest) {
        bytes_to_hex(bytes.data, bytes.size, buffer_reserve(out, 2 * bytes.size + 1));
        out->size += 2 * bytes.size;
    } else {
        char *place = buffer_reserve(out, 4 * ((bytes.size + 2) / 3) + 1);
        out->size += bytes_to_base64(bytes.data, bytes.size, place);
    }
    buffer_append_byte(out, '"');
}

static void append_value(const ProtobufCFieldDescriptor *field, const void *value,
                         struct buffer *out)
{
    const ProtobufCMessage *message;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        message = wire_field_message(value);
        if (message == NULL) {
            buffer_append_string(out, "null");
        } else {
            message_json_append(message, out);
        }
        return;
    case PROTOBUF_C_TYPE_STRING:
        json_text_append(out, wire_field_text(field, value));
        return;
    case PROTOBUF_C_TYPE_BYTES:
        append_bytes(field->name, wire_field_text(field, value), out);
        return;
    case PROTOBUF_C_TYPE_ENUM:
        json_text_append(out,
                         text_of(enum_word(field->descriptor, wire_field_number(field, value))));
        return;
    case PROTOBUF_C_TYPE_BOOL:
        buffer_append_string(out, wire_field_number(field, value) != 0 ? "true" : "false");
        return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
        buffer_printf(out, "%" PRIu64, (uint64_t)wire_field_number(field, value));
        return;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        buffer_printf(out, "%" PRId64, wire_field_number(field, value));
        return;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        buffer_append_string(out, "null"); /* the API has none */
        return;
    }
}

static void append_entry(const ProtobufCMessage *entry, struct buffer *out)
{
    const ProtobufCFieldDescriptor *fields = entry->descriptor->fields;
    append_value(&fields[0], wire_field_at(entry, &fields[0], 0), out);
    buffer_append_byte(out, ':');
    append_value(&fields[1], wire_field_at(entry, &fields[1], 0), out);
}

static void append_repeated(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                            struct buffer *out)
{
    bool is_map = field->type == PROTOBUF_C_TYPE_MESSAGE && is_map_entry(field->descriptor);
    size_t count = wire_field_count(message, field);
    buffer_append_byte(out, is_map ? '{' : '[');
    for (size_t i = 0; i < count; i++) {
        const void *value = wire_field_at(message, field, i);
        buffer_append_string(out, i > 0 ? "," : "");
        if (is_map) {
            append_entry(wire_field_message(value), out);
        } else {
            append_value(field, value, out);
        }
    }
    buffer_append_byte(out, is_map ? '}' : ']');
}

void message_json_append(const ProtobufCMessage *message, struct buffer *out)
{
    const char *joint = "";
    buffer_append_byte(out, '{');
    for (unsigned int i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (!wire_field_is_there(message, field)) {
            continue;
        }
        buffer_append_string(out, joint);
        json_text_append(out, text_of(field->name));
        buffer_append_byte(out, ':');
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            append_repeated(message, field, out);
        } else {
            append_value(field, wire_field_at(message, field, 0), out);
        }
        joint = ",";
    }
    buffer_append_byte(out, '}');
}
