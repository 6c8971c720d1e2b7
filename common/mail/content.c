#include "common/mail/content.h"

static struct compose_mailbox mailbox(const Hikyaku__V1__Mailbox *given)
{
    return (struct compose_mailbox){text_of(given->address), text_of(given->display_name)};
}

static void fill_reply_to(Hikyaku__V1__Mailbox *const *given, size_t count, struct arena *arena,
                          struct compose_content *content)
{
    struct compose_mailbox *all = arena_zero(arena, count, sizeof *all);
    for (size_t i = 0; i < count; i++) {
        all[i] = mailbox(given[i]);
    }
    content->reply_to = all;
    content->reply_to_count = count;
}

static void fill_attachments(Hikyaku__V1__Attachment *const *given, size_t count,
                             struct arena *arena, struct compose_content *content)
{
    struct compose_attachment *all = arena_zero(arena, count, sizeof *all);
    for (size_t i = 0; i < count; i++) {
        all[i] = (struct compose_attachment){
            .file_name = text_of(given[i]->file_name),
            .media_type = text_of(given[i]->media_type),
            .inline_id = text_of(given[i]->inline_id),
        };
        if (given[i]->source_case == HIKYAKU__V1__ATTACHMENT__SOURCE_DATA) {
            all[i].data = (struct text){(const char *)given[i]->data.data, given[i]->data.len};
        }
    }
    content->attachments = all;
    content->attachment_count = count;
}

static void fill_variants(const Hikyaku__V1__Content *given, struct arena *arena,
                          struct compose_content *content)
{
    struct compose_texts *all = arena_zero(arena, given->n_variants, sizeof *all);
    for (size_t i = 0; i < given->n_variants; i++) {
        const Hikyaku__V1__Variant *variant = given->variants[i]->value;
        all[i].lang = text_of(given->variants[i]->key);
        if (variant != NULL) {
            all[i].subject = text_of(variant->subject);
            all[i].text = text_of(variant->text);
            all[i].html = text_of(variant->html);
        }
    }
    content->variants = all;
    content->variant_count = given->n_variants;
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
    if (sender_id == NULL || sender_id[0] == '\0') {
        return TEXT("");
    }
    const char *joined = "";
    for (size_t i = 0; i < given->n_feedback_id; i++) {
        joined = arena_printf(arena, "%s%s:", joined, given->feedback_id[i]);
    }
    return text_of(arena_printf(arena, "%s%s", joined, sender_id));
}

static void fill(const Hikyaku__V1__Content *given, const struct content_options *options,
                 struct arena *arena, struct compose_content *content)
{
    bool is_empty = given->missing_field == HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_EMPTY;
    *content = (struct compose_content){
        .texts = {TEXT(""), text_of(given->subject), text_of(given->text), text_of(given->html)},
        .default_fields = text_of(given->default_fields),
        .missing = is_empty ? TEMPLATE_MISSING_EMPTY : TEMPLATE_MISSING_ERROR,
        .list_id = text_of(given->list_id),
        .feedback_id = feedback_id(given, options->sender_id, arena),
        .message_limit_bytes = options->message_limit_bytes,
    };
    if (given->from != NULL) {
        content->from = mailbox(given->from);
    }
    fill_reply_to(given->reply_to, given->n_reply_to, arena, content);
    fill_variants(given, arena, content);
    fill_attachments(given->attachments, given->n_attachments, arena, content);
    fill_headers(given, arena, content);
}

bool content_is_whole(const Hikyaku__V1__Content *content)
{
    return content->from != NULL && content->from->address[0] != '\0' &&
           (content->text[0] != '\0' || content->html[0] != '\0');
}

int content_prepare(const Hikyaku__V1__Content *content, const struct content_options *options,
                    struct compose_prepared **ret_prepared, struct problem *problem)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content filled;
    fill(content, options, arena, &filled);
    return compose_prepare(&filled, ret_prepared, problem);
}

static bool has_body(const Hikyaku__V1__MessageItem *item)
{
    return item->text[0] != '\0' || item->html[0] != '\0';
}

bool content_is_overridden(const Hikyaku__V1__MessageItem *item)
{
    return item->from != NULL || item->n_reply_to > 0 || item->n_attachments > 0 ||
           item->subject[0] != '\0' || has_body(item);
}

static void override_texts(const Hikyaku__V1__MessageItem *item, struct arena *arena,
                           struct compose_content *content)
{
    if (item->subject[0] != '\0') {
        struct compose_texts *variants =
            arena_copy(arena, content->variants, content->variant_count * sizeof *variants);
        for (size_t i = 0; i < content->variant_count; i++) {
            variants[i].subject = TEXT(""); /* then it has the default's */
        }
        content->variants = variants;
        content->texts.subject = text_of(item->subject);
    }
    if (has_body(item)) {
        content->texts.text = text_of(item->text);
        content->texts.html = text_of(item->html);
        content->variant_count = 0;
    }
}

int content_prepare_message(const Hikyaku__V1__Content *content,
                            const Hikyaku__V1__MessageItem *item,
                            const struct content_options *options,
                            const struct compose_prepared *container,
                            struct compose_prepared **ret_prepared, struct problem *problem)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content filled;
    fill(content, options, arena, &filled);
    if (item->from != NULL) {
        filled.from = mailbox(item->from);
    }
    if (item->n_reply_to > 0) {
        fill_reply_to(item->reply_to, item->n_reply_to, arena, &filled);
    }
    if (item->n_attachments > 0) {
        fill_attachments(item->attachments, item->n_attachments, arena, &filled);
    } else {
        filled.attachments_of = container;
    }
    override_texts(item, arena, &filled);
    return compose_prepare(&filled, ret_prepared, problem);
}
