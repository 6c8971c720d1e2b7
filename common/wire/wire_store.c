#include "common/wire/wire_store.h"

#include "common/wire/wire_unpack.h"
#include "common/wire/wire_varint.h"

#include <errno.h>

/* Field numbers of store.proto. */
enum { LIST_ENTRIES = 1 }; /* the repeated field of StoredRecipients, StoredRefs, ...Details */
enum {
    RECIPIENT_INDEX = 1,
    RECIPIENT_ADDRESS = 2,
    RECIPIENT_WIRE_ADDRESS = 3,
    RECIPIENT_DISPLAY_NAME = 4,
    RECIPIENT_FIELDS = 5,
    RECIPIENT_LANG = 6,
    RECIPIENT_HEADERS = 7,
    RECIPIENT_OVERRIDE = 9,
    RECIPIENT_NEEDS_SMTPUTF8 = 10,
};
enum { REF_INDEX = 1, REF_REF = 2, REF_LABELS = 3, REF_ADDRESS_HASH = 4, REF_CONSENT = 5 };
enum { PAIR_NAME = 1, PAIR_VALUE = 2 }; /* of StoredHeader and of a map's entry */

static void append_text(struct buffer *out, uint32_t number, struct text text)
{
    if (text.size > 0) {
        wire_varint_append_text(out, number, text);
    }
}

static void append_number(struct buffer *out, uint32_t number, uint64_t value)
{
    if (value != 0) {
        wire_varint_append_tag(out, number, WIRE_VARINT_NUMBER);
        wire_varint_append(out, value);
    }
}

static void append_pairs(struct buffer *out, uint32_t number, const struct wire_store_header *pairs,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t mark = wire_varint_open(out, number);
        append_text(out, PAIR_NAME, pairs[i].name);
        append_text(out, PAIR_VALUE, pairs[i].value);
        wire_varint_close(out, mark);
    }
}

void wire_store_append_recipient(const struct wire_store_recipient *recipient, struct buffer *out)
{
    size_t mark = wire_varint_open(out, LIST_ENTRIES);
    append_number(out, RECIPIENT_INDEX, recipient->index);
    append_text(out, RECIPIENT_ADDRESS, recipient->address);
    append_text(out, RECIPIENT_WIRE_ADDRESS, recipient->wire_address);
    append_text(out, RECIPIENT_DISPLAY_NAME, recipient->display_name);
    append_text(out, RECIPIENT_FIELDS, recipient->fields);
    append_text(out, RECIPIENT_LANG, recipient->lang);
    append_pairs(out, RECIPIENT_HEADERS, recipient->headers, recipient->header_count);
    append_text(out, RECIPIENT_OVERRIDE, recipient->override);
    append_number(out, RECIPIENT_NEEDS_SMTPUTF8, recipient->needs_smtputf8);
    wire_varint_close(out, mark);
}

/* The next entry of a list message; fields that a newer writer added beside it are skipped. */
static int next_entry(struct text *rest, struct text *ret_entry)
{
    struct wire_varint_field field;
    int error = wire_varint_next(rest, &field);
    while (error == 0 && field.number != LIST_ENTRIES) {
        error = wire_varint_next(rest, &field);
    }
    if (error == 0 && field.type != WIRE_VARINT_LENGTH) {
        return -EPROTO;
    }
    if (error == 0) {
        *ret_entry = field.bytes;
    }
    return error;
}

static int read_pair(struct text bytes, struct wire_store_header *ret_pair)
{
    *ret_pair = (struct wire_store_header){{"", 0}, {"", 0}};
    struct wire_varint_field field;
    int error = 0;
    while ((error = wire_varint_next(&bytes, &field)) == 0) {
        if (field.type == WIRE_VARINT_LENGTH && field.number == PAIR_NAME) {
            ret_pair->name = field.bytes;
        } else if (field.type == WIRE_VARINT_LENGTH && field.number == PAIR_VALUE) {
            ret_pair->value = field.bytes;
        }
    }
    return error == -ENODATA ? 0 : error;
}

/* Where a text field of a recipient goes; NULL for other fields. */
static struct text *text_place(struct wire_store_recipient *recipient, uint32_t number)
{
    switch (number) {
    case RECIPIENT_ADDRESS:
        return &recipient->address;
    case RECIPIENT_WIRE_ADDRESS:
        return &recipient->wire_address;
    case RECIPIENT_DISPLAY_NAME:
        return &recipient->display_name;
    case RECIPIENT_FIELDS:
        return &recipient->fields;
    case RECIPIENT_LANG:
        return &recipient->lang;
    case RECIPIENT_OVERRIDE:
        return &recipient->override;
    default:
        return NULL;
    }
}

static int read_length(const struct wire_varint_field *field,
                       struct wire_store_recipient *recipient)
{
    if (field->number == RECIPIENT_HEADERS) {
        return recipient->header_count < WIRE_STORE_HEADERS_MAX
                   ? read_pair(field->bytes, &recipient->headers[recipient->header_count++])
                   : -EPROTO;
    }
    struct text *place = text_place(recipient, field->number);
    if (place != NULL) {
        *place = field->bytes;
    }
    return 0;
}

int wire_store_next_recipient(struct text *rest, struct wire_store_recipient *ret_recipient)
{
    struct text entry;
    int error = next_entry(rest, &entry);
    if (error != 0) {
        return error;
    }
    /* The headers are large and mostly absent: their count says which of them hold something. */
    struct wire_store_recipient *recipient = ret_recipient;
    recipient->index = 0;
    recipient->address = recipient->wire_address = recipient->display_name = TEXT("");
    recipient->fields = recipient->lang = recipient->override = TEXT("");
    recipient->header_count = 0;
    recipient->needs_smtputf8 = false;
    struct wire_varint_field field;
    while ((error = wire_varint_next(&entry, &field)) == 0) {
        if (field.type == WIRE_VARINT_LENGTH) {
            error = read_length(&field, recipient);
        } else if (field.number == RECIPIENT_INDEX) {
            recipient->index = (uint32_t)field.value;
        } else if (field.number == RECIPIENT_NEEDS_SMTPUTF8) {
            recipient->needs_smtputf8 = field.value != 0;
        }
        if (error != 0) {
            return error;
        }
    }
    return error == -ENODATA ? 0 : error;
}

static int unpack(const ProtobufCMessageDescriptor *descriptor, struct text bytes,
                  struct arena *arena, ProtobufCMessage **ret_message)
{
    return wire_unpack(descriptor, &wire_unpack_store_bounds, bytes, arena, ret_message, NULL);
}

int wire_store_read_override(struct text override, struct arena *arena,
                             Hikyaku__V1__MessageItem **ret_item)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__message_item__descriptor, override, arena, &message);
    if (error == 0) {
        *ret_item = (Hikyaku__V1__MessageItem *)(void *)message;
    }
    return error;
}

static void append_fixed_64(struct buffer *out, uint32_t number, uint64_t value)
{
    wire_varint_append_tag(out, number, WIRE_VARINT_FIXED_64);
    char *place = buffer_reserve(out, sizeof value);
    for (size_t i = 0; i < sizeof value; i++) {
        place[i] = (char)(value >> (8 * i));
    }
    out->size += sizeof value;
}

void wire_store_append_ref(const struct wire_store_ref *ref, struct buffer *out)
{
    size_t mark = wire_varint_open(out, LIST_ENTRIES);
    append_number(out, REF_INDEX, ref->index);
    append_text(out, REF_REF, ref->ref);
    append_pairs(out, REF_LABELS, ref->labels, ref->label_count);
    if (ref->address_hash != 0) {
        append_fixed_64(out, REF_ADDRESS_HASH, ref->address_hash);
    }
    if (ref->consent != NULL) {
        size_t consent = wire_varint_open(out, REF_CONSENT);
        wire_unpack_append(&ref->consent->base, out);
        wire_varint_close(out, consent);
    }
    wire_varint_close(out, mark);
}

int wire_store_next_ref(struct text *rest, struct wire_store_ref *ret_ref)
{
    struct text entry;
    int error = next_entry(rest, &entry);
    if (error != 0) {
        return error;
    }
    *ret_ref = (struct wire_store_ref){.ref = TEXT(""), .packed = entry};
    struct wire_varint_field field;
    while ((error = wire_varint_next(&entry, &field)) == 0) {
        if (field.number == REF_INDEX) {
            ret_ref->index = (uint32_t)field.value;
        } else if (field.number == REF_REF && field.type == WIRE_VARINT_LENGTH) {
            ret_ref->ref = field.bytes;
        } else if (field.number == REF_ADDRESS_HASH) {
            ret_ref->address_hash = field.value;
        }
    }
    return error == -ENODATA ? 0 : error;
}

int wire_store_read_ref(struct text packed, struct arena *arena, Hikyaku__V1__StoredRef **ret_ref)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_ref__descriptor, packed, arena, &message);
    if (error == 0) {
        *ret_ref = (Hikyaku__V1__StoredRef *)(void *)message;
    }
    return error;
}

void wire_store_append_event_detail(const Hikyaku__V1__StoredEventDetail *detail,
                                    struct buffer *out)
{
    size_t mark = wire_varint_open(out, LIST_ENTRIES);
    wire_unpack_append(&detail->base, out);
    wire_varint_close(out, mark);
}

int wire_store_read_event_details(struct text plain, struct arena *arena,
                                  Hikyaku__V1__StoredEventDetails **ret_details)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_event_details__descriptor, plain, arena, &message);
    if (error == 0) {
        *ret_details = (Hikyaku__V1__StoredEventDetails *)(void *)message;
    }
    return error;
}

int wire_store_read_campaign(struct text plain, struct arena *arena,
                             Hikyaku__V1__StoredCampaign **ret_campaign)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_campaign__descriptor, plain, arena, &message);
    if (error == 0) {
        *ret_campaign = (Hikyaku__V1__StoredCampaign *)(void *)message;
    }
    return error;
}

int wire_store_read_session(struct text value, struct arena *arena,
                            Hikyaku__V1__StoredSession **ret_session)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_session__descriptor, value, arena, &message);
    if (error == 0) {
        *ret_session = (Hikyaku__V1__StoredSession *)(void *)message;
    }
    return error;
}

int wire_store_read_stop(struct text value, struct arena *arena, Hikyaku__V1__StoredStop **ret_stop)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_stop__descriptor, value, arena, &message);
    if (error == 0) {
        *ret_stop = (Hikyaku__V1__StoredStop *)(void *)message;
    }
    return error;
}

int wire_store_read_path_order(struct text value, struct arena *arena,
                               Hikyaku__V1__StoredPathOrder **ret_order)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_path_order__descriptor, value, arena, &message);
    if (error == 0) {
        *ret_order = (Hikyaku__V1__StoredPathOrder *)(void *)message;
    }
    return error;
}

int wire_store_read_path_decision(struct text value, struct arena *arena,
                                  Hikyaku__V1__StoredPathDecision **ret_decision)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_path_decision__descriptor, value, arena, &message);
    if (error == 0) {
        *ret_decision = (Hikyaku__V1__StoredPathDecision *)(void *)message;
    }
    return error;
}

int wire_store_read_approval(struct text value, struct arena *arena,
                             Hikyaku__V1__StoredApproval **ret_approval)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_approval__descriptor, value, arena, &message);
    if (error == 0) {
        *ret_approval = (Hikyaku__V1__StoredApproval *)(void *)message;
    }
    return error;
}

int wire_store_read_principal(struct text value, struct arena *arena,
                              Hikyaku__V1__StoredPrincipal **ret_principal)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_principal__descriptor, value, arena, &message);
    if (error == 0) {
        *ret_principal = (Hikyaku__V1__StoredPrincipal *)(void *)message;
    }
    return error;
}

int wire_store_read_key(struct text value, struct arena *arena, Hikyaku__V1__StoredKey **ret_key)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_key__descriptor, value, arena, &message);
    if (error == 0) {
        *ret_key = (Hikyaku__V1__StoredKey *)(void *)message;
    }
    return error;
}

int wire_store_read_dkim_verdict(struct text value, struct arena *arena,
                                 Hikyaku__V1__StoredDkimVerdict **ret_verdict)
{
    ProtobufCMessage *message = NULL;
    int error = unpack(&hikyaku__v1__stored_dkim_verdict__descriptor, value, arena, &message);
    if (error == 0) {
        *ret_verdict = (Hikyaku__V1__StoredDkimVerdict *)(void *)message;
    }
    return error;
}
