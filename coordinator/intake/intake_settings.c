#include "coordinator/intake/intake_settings.h"

#include <string.h>

#define ROWS_PER_BUCKET 256
#define BUCKETS_MIN 16

uint32_t intake_settings_buckets(uint32_t estimated_rows)
{
    uint32_t buckets = estimated_rows / ROWS_PER_BUCKET;
    return buckets < BUCKETS_MIN ? BUCKETS_MIN : buckets;
}

static struct compose_mailbox mailbox(const Hikyaku__V1__Mailbox *given)
{
    return (struct compose_mailbox){text_of(given->address), text_of(given->display_name)};
}

static void fill_reply_to(const Hikyaku__V1__Content *given, struct arena *arena,
                          struct compose_content *content)
{
    struct compose_mailbox *all = arena_zero(arena, given->n_reply_to, sizeof *all);
    for (size_t i = 0; i < given->n_reply_to; i++) {
        all[i] = mailbox(given->reply_to[i]);
    }
    content->reply_to = all;
    content->reply_to_count = given->n_reply_to;
}

static void fill_variants(const Hikyaku__V1__Content *given, struct arena *arena,
                          struct compose_content *content)
{
    struct compose_texts *all = arena_zero(arena, given->n_variants, sizeof *all);
    for (size_t i = 0; i < given->n_variants; i++) {
        const Hikyaku__V1__Variant *variant = given->variants[i]->value;
        all[i] = (struct compose_texts){
            .lang = text_of(given->variants[i]->key),
            .subject = text_of(variant->subject),
            .text = text_of(variant->text),
            .html = text_of(variant->html),
        };
    }
    content->variants = all;
    content->variant_count = given->n_variants;
}

static void fill_attachments(const Hikyaku__V1__Content *given, struct arena *arena,
                             struct compose_content *content)
{
    struct compose_attachment *all = arena_zero(arena, given->n_attachments, sizeof *all);
    for (size_t i = 0; i < given->n_attachments; i++) {
        const Hikyaku__V1__Attachment *attachment = given->attachments[i];
        all[i] = (struct compose_attachment){
            .file_name = text_of(attachment->file_name),
            .media_type = text_of(attachment->media_type),
            .inline_id = text_of(attachment->inline_id),
        };
        if (attachment->source_case == HIKYAKU__V1__ATTACHMENT__SOURCE_DATA) {
            all[i].data = (struct text){(const char *)attachment->data.data, attachment->data.len};
        }
    }
    content->attachments = all;
    content->attachment_count = given->n_attachments;
}

static void fill_headers(const Hikyaku__V1__Content *given, struct arena *arena,
                         struct compose_content *content)
{
    struct compose_header *all = arena_zero(arena, given->n_headers, sizeof *all);
    for (size_t i = 0; i < given->n_headers; i++) {
        all[i] = (struct compose_header){text_of(given->headers[i]->name),
                                         text_of(given->headers[i]->value)};
    }
    content->headers = all;
    content->header_count = given->n_headers;
}

/* The caller's parts, then the tenant's constant SenderId (G18). */
static struct text feedback_id(const Hikyaku__V1__Content *given, const char *sender_id,
                               struct arena *arena)
{
    const char *joined = "";
    if (sender_id[0] == '\0') {
        return text_of(joined);
    }
    for (size_t i = 0; i < given->n_feedback_id; i++) {
        joined = arena_printf(arena, "%s%s:", joined, given->feedback_id[i]);
    }
    return text_of(arena_printf(arena, "%s%s", joined, sender_id));
}

int intake_settings_prepare(const Hikyaku__V1__Content *given, const char *sender_id,
                            const struct wire_limits *limits,
                            struct compose_prepared **ret_prepared, struct problem *problem)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content = {
        .texts = {TEXT(""), text_of(given->subject), text_of(given->text), text_of(given->html)},
        .default_fields = text_of(given->default_fields),
        .missing = given->missing_field == HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_EMPTY
                       ? TEMPLATE_MISSING_EMPTY
                       : TEMPLATE_MISSING_ERROR,
        .list_id = text_of(given->list_id),
        .feedback_id = feedback_id(given, sender_id, arena),
        .message_limit_bytes = limits->message_bytes,
    };
    if (given->from != NULL) {
        content.from = mailbox(given->from);
    }
    fill_reply_to(given, arena, &content);
    fill_variants(given, arena, &content);
    fill_attachments(given, arena, &content);
    fill_headers(given, arena, &content);
    int error = compose_prepare(&content, ret_prepared, problem);
    if (error != 0) {
        problem_prefix(problem, "content");
    }
    return error;
}

int intake_settings_init(struct intake_settings *settings,
                         const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                         const Hikyaku__V1__StoredCampaign *stored,
                         const struct wire_limits *limits, struct problem *problem)
{
    const Hikyaku__V1__CreateCampaignRequest *given = stored->settings;
    struct compose_prepared *prepared = NULL;
    int error = intake_settings_prepare(given->content, stored->feedback_sender_id, limits,
                                        &prepared, problem);
    if (error != 0) {
        return error;
    }
    *settings = (struct intake_settings){
        .buckets = intake_settings_buckets(given->estimated_rows),
        .duplicates = given->duplicates,
        .duplicate_key = given->duplicate_key,
        .missing_field = given->content->missing_field,
        .extra_field = given->content->extra_field,
        .prepared = prepared,
        .limits = limits,
    };
    memcpy(settings->campaign, campaign, sizeof settings->campaign);
    return 0;
}

void intake_settings_finish(struct intake_settings *settings)
{
    compose_destroy(&settings->prepared);
    seal_wipe(&settings->token_key, sizeof settings->token_key);
    seal_wipe(settings->data_key, sizeof settings->data_key);
    seal_wipe(settings->duplicate_hash_key, sizeof settings->duplicate_hash_key);
}
