#include "common/mail/compose_head.h"

#include "common/mail/compose_field.h"
#include "common/mail/header.h"

#include <errno.h>
#include <stdio.h>

const struct address_options compose_head_own_address = {.refuses_literals = true,
                                                         .refuses_utf8 = true};

#define FIELD_BYTES 48

static const char *place(char *field, const char *list, size_t position, const char *member)
{
    (void)snprintf(field, FIELD_BYTES, "%s[%zu].%s", list, position, member);
    return field;
}

/* ---- what is the recipient's */

int compose_head_check_name(const struct compose_task *task)
{
    return header_check_value(task->recipient->display_name, "display_name", task->problem);
}

static void append_date(const struct compose_task *task)
{
    char date[HEADER_DATE_BYTES];
    size_t size = header_format_date(task->recipient->date_unix_s,
                                     task->recipient->date_offset_minutes, date);
    buffer_append_string(task->out, "Date: ");
    buffer_append(task->out, date, size);
    buffer_append_string(task->out, "\r\n");
}

int compose_head_append_own(const struct compose_task *task)
{
    const struct compose_recipient *recipient = task->recipient;
    int error = header_check_message_id(recipient->message_id, "message_id", task->problem);
    error = error == 0 ? compose_head_check_name(task) : error;
    if (error != 0) {
        return error;
    }
    struct header_mailbox to = {recipient->address->wire, recipient->display_name};
    append_date(task);
    buffer_append_string(task->out, "Message-ID: <");
    buffer_append_text(task->out, recipient->message_id);
    buffer_append_string(task->out, ">\r\n");
    header_append_mailboxes(task->out, TEXT("To"), &to, 1);
    return 0;
}

/* ---- what the content says */

int compose_head_append_from(const struct compose_task *task)
{
    struct header_mailbox from = {task->prepared->from_address, TEXT("")};
    int error =
        compose_value_render_header(&task->prepared->from_name, &task->input, &task->scratch->value,
                                    "from.display_name", &from.display_name, task->problem);
    if (error == 0) {
        header_append_mailboxes(task->out, TEXT("From"), &from, 1);
    }
    return error;
}

int compose_head_append_subject(const struct compose_task *task)
{
    struct text subject;
    int error =
        compose_value_render_header(&task->variant->subject, &task->input, &task->scratch->value,
                                    "subject", &subject, task->problem);
    if (error == 0 && subject.size > 0) {
        header_append_text(task->out, TEXT("Subject"), subject);
    }
    return error;
}

/* @param ret_mailbox  its address is empty when it is to be left out */
static int render_reply_to(const struct compose_task *task, size_t position,
                           struct header_mailbox *ret_mailbox)
{
    const struct compose_mailbox_source *source = &task->prepared->reply_to[position];
    struct arena *arena = task->scratch->arena;
    struct text text;
    struct address address;
    char field[FIELD_BYTES];
    int error = compose_value_render_header(&source->address, &task->input, &task->scratch->value,
                                            place(field, "reply_to", position, "address"), &text,
                                            task->problem);
    if (error != 0 || text.size == 0) {
        ret_mailbox->address = TEXT("");
        return error;
    }
    error = address_parse(arena_text(arena, text), &compose_head_own_address, arena, &address,
                          task->problem);
    if (error != 0) {
        problem_prefix(task->problem, field);
        return error;
    }
    error = compose_value_render_header(&source->display_name, &task->input, &task->scratch->value,
                                        place(field, "reply_to", position, "display_name"), &text,
                                        task->problem);
    if (error == 0) {
        *ret_mailbox = (struct header_mailbox){address.wire, arena_text(arena, text)};
    }
    return error;
}

static int append_reply_to(const struct compose_task *task)
{
    struct header_mailbox mailboxes[COMPOSE_REPLY_TO_MAX];
    size_t count = 0;
    int error = 0;
    for (size_t i = 0; error == 0 && i < task->prepared->reply_to_count; i++) {
        error = render_reply_to(task, i, &mailboxes[count]);
        count += error == 0 && mailboxes[count].address.size > 0 ? 1 : 0;
    }
    if (error == 0 && count > 0) {
        header_append_mailboxes(task->out, TEXT("Reply-To"), mailboxes, count);
    }
    return error;
}

/* ---- fields of the callers' own */

static bool has_own_field(const struct compose_recipient *recipient, struct text name)
{
    for (size_t i = 0; i < recipient->header_count; i++) {
        if (text_equal_nocase(recipient->headers[i].name, name)) {
            return true;
        }
    }
    return false;
}

static int append_content_field(const struct compose_task *task, size_t position)
{
    const struct compose_field_source *source = &task->prepared->fields[position];
    struct text value;
    char field[FIELD_BYTES];
    if (has_own_field(task->recipient, source->name)) {
        return 0;
    }
    if (source->line.data != NULL) {
        buffer_append_text(task->out, source->line);
        return 0;
    }
    (void)place(field, "headers", position, "value");
    int error = compose_value_render_header(&source->value, &task->input, &task->scratch->value,
                                            field, &value, task->problem);
    return error == 0 ? compose_field_append(task->out, source->name, value, field, task->problem)
                      : error;
}

static int check_own_field(const struct compose_task *task, size_t position)
{
    const struct compose_header *headers = task->recipient->headers;
    char field[FIELD_BYTES];
    (void)place(field, "headers", position, "name");
    for (size_t i = 0; i < position; i++) {
        if (text_equal_nocase(headers[i].name, headers[position].name)) {
            problem_set(task->problem, field, "doubled", "stands twice");
            return -EINVAL;
        }
    }
    int error = compose_field_check_name(headers[position].name, field, task->problem);
    (void)place(field, "headers", position, "value");
    return error == 0 ? header_check_value(headers[position].value, field, task->problem) : error;
}

static int append_own_fields(const struct compose_task *task)
{
    const struct compose_recipient *recipient = task->recipient;
    int error = 0;
    if (recipient->header_count > COMPOSE_RECIPIENT_HEADERS_MAX) {
        problem_set(task->problem, "headers", "too_many", "more than %d headers",
                    COMPOSE_RECIPIENT_HEADERS_MAX);
        return -EINVAL;
    }
    for (size_t i = 0; error == 0 && i < recipient->header_count; i++) {
        char field[FIELD_BYTES];
        error = check_own_field(task, i);
        if (error == 0) {
            error = compose_field_append(task->out, recipient->headers[i].name,
                                         recipient->headers[i].value,
                                         place(field, "headers", i, "value"), task->problem);
        }
    }
    return error;
}

/* A field that is the same for all, or the work of making it. */
static int append_field(const struct compose_task *task, struct text line,
                        int (*append)(const struct compose_task *task))
{
    if (line.data == NULL) {
        return append(task);
    }
    buffer_append_text(task->out, line);
    return 0;
}

int compose_head_append_rest(const struct compose_task *task)
{
    int error = append_field(task, task->prepared->from_line, compose_head_append_from);
    error = error == 0 ? append_reply_to(task) : error;
    if (error == 0) {
        error = append_field(task, task->variant->subject_line, compose_head_append_subject);
    }
    if (error == 0) {
        error = compose_field_append_unsubscribe(task->out, task->recipient->unsubscribe_url,
                                                 task->recipient->unsubscribe_mailto,
                                                 &task->scratch->value, task->problem);
    }
    for (size_t i = 0; error == 0 && i < task->prepared->field_count; i++) {
        error = append_content_field(task, i);
    }
    error = error == 0 ? append_own_fields(task) : error;
    if (error == 0) {
        buffer_append_text(task->out, task->prepared->shared_lines);
    }
    return error;
}
