#include "cli/api_error.h"

#include "cli/json_text.h"
#include "cli/table_print.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Copy a JSON string, cut to fit at the end of a character; anything else leaves "". */
static void copy_string(const json_t *value, char *ret_text, size_t size)
{
    struct text text = {json_string_value(value), json_string_length(value)};
    if (text.size >= size) {
        text.size = size - 1;
        while (text.size > 0 && !text_is_utf8(text)) {
            text.size--;
        }
    }
    if (text.size > 0) {
        memcpy(ret_text, text.data, text.size);
    }
    ret_text[text.size] = '\0';
}

static void take_detail(struct api_error *error, const json_t *detail)
{
    const json_t *debug = json_object_get(detail, "debug");
    struct problem problem = {0};
    if (!json_is_object(debug)) {
        return;
    }
    copy_string(json_object_get(debug, "field"), problem.field, sizeof problem.field);
    copy_string(json_object_get(debug, "rule"), problem.rule, sizeof problem.rule);
    copy_string(json_object_get(debug, "message"), problem.message, sizeof problem.message);
    problem_list_add(&error->problems, &problem);
    json_int_t wait = json_integer_value(json_object_get(debug, "retryAfterMs"));
    if (wait > 0 && wait <= UINT32_MAX) {
        error->retry_after_ms = (uint32_t)wait;
    }
}

/* Connect's codes for answers that have no error object, e.g. from a proxy. */
static const char *code_of_status(unsigned int status)
{
    static const struct {
        unsigned int status;
        const char *code;
    } codes[] = {{400, "internal"},      {401, "unauthenticated"}, {403, "permission_denied"},
                 {404, "unimplemented"}, {429, "unavailable"},     {502, "unavailable"},
                 {503, "unavailable"},   {504, "unavailable"}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].status == status) {
            return codes[i].code;
        }
    }
    return "unknown";
}

void api_error_parse(unsigned int http_status, struct text body, struct api_error *ret_error)
{
    *ret_error = (struct api_error){.http_status = http_status};
    json_t *root =
        json_loadb(body.data == NULL ? "" : body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    copy_string(json_object_get(root, "code"), ret_error->code, sizeof ret_error->code);
    copy_string(json_object_get(root, "message"), ret_error->message, sizeof ret_error->message);
    if (ret_error->code[0] == '\0') {
        (void)snprintf(ret_error->code, sizeof ret_error->code, "%s", code_of_status(http_status));
        (void)snprintf(ret_error->message, sizeof ret_error->message,
                       "HTTP status %u without an error object: is this the API's endpoint?",
                       http_status);
    }
    const json_t *details = json_object_get(root, "details");
    for (size_t i = 0; i < json_array_size(details); i++) {
        take_detail(ret_error, json_array_get(details, i));
    }
    json_decref(root);
}

void api_error_append(const struct api_error *error, struct buffer *out)
{
    if (error->problems.count == 0) {
        table_print_append_clean(out, text_of(error->message));
    } else {
        buffer_append_string(out, "the server refused");
    }
    buffer_printf(out, " (%s)\n", error->code);
    for (size_t i = 0; i < error->problems.count; i++) {
        const struct problem *problem = &error->problems.items[i];
        buffer_append_string(out, "  ");
        table_print_append_clean(out, text_of(problem->field));
        buffer_append_string(out, problem->field[0] == '\0' ? "" : ": ");
        table_print_append_clean(out, text_of(problem->message));
        buffer_append_string(out, " [");
        table_print_append_clean(out, text_of(problem->rule));
        buffer_append_string(out, "]\n");
    }
    if (error->problems.total > error->problems.count) {
        buffer_printf(out, "  ... and %zu more\n", error->problems.total - error->problems.count);
    }
}

static void append_member(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "\"%s\":", name);
    json_text_append(out, text_of(value));
}

void api_error_append_json(const struct api_error *error, struct buffer *out)
{
    buffer_append_byte(out, '{');
    append_member(out, "code", error->code);
    buffer_append_byte(out, ',');
    append_member(out, "message", error->message);
    buffer_printf(out, ",\"retry_after_ms\":%u,\"problems\":[", error->retry_after_ms);
    for (size_t i = 0; i < error->problems.count; i++) {
        const struct problem *problem = &error->problems.items[i];
        buffer_append_string(out, i > 0 ? ",{" : "{");
        append_member(out, "field", problem->field);
        buffer_append_byte(out, ',');
        append_member(out, "rule", problem->rule);
        buffer_append_byte(out, ',');
        append_member(out, "message", problem->message);
        buffer_append_byte(out, '}');
    }
    buffer_append_string(out, "]}");
}
