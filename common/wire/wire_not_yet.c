#include "common/wire/wire_not_yet.h"

#include "common/wire/wire_field.h"
#include "hikyaku/v1/api.pb-c.h"

#include <string.h>

#define MESSAGE(name) (&hikyaku__v1__##name##__descriptor)

/* A field leaves this table in the commit that gives it an effect. */
static const struct wire_not_yet table[] = {
    {MESSAGE(create_campaign_request), 8, 0, 0, "consent by registered purpose"},
    {MESSAGE(create_campaign_request), 19, HIKYAKU__V1__TLS_POLICY__TLS_POLICY_OPPORTUNISTIC, 0,
     "TLS beyond opportunistic"},
    {MESSAGE(create_campaign_request), 20, 0, 0, "retention other than the operator's"},
    {MESSAGE(attachment), 5, 0, 0, "attachments as blobs (PutBlob)"},
    {MESSAGE(recipient), 7, 0, 0, "attachments as blobs (PutBlob)"},
    {MESSAGE(recipient), 8, 0, 0, "seed addresses"},
    {MESSAGE(submit_campaign_request), 4, 0, 0, "confirming warnings"},
    {MESSAGE(send_messages_request), 2, 0, 0, "registered content (PutContent)"},
    {MESSAGE(send_messages_request), 10, 0, 0, "consent by registered purpose"},
    {MESSAGE(send_messages_request), 12, HIKYAKU__V1__TLS_POLICY__TLS_POLICY_OPPORTUNISTIC, 0,
     "TLS beyond opportunistic"},
    {MESSAGE(send_messages_request), 13, 0, 0, "retention other than the operator's"},
    {MESSAGE(read_events_request), 5, 0, 0, "addresses in events (the right recipient:view)"},
};

#define TABLE_SIZE (sizeof table / sizeof table[0])

static bool is_set(const struct wire_not_yet *entry, const ProtobufCMessage *message,
                   const ProtobufCFieldDescriptor *field)
{
    if (!wire_field_is_there(message, field)) {
        return false;
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return wire_field_count(message, field) > 0;
    }
    const void *value = wire_field_at(message, field, 0);
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES) {
        bool is_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        return is_oneof || wire_field_text(field, value).size > 0;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *inner = wire_field_message(value);
        return inner != NULL && protobuf_c_message_get_packed_size(inner) > 0;
    }
    int64_t number = wire_field_number(field, value);
    return entry->only != 0 ? number == entry->only : number != 0 && number != entry->permitted;
}

const struct wire_not_yet *wire_not_yet_next(const ProtobufCMessage *message,
                                             const struct wire_not_yet *after)
{
    const struct wire_not_yet *entry = after != NULL ? after + 1 : table;
    for (; entry < table + TABLE_SIZE; entry++) {
        if (entry->message == message->descriptor &&
            is_set(entry, message, wire_field_find(entry->message, entry->number))) {
            return entry;
        }
    }
    return NULL;
}

const char *wire_not_yet_field(const struct wire_not_yet *entry)
{
    return wire_field_find(entry->message, entry->number)->name;
}

void wire_not_yet_append_markdown(struct buffer *out)
{
    buffer_append_string(out, "| message | field | what comes later |\n|---|---|---|\n");
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        buffer_printf(out, "| %s | %s | %s |\n", table[i].message->short_name,
                      wire_not_yet_field(&table[i]), table[i].what);
    }
}
