/* The part of compose.h that is done once per content. */
#include "common/mail/compose_attachment.h"
#include "common/mail/compose_body.h"
#include "common/mail/compose_field.h"
#include "common/mail/compose_head.h"
#include "common/mail/compose_lang.h"
#include "common/mail/header.h"
#include "common/mail/html_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 64

/* Names of fields that the values use are gathered here, with doubles. */
struct maker {
    const struct compose_content *content;
    struct compose_prepared *prepared;
    struct arena *arena;
    struct compose_scratch *scratch;
    struct buffer names; /* struct text */
    struct problem *problem;
};

static int refuse(struct maker *maker, const char *field, const char *rule, const char *message)
{
    problem_set(maker->problem, field, rule, "%s", message);
    return -EINVAL;
}

static int parse(struct maker *maker, struct text source, enum template_kind kind,
                 const char *field, struct compose_value *ret_value)
{
    int error = compose_value_parse(source, kind, maker->arena, field, ret_value, maker->problem);
    if (error != 0) {
        return error;
    }
    size_t count = 0;
    const struct text *names = template_names(ret_value->template, &count);
    buffer_append(&maker->names, names, count * sizeof *names);
    if (!ret_value->is_constant) {
        maker->prepared->is_personal = true;
    }
    return 0;
}

/* As parse(); what is the same for all is held against the rules at once. */
static int parse_header(struct maker *maker, struct text source, const char *field,
                        struct compose_value *ret_value)
{
    int error = parse(maker, source, TEMPLATE_HEADER, field, ret_value);
    if (error == 0 && ret_value->is_constant) {
        error = header_check_value(ret_value->constant, field, maker->problem);
    }
    return error;
}

/* What the functions for one message make, when they make the same for all. */
static struct compose_task shared_task(const struct maker *maker,
                                       const struct compose_variant *variant, struct buffer *out)
{
    return (struct compose_task){
        .prepared = maker->prepared,
        .variant = variant,
        .scratch = maker->scratch,
        .out = out,
        .problem = maker->problem,
    };
}

static int make_line(const struct maker *maker, const struct compose_variant *variant,
                     int (*append)(const struct compose_task *task), struct text *ret_line)
{
    OWNED(buffer_finish) struct buffer line = {0};
    struct compose_task task = shared_task(maker, variant, &line);
    int error = append(&task);
    if (error == 0) {
        *ret_line = arena_text(maker->arena, buffer_text(&line));
    }
    return error;
}

/* ---- From, Reply-To */

static int prepare_from(struct maker *maker)
{
    const struct compose_mailbox *from = &maker->content->from;
    struct compose_prepared *prepared = maker->prepared;
    struct address address;
    int error = address_parse(arena_text(maker->arena, from->address), &compose_head_own_address,
                              maker->arena, &address, maker->problem);
    if (error != 0) {
        problem_prefix(maker->problem, "from.address");
        return error;
    }
    prepared->from_address = address.wire;
    prepared->from_domain = address.domain;
    error = parse_header(maker, from->display_name, "from.display_name", &prepared->from_name);
    if (error == 0 && prepared->from_name.is_constant) {
        error = make_line(maker, NULL, compose_head_append_from, &prepared->from_line);
    }
    return error;
}

static int prepare_reply_to(struct maker *maker)
{
    struct compose_prepared *prepared = maker->prepared;
    int error = 0;
    if (maker->content->reply_to_count > COMPOSE_REPLY_TO_MAX) {
        return refuse(maker, "reply_to", "too_many", "more than 3 addresses");
    }
    for (size_t i = 0; error == 0 && i < maker->content->reply_to_count; i++) {
        char field[PATH_BYTES];
        const struct compose_mailbox *given = &maker->content->reply_to[i];
        struct compose_mailbox_source *source = &prepared->reply_to[i];
        (void)snprintf(field, sizeof field, "reply_to[%zu].address", i);
        error = parse_header(maker, given->address, field, &source->address);
        if (error == 0 && source->address.is_constant && source->address.constant.size > 0) {
            struct address address;
            error = address_parse(source->address.constant, &compose_head_own_address, maker->arena,
                                  &address, maker->problem);
            if (error != 0) {
                problem_prefix(maker->problem, field);
            }
        }
        (void)snprintf(field, sizeof field, "reply_to[%zu].display_name", i);
        if (error == 0) {
            error = parse_header(maker, given->display_name, field, &source->display_name);
        }
    }
    prepared->reply_to_count = maker->content->reply_to_count;
    return error;
}

/* ---- subject, text, html */

static void make_entity(const struct maker *maker, struct compose_body_source *source,
                        const char *subtype, struct text content)
{
    OWNED(buffer_finish) struct buffer entity = {0};
    compose_body_append_entity(&entity, subtype, content);
    source->entity = arena_text(maker->arena, buffer_text(&entity));
}

static int prepare_body(struct maker *maker, struct text source, bool is_html,
                        struct compose_body_source *ret_body)
{
    if (source.size == 0) {
        return 0;
    }
    int error = parse(maker, source, is_html ? TEMPLATE_HTML : TEMPLATE_TEXT,
                      is_html ? "html" : "text", &ret_body->value);
    ret_body->is_there = error == 0;
    if (error == 0 && ret_body->value.is_constant) {
        make_entity(maker, ret_body, is_html ? "html" : "plain", ret_body->value.constant);
    }
    return error;
}

static void make_text(const struct maker *maker, struct compose_variant *variant)
{
    variant->makes_text = variant->html.is_there && !variant->text.is_there;
    if (variant->makes_text && variant->html.value.is_constant) {
        OWNED(buffer_finish) struct buffer text = {0};
        html_text_append(&text, variant->html.value.constant, maker->prepared->limit_bytes);
        make_entity(maker, &variant->text, "plain", buffer_text(&text));
    }
}

/* The first to be prepared is the default. */
static int prepare_variant(struct maker *maker, const struct compose_texts *texts)
{
    struct compose_prepared *prepared = maker->prepared;
    struct compose_variant *variant = &prepared->variants[prepared->variant_count];
    bool is_default = prepared->variant_count == 0;
    bool has_body = texts->text.size > 0 || texts->html.size > 0;
    if (is_default && !has_body) {
        return refuse(maker, "text", "required", "one of text and html must be there");
    }
    *variant = prepared->variants[0];
    variant->lang = arena_text(maker->arena, texts->lang);
    int error = 0;
    if (is_default || texts->subject.size > 0) {
        variant->subject_line = (struct text){NULL, 0};
        error = parse_header(maker, texts->subject, "subject", &variant->subject);
        if (error == 0 && variant->subject.is_constant) {
            error = make_line(maker, variant, compose_head_append_subject, &variant->subject_line);
        }
    }
    if (error == 0 && has_body) {
        variant->text = variant->html = (struct compose_body_source){0};
        error = prepare_body(maker, texts->text, false, &variant->text);
        error = error == 0 ? prepare_body(maker, texts->html, true, &variant->html) : error;
        make_text(maker, variant);
    }
    prepared->variant_count++;
    return error;
}

static int check_lang(struct maker *maker, struct text lang, const char *field)
{
    int error = compose_lang_check(lang, field, maker->problem);
    for (size_t i = 1; error == 0 && i < maker->prepared->variant_count; i++) {
        if (text_equal_nocase(maker->prepared->variants[i].lang, lang)) {
            error = refuse(maker, field, "doubled", "the language stands twice");
        }
    }
    return error;
}

static int prepare_variants(struct maker *maker)
{
    const struct compose_content *content = maker->content;
    struct compose_texts texts = content->texts;
    texts.lang = TEXT("");
    int error = prepare_variant(maker, &texts);
    if (error == 0 && content->variant_count > COMPOSE_VARIANTS_MAX) {
        error = refuse(maker, "variants", "too_many", "more than 20 variants");
    }
    for (size_t i = 0; error == 0 && i < content->variant_count; i++) {
        char field[PATH_BYTES];
        (void)snprintf(
            field, sizeof field, "variants.%.*s",
            (int)(content->variants[i].lang.size < 40 ? content->variants[i].lang.size : 40),
            content->variants[i].lang.data);
        error = check_lang(maker, content->variants[i].lang, "variants");
        if (error != 0) {
            return error;
        }
        error = prepare_variant(maker, &content->variants[i]);
        if (error != 0) {
            problem_prefix(maker->problem, field);
        }
    }
    return error;
}

/* ---- other fields */

static int check_doubled_field(struct maker *maker, size_t position, const char *field)
{
    for (size_t i = 0; i < position; i++) {
        if (text_equal_nocase(maker->content->headers[i].name,
                              maker->content->headers[position].name)) {
            return refuse(maker, field, "doubled", "stands twice");
        }
    }
    return 0;
}

static int prepare_field(struct maker *maker, size_t position)
{
    const struct compose_header *given = &maker->content->headers[position];
    struct compose_field_source *source = &maker->prepared->fields[position];
    char field[PATH_BYTES];
    (void)snprintf(field, sizeof field, "headers[%zu].name", position);
    int error = compose_field_check_name(given->name, field, maker->problem);
    error = error == 0 ? check_doubled_field(maker, position, field) : error;
    source->name = arena_text(maker->arena, given->name);
    (void)snprintf(field, sizeof field, "headers[%zu].value", position);
    error = error == 0 ? parse_header(maker, given->value, field, &source->value) : error;
    if (error == 0 && source->value.is_constant) {
        OWNED(buffer_finish) struct buffer line = {0};
        error = compose_field_append(&line, source->name, source->value.constant, field,
                                     maker->problem);
        source->line = arena_text(maker->arena, buffer_text(&line));
    }
    return error;
}

static int prepare_fields(struct maker *maker)
{
    int error = 0;
    if (maker->content->header_count > COMPOSE_HEADERS_MAX) {
        return refuse(maker, "headers", "too_many", "more than 20 headers");
    }
    for (size_t i = 0; error == 0 && i < maker->content->header_count; i++) {
        error = prepare_field(maker, i);
        maker->prepared->field_count++;
    }
    return error;
}

static int prepare_shared_lines(struct maker *maker)
{
    OWNED(buffer_finish) struct buffer lines = {0};
    const struct compose_content *content = maker->content;
    int error = 0;
    if (content->list_id.size > 0) {
        error = compose_field_check_list_id(content->list_id, maker->problem);
        buffer_append_string(&lines, "List-Id: <");
        buffer_append_text(&lines, content->list_id);
        buffer_append_string(&lines, ">\r\n");
    }
    if (error == 0 && content->feedback_id.size > 0) {
        error = compose_field_check_feedback_id(content->feedback_id, maker->problem);
        header_append_words(&lines, TEXT("Feedback-ID"), content->feedback_id);
    }
    buffer_append_string(&lines, "MIME-Version: 1.0\r\n");
    maker->prepared->shared_lines = arena_text(maker->arena, buffer_text(&lines));
    return error;
}

static int prepare_attachments(struct maker *maker)
{
    const struct compose_prepared *other = maker->content->attachments_of;
    if (other == NULL) {
        return compose_attachment_prepare(maker->content->attachments,
                                          maker->content->attachment_count, maker->prepared,
                                          maker->problem);
    }
    maker->prepared->attached = other->attached;
    maker->prepared->attached_count = other->attached_count;
    maker->prepared->inline_count = other->inline_count;
    return 0;
}

static int prepare_defaults(struct maker *maker)
{
    struct text json = arena_text(maker->arena, maker->content->default_fields);
    int error = fields_parse(json, &fields_limits_default, maker->arena, &maker->prepared->defaults,
                             maker->problem);
    if (error != 0) {
        problem_prefix(maker->problem, "default_fields");
    }
    return error;
}

/* ---- all of it */

static int compare(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static void sort_names(struct maker *maker)
{
    size_t count = maker->names.size / sizeof(struct text);
    struct text *names = arena_copy(maker->arena, maker->names.data, maker->names.size);
    size_t kept = 0;
    if (count > 0) {
        qsort(names, count, sizeof *names, compare);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !text_equal(names[i], names[kept - 1])) {
            names[kept++] = names[i];
        }
    }
    maker->prepared->names = names;
    maker->prepared->name_count = kept;
}

static int prepare_all(struct maker *maker)
{
    static int (*const steps[])(struct maker * maker) = {
        prepare_from,   prepare_reply_to,     prepare_variants,    prepare_defaults,
        prepare_fields, prepare_shared_lines, prepare_attachments,
    };
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof steps / sizeof steps[0]; i++) {
        error = steps[i](maker);
    }
    return error;
}

int compose_prepare(const struct compose_content *content, struct compose_prepared **ret_prepared,
                    struct problem *problem)
{
    struct compose_prepared *prepared = xalloc_zero(1, sizeof *prepared);
    prepared->arena = arena_create(0);
    prepared->missing = content->missing;
    prepared->limit_bytes = content->message_limit_bytes == 0 ? COMPOSE_MESSAGE_BYTES_MAX
                                                              : content->message_limit_bytes;
    struct maker maker = {
        .content = content,
        .prepared = prepared,
        .arena = prepared->arena,
        .scratch = compose_scratch_create(),
        .problem = problem,
    };
    if (problem != NULL) {
        problem->field[0] = '\0';
    }
    int error = prepare_all(&maker);
    if (error == 0) {
        sort_names(&maker);
        *ret_prepared = prepared;
    } else {
        compose_destroy(&prepared);
    }
    buffer_finish(&maker.names);
    compose_scratch_destroy(&maker.scratch);
    return error;
}
