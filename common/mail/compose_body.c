#include "common/mail/compose_body.h"

#include "common/mail/html_text.h"
#include "common/mail/mime.h"

/* Multiparts, outermost first. The alternatives hold the text and, with its images, the HTML: who
 * chooses the text is not shown images as attachments. */
enum level { LEVEL_MIXED, LEVEL_ALTERNATIVE, LEVEL_RELATED };

static const char *const openings[] = {
    [LEVEL_MIXED] = "Content-Type: multipart/mixed;\r\n boundary=\"",
    [LEVEL_ALTERNATIVE] = "Content-Type: multipart/alternative;\r\n boundary=\"",
    [LEVEL_RELATED] = "Content-Type: multipart/related; type=\"text/html\";\r\n boundary=\"",
};

void compose_body_append_entity(struct buffer *out, const char *subtype, struct text content)
{
    bool is_ascii = false;
    enum mime_encoding encoding = mime_choose(content, &is_ascii);
    buffer_append_string(out, "Content-Type: text/");
    buffer_append_string(out, subtype);
    buffer_append_string(out, is_ascii ? "; charset=us-ascii" : "; charset=utf-8");
    buffer_append_string(out, "\r\nContent-Transfer-Encoding: ");
    buffer_append_string(out, mime_encoding_name(encoding));
    buffer_append_string(out, "\r\n\r\n");
    mime_append_text(out, content, encoding);
}

/* ---- multiparts */

static void append_boundary(const struct compose_task *task, enum level level)
{
    char boundary[MIME_BOUNDARY_BYTES];
    mime_boundary(task->recipient->boundary_seed, level, boundary);
    buffer_append(task->out, boundary, sizeof boundary - 1);
}

static void open_multipart(const struct compose_task *task, enum level level)
{
    buffer_append_string(task->out, openings[level]);
    append_boundary(task, level);
    buffer_append_string(task->out, "\"\r\n");
}

/* The line end in front of it belongs to the boundary (RFC 2046, 5.1.1); behind a header it is the
 * empty line. */
static void next_part(const struct compose_task *task, enum level level)
{
    buffer_append_string(task->out, "\r\n--");
    append_boundary(task, level);
    buffer_append_string(task->out, "\r\n");
}

static void close_multipart(const struct compose_task *task, enum level level)
{
    buffer_append_string(task->out, "\r\n--");
    append_boundary(task, level);
    buffer_append_string(task->out, "--\r\n");
}

static void append_attached(const struct compose_task *task, struct compose_parts *parts,
                            enum level level, bool is_inline)
{
    const struct compose_prepared *prepared = task->prepared;
    for (size_t i = 0; i < prepared->attached_count; i++) {
        if (prepared->attached[i].is_inline == is_inline) {
            next_part(task, level);
            compose_parts_borrow(parts, prepared->attached[i].entity);
        }
    }
}

/* ---- text and HTML */

static int render(const struct compose_task *task, const struct compose_body_source *source,
                  struct buffer *rendered, const char *field)
{
    if (!source->is_there || source->entity.data != NULL) {
        return 0;
    }
    buffer_clear(rendered);
    return compose_value_render_body(&source->value, &task->input, rendered, field, task->problem);
}

/* What differs by recipient, into the scratch buffers. */
static int render_bodies(const struct compose_task *task)
{
    const struct compose_variant *variant = task->variant;
    struct compose_scratch *scratch = task->scratch;
    int error = render(task, &variant->html, &scratch->page, "html");
    error = error == 0 ? render(task, &variant->text, &scratch->text, "text") : error;
    if (error == 0 && variant->makes_text && variant->text.entity.data == NULL) {
        buffer_clear(&scratch->text);
        html_text_append(&scratch->text, buffer_text(&scratch->page), task->prepared->limit_bytes);
    }
    return error;
}

int compose_body_show(const struct compose_task *task)
{
    const struct compose_variant *variant = task->variant;
    struct compose_scratch *scratch = task->scratch;
    buffer_clear(&scratch->page);
    buffer_clear(&scratch->text);
    int error = 0;
    if (variant->html.is_there) {
        error = compose_value_render_body(&variant->html.value, &task->input, &scratch->page,
                                          "html", task->problem);
    }
    if (error == 0 && variant->makes_text) {
        html_text_append(&scratch->text, buffer_text(&scratch->page), task->prepared->limit_bytes);
    } else if (error == 0 && variant->text.is_there) {
        error = compose_value_render_body(&variant->text.value, &task->input, &scratch->text,
                                          "text", task->problem);
    }
    return error;
}

static void append_source(const struct compose_task *task, struct compose_parts *parts,
                          const struct compose_body_source *source, const struct buffer *rendered,
                          const char *subtype)
{
    if (source->entity.data != NULL) {
        compose_parts_borrow(parts, source->entity);
    } else {
        compose_body_append_entity(task->out, subtype, buffer_text(rendered));
    }
}

static void append_html(const struct compose_task *task, struct compose_parts *parts)
{
    const struct compose_variant *variant = task->variant;
    bool is_related = task->prepared->inline_count > 0;
    if (is_related) {
        open_multipart(task, LEVEL_RELATED);
        next_part(task, LEVEL_RELATED);
    }
    append_source(task, parts, &variant->html, &task->scratch->page, "html");
    if (is_related) {
        append_attached(task, parts, LEVEL_RELATED, true);
        close_multipart(task, LEVEL_RELATED);
    }
}

static void append_bodies(const struct compose_task *task, struct compose_parts *parts)
{
    const struct compose_variant *variant = task->variant;
    if (variant->html.is_there) {
        open_multipart(task, LEVEL_ALTERNATIVE);
        next_part(task, LEVEL_ALTERNATIVE);
    }
    append_source(task, parts, &variant->text, &task->scratch->text, "plain");
    if (variant->html.is_there) {
        next_part(task, LEVEL_ALTERNATIVE);
        append_html(task, parts);
        close_multipart(task, LEVEL_ALTERNATIVE);
    }
}

int compose_body_append(const struct compose_task *task, struct compose_parts *parts)
{
    const struct compose_prepared *prepared = task->prepared;
    bool has_html = task->variant->html.is_there;
    /* Without HTML nothing can show the images: they are attachments like others. */
    size_t behind = prepared->attached_count - (has_html ? prepared->inline_count : 0);
    int error = render_bodies(task);
    if (error != 0) {
        return error;
    }
    if (behind > 0) {
        open_multipart(task, LEVEL_MIXED);
        next_part(task, LEVEL_MIXED);
    }
    append_bodies(task, parts);
    if (behind > 0) {
        append_attached(task, parts, LEVEL_MIXED, false);
        if (!has_html) {
            append_attached(task, parts, LEVEL_MIXED, true);
        }
        close_multipart(task, LEVEL_MIXED);
    }
    return 0;
}

static int check(const struct compose_task *task, const struct compose_body_source *source,
                 const char *field)
{
    if (!source->is_there) {
        return 0;
    }
    return compose_value_render_body(&source->value, &task->input, NULL, field, task->problem);
}

int compose_body_check(const struct compose_task *task)
{
    int error = check(task, &task->variant->html, "html");
    return error == 0 ? check(task, &task->variant->text, "text") : error;
}
