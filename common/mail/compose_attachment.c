#include "common/mail/compose_attachment.h"

#include "common/mail/compose_media.h"
#include "common/mail/header.h"
#include "common/mail/header_words.h"
#include "common/mail/mime.h"

#include <errno.h>
#include <stdio.h>

#define INLINE_ID_BYTES_MAX 128
#define FILE_NAME_BYTES_MAX 255

static int refuse(struct problem *problem, const char *field, const char *rule, const char *message)
{
    problem_set(problem, field, rule, "%s", message);
    return -EINVAL;
}

/* What stands in "cid:" URLs and between < and >. */
static int check_inline_id(struct text id, struct problem *problem)
{
    bool good = id.size <= INLINE_ID_BYTES_MAX;
    for (size_t i = 0; good && i < id.size; i++) {
        good = header_words_is_atom(id.data[i]) || id.data[i] == '.' || id.data[i] == '@';
    }
    return good ? 0
                : refuse(problem, "inline_id", "inline_id",
                         "must be up to 128 letters, digits and . _ - @ without brackets");
}

static int check_file_name(struct text name, struct problem *problem)
{
    int error = header_check_value(name, "file_name", problem);
    if (error == 0 && (name.size > FILE_NAME_BYTES_MAX || text_has_any(name, TEXT("/\\")))) {
        error = refuse(problem, "file_name", "file_name",
                       "must be at most 255 bytes without path separators");
    }
    return error;
}

/* @return 0 or as compose_attachment_prepare(), the field without its "attachments[N]" */
static int append_entity(struct buffer *out, const struct compose_attachment *attachment,
                         struct problem *problem)
{
    int error = check_inline_id(attachment->inline_id, problem);
    error = error == 0 ? check_file_name(attachment->file_name, problem) : error;
    if (error != 0) {
        return error;
    }
    bool is_inline = attachment->inline_id.size > 0;
    buffer_append_string(out, "Content-Type: ");
    error = compose_media_append(out, attachment->media_type, problem);
    if (error != 0) {
        return error;
    }
    buffer_append_string(out, "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: ");
    buffer_append_string(out, is_inline ? "inline" : "attachment");
    if (attachment->file_name.size > 0) {
        header_append_parameter(out, "filename", attachment->file_name);
    }
    if (is_inline) {
        buffer_append_string(out, "\r\nContent-ID: <");
        buffer_append_text(out, attachment->inline_id);
        buffer_append_byte(out, '>');
    }
    buffer_append_string(out, "\r\n\r\n");
    mime_append_base64(out, attachment->data);
    return 0;
}

static int check_doubles(const struct compose_attachment *attachments, size_t last,
                         struct problem *problem)
{
    struct text id = attachments[last].inline_id;
    for (size_t i = 0; id.size > 0 && i < last; i++) {
        if (text_equal(attachments[i].inline_id, id)) {
            return refuse(problem, "inline_id", "doubled", "stands at two attachments");
        }
    }
    return 0;
}

static int prepare_one(const struct compose_attachment *attachments, size_t position,
                       struct compose_prepared *prepared, struct compose_attached *ret_attached,
                       struct problem *problem)
{
    OWNED(buffer_finish) struct buffer entity = {0};
    const struct compose_attachment *attachment = &attachments[position];
    if (attachment->data.size > prepared->limit_bytes) {
        problem_set(problem, "data", "message_size", "a message is at most %zu bytes long",
                    prepared->limit_bytes);
        return -EMSGSIZE;
    }
    int error = check_doubles(attachments, position, problem);
    error = error == 0 ? append_entity(&entity, attachment, problem) : error;
    if (error == 0) {
        ret_attached->entity = arena_text(prepared->arena, buffer_text(&entity));
        ret_attached->is_inline = attachment->inline_id.size > 0;
    }
    return error;
}

int compose_attachment_prepare(const struct compose_attachment *attachments, size_t count,
                               struct compose_prepared *prepared, struct problem *problem)
{
    if (count > COMPOSE_ATTACHMENTS_MAX) {
        return refuse(problem, "attachments", "too_many", "more than 20 attachments");
    }
    struct compose_attached *all = arena_zero(prepared->arena, count, sizeof *all);
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        int error = prepare_one(attachments, i, prepared, &all[i], problem);
        if (error != 0) {
            char prefix[32];
            (void)snprintf(prefix, sizeof prefix, "attachments[%zu]", i);
            problem_prefix(problem, prefix);
            return error;
        }
        size += all[i].entity.size;
        prepared->inline_count += all[i].is_inline ? 1 : 0;
    }
    if (size > prepared->limit_bytes) {
        problem_set(problem, "attachments", "message_size",
                    "encoded, the attachments are longer than the %zu bytes of a message",
                    prepared->limit_bytes);
        return -EMSGSIZE;
    }
    prepared->attached = all;
    prepared->attached_count = count;
    return 0;
}
