#include "common/mail/compose_value.h"

#include "common/mail/header.h"

#include <errno.h>

/* Names what is wrong: a merge field as "fields.name", anything else by its place in the content.
 */
static int explain(int error, const char *field, struct problem *problem)
{
    if (problem == NULL) {
        return error;
    }
    bool is_merge_field = problem->field[0] != '\0';
    problem_prefix(problem, is_merge_field ? "fields" : field);
    return error;
}

/* Without names and without "{{.}}" every recipient gets the same. */
static void find_constant(struct compose_value *value, struct arena *arena)
{
    size_t names = 0;
    struct template_input input = {.missing = TEMPLATE_MISSING_ERROR,
                                   .limit_bytes = COMPOSE_MESSAGE_BYTES_MAX};
    OWNED(buffer_finish) struct buffer rendered = {0};
    (void)template_names(value->template, &names);
    if (names == 0 && template_render(value->template, &input, &rendered, NULL) == 0) {
        value->is_constant = true;
        value->constant = arena_text(arena, buffer_text(&rendered));
    }
}

int compose_value_parse(struct text source, enum template_kind kind, struct arena *arena,
                        const char *field, struct compose_value *ret_value, struct problem *problem)
{
    *ret_value = (struct compose_value){0};
    int error = template_parse(source, kind, arena, &ret_value->template, problem);
    if (error != 0) {
        problem_prefix(problem, field);
        return error;
    }
    find_constant(ret_value, arena);
    return 0;
}

int compose_value_render_header(const struct compose_value *value,
                                const struct template_input *input, struct buffer *buffer,
                                const char *field, struct text *ret_text, struct problem *problem)
{
    struct text text = value->constant;
    if (!value->is_constant) {
        struct template_input narrow = *input;
        /* One byte more than header_check_value() lets through, so that it can say S14. */
        narrow.limit_bytes = HEADER_VALUE_BYTES_MAX + 1;
        buffer_clear(buffer);
        int error = template_render(value->template, &narrow, buffer, problem);
        if (error == -EMSGSIZE) {
            problem_set(problem, field, "S14", "a header value is at most %d bytes long",
                        HEADER_VALUE_BYTES_MAX);
            return error;
        }
        if (error != 0) {
            return explain(error, field, problem);
        }
        text = buffer_text(buffer);
    }
    int error = header_check_value(text, field, problem);
    if (error == 0) {
        *ret_text = text;
    }
    return error;
}

int compose_value_render_body(const struct compose_value *value, const struct template_input *input,
                              struct buffer *out, const char *field, struct problem *problem)
{
    if (value->is_constant) {
        if (out != NULL) {
            buffer_append_text(out, value->constant);
        }
        return 0;
    }
    int error = template_render(value->template, input, out, problem);
    return error == 0 ? 0 : explain(error, field, problem);
}
