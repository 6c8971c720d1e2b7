/* Requests that keep every rule, for tests to break one at a time. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_WIRE_REQUESTS_H
#define HIKYAKU_TESTS_UNIT_COMMON_WIRE_REQUESTS_H

#include "common/base/arena.h"
#include "hikyaku/v1/api.pb-c.h"

/** A message at its defaults. */
static inline void *requests_new(struct arena *arena, const ProtobufCMessageDescriptor *descriptor)
{
    void *message = arena_alloc(arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    return message;
}

static inline char *requests_string(struct arena *arena, const char *string)
{
    return arena_printf(arena, "%s", string);
}

/** A string of `count` times `piece`. */
static inline char *requests_repeat(struct arena *arena, const char *piece, size_t count)
{
    size_t size = text_of(piece).size;
    char *all = arena_alloc(arena, size * count + 1);
    for (size_t i = 0; i < size * count; i++) {
        all[i] = piece[i % size];
    }
    all[size * count] = '\0';
    return all;
}

static inline Hikyaku__V1__Mailbox *requests_mailbox(struct arena *arena, const char *address)
{
    Hikyaku__V1__Mailbox *mailbox = requests_new(arena, &hikyaku__v1__mailbox__descriptor);
    mailbox->address = requests_string(arena, address);
    return mailbox;
}

static inline Hikyaku__V1__Content *requests_content(struct arena *arena)
{
    Hikyaku__V1__Content *content = requests_new(arena, &hikyaku__v1__content__descriptor);
    content->from = requests_mailbox(arena, "news@example.co.jp");
    content->subject = requests_string(arena, "お知らせ {{name}} 様");
    content->text = requests_string(arena, "こんにちは。\r\n");
    return content;
}

static inline Hikyaku__V1__CreateCampaignRequest *requests_create(struct arena *arena)
{
    Hikyaku__V1__CreateCampaignRequest *request =
        requests_new(arena, &hikyaku__v1__create_campaign_request__descriptor);
    request->idempotency_key = requests_string(arena, "2026-11:news_1.0");
    request->name = requests_string(arena, "十一月のお知らせ");
    request->content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_NOTICE;
    request->content = requests_content(arena);
    return request;
}

static inline Hikyaku__V1__Recipient *requests_recipient(struct arena *arena)
{
    Hikyaku__V1__Recipient *recipient = requests_new(arena, &hikyaku__v1__recipient__descriptor);
    recipient->address = requests_string(arena, "taro@example.jp");
    recipient->display_name = requests_string(arena, "山田 太郎");
    recipient->ref = requests_string(arena, "customer-17");
    recipient->fields = requests_string(arena, "{\"name\":\"山田\"}");
    recipient->lang = requests_string(arena, "ja");
    return recipient;
}

static inline Hikyaku__V1__MessageItem *requests_item(struct arena *arena)
{
    Hikyaku__V1__MessageItem *item = requests_new(arena, &hikyaku__v1__message_item__descriptor);
    item->message_key = requests_string(arena, "order-1");
    item->to = requests_string(arena, "taro@example.jp");
    return item;
}

static inline Hikyaku__V1__SendMessagesRequest *requests_send(struct arena *arena)
{
    Hikyaku__V1__SendMessagesRequest *request =
        requests_new(arena, &hikyaku__v1__send_messages_request__descriptor);
    request->what_case = HIKYAKU__V1__SEND_MESSAGES_REQUEST__WHAT_CONTENT;
    request->content = requests_content(arena);
    request->content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_NOTICE;
    request->messages = arena_zero(arena, 1, sizeof(void *));
    request->messages[0] = requests_item(arena);
    request->n_messages = 1;
    return request;
}

static inline Hikyaku__V1__Header *requests_header(struct arena *arena, const char *name,
                                                   const char *value)
{
    Hikyaku__V1__Header *header = requests_new(arena, &hikyaku__v1__header__descriptor);
    header->name = requests_string(arena, name);
    header->value = requests_string(arena, value);
    return header;
}

static inline Hikyaku__V1__Header **requests_headers(struct arena *arena, const char *name,
                                                     size_t count)
{
    Hikyaku__V1__Header **headers = arena_zero(arena, count, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        headers[i] = requests_header(arena, arena_printf(arena, "%s%zu", name, i), "value");
    }
    return headers;
}

static inline Hikyaku__V1__Attachment *requests_attachment(struct arena *arena, size_t size)
{
    Hikyaku__V1__Attachment *attachment = requests_new(arena, &hikyaku__v1__attachment__descriptor);
    attachment->file_name = requests_string(arena, "請求書.pdf");
    attachment->media_type = requests_string(arena, "application/pdf");
    attachment->source_case = HIKYAKU__V1__ATTACHMENT__SOURCE_DATA;
    attachment->data.data = arena_zero(arena, size, 1);
    attachment->data.len = size;
    return attachment;
}

static inline Hikyaku__V1__CreateCampaignRequest__LabelsEntry **
requests_labels(struct arena *arena, const char *const *pairs, size_t count)
{
    Hikyaku__V1__CreateCampaignRequest__LabelsEntry **labels =
        arena_zero(arena, count, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        labels[i] =
            requests_new(arena, &hikyaku__v1__create_campaign_request__labels_entry__descriptor);
        labels[i]->key = requests_string(arena, pairs[2 * i]);
        labels[i]->value = requests_string(arena, pairs[2 * i + 1]);
    }
    return labels;
}

#endif
