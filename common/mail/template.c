#include "common/mail/template.h"

#include "common/mail/template_program.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* A section being rendered. */
struct frame {
    const struct fields_value *value; /* what names are looked up in */
    bool is_list;                     /* `value` is an item; its siblings follow */
};

struct renderer {
    const struct template *template;
    const struct template_input *input;
    struct buffer *out; /* NULL: only checks */
    size_t size;        /* bytes rendered */
    size_t work;        /* steps taken */
    struct frame frames[TEMPLATE_DEPTH_MAX];
    size_t depth;
    struct problem *problem;
};

static const struct fields_value *root(const struct renderer *renderer)
{
    return renderer->input->fields == NULL ? &fields_none : renderer->input->fields;
}

/* The first part of a name: innermost section first, defaults last. */
static const struct fields_value *find_first(const struct renderer *renderer, struct text name)
{
    const struct fields_value *found = NULL;
    for (size_t i = renderer->depth; found == NULL && i > 0; i--) {
        found = fields_find(renderer->frames[i - 1].value, name);
    }
    if (found == NULL && renderer->input->own != NULL) {
        found = fields_find(renderer->input->own, name);
    }
    if (found == NULL) {
        found = fields_find(root(renderer), name);
    }
    if (found == NULL && renderer->input->defaults != NULL) {
        found = fields_find(renderer->input->defaults, name);
    }
    return found;
}

static const struct fields_value *look_up(const struct renderer *renderer,
                                          const struct template_step *step)
{
    if (step->part_count == 0) {
        return renderer->depth > 0 ? renderer->frames[renderer->depth - 1].value : root(renderer);
    }
    const struct fields_value *value = find_first(renderer, step->parts[0]);
    for (size_t i = 1; value != NULL && i < step->part_count; i++) {
        value = fields_find(value, step->parts[i]);
    }
    return value;
}

static int fail(const struct renderer *renderer, const struct template_step *step, int error,
                const char *rule, const char *message)
{
    char field[sizeof renderer->problem->field];
    size_t size = step->text.size < sizeof field ? step->text.size : sizeof field - 1;
    memcpy(field, step->text.data, size);
    field[size] = '\0';
    problem_set(renderer->problem, field, rule, "%s; the template uses it in line %u, column %u",
                message, step->line, step->column);
    return error;
}

/* ---- output */

static int emit(struct renderer *renderer, const char *data, size_t size)
{
    renderer->size += size;
    if (renderer->size > renderer->input->limit_bytes) {
        problem_set(renderer->problem, "", "template_output", "the rendered text is too long");
        return -EMSGSIZE;
    }
    if (renderer->out != NULL) {
        buffer_append(renderer->out, data, size);
    }
    return 0;
}

static const char *entity(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static int emit_escaped(struct renderer *renderer, struct text text)
{
    size_t start = 0;
    int result = 0;
    for (size_t i = 0; result == 0 && i < text.size; i++) {
        const char *code = entity(text.data[i]);
        if (code != NULL) {
            result = emit(renderer, text.data + start, i - start);
            result = result == 0 ? emit(renderer, code, strlen(code)) : result;
            start = i + 1;
        }
    }
    return result == 0 ? emit(renderer, text.data + start, text.size - start) : result;
}

static int emit_value(struct renderer *renderer, const struct template_step *step)
{
    const struct fields_value *value = look_up(renderer, step);
    if (value == NULL) {
        return renderer->input->missing == TEMPLATE_MISSING_EMPTY
                   ? 0
                   : fail(renderer, step, -ENOENT, "missing_field", "the field is missing");
    }
    bool is_html = renderer->template->kind == TEMPLATE_HTML && step->kind == TEMPLATE_STEP_VALUE;
    switch (value->kind) {
    case FIELDS_NULL:
        return 0;
    case FIELDS_FALSE:
        return emit(renderer, "false", 5);
    case FIELDS_TRUE:
        return emit(renderer, "true", 4);
    case FIELDS_NUMBER:
        return emit(renderer, value->text.data, value->text.size);
    case FIELDS_STRING:
        return is_html ? emit_escaped(renderer, value->text)
                       : emit(renderer, value->text.data, value->text.size);
    case FIELDS_LIST:
    case FIELDS_OBJECT:
        break;
    }
    return fail(renderer, step, -EINVAL, "field_type",
                "the field is an object or a list, where a text or number belongs");
}

/* ---- sections */

static bool is_zero(struct text number)
{
    for (size_t i = 0; i < number.size && (number.data[i] | 0x20) != 'e'; i++) {
        if (number.data[i] >= '1' && number.data[i] <= '9') {
            return false;
        }
    }
    return true;
}

static bool is_true(const struct fields_value *value)
{
    if (value == NULL) {
        return false;
    }
    switch (value->kind) {
    case FIELDS_NULL:
    case FIELDS_FALSE:
        return false;
    case FIELDS_NUMBER:
        return !is_zero(value->text);
    case FIELDS_STRING:
        return value->text.size > 0;
    case FIELDS_LIST:
        return value->count > 0;
    case FIELDS_TRUE:
    case FIELDS_OBJECT:
        break;
    }
    return true;
}

/* @return the step to go on with */
static size_t enter(struct renderer *renderer, const struct template_step *step, size_t position)
{
    const struct fields_value *value = look_up(renderer, step);
    bool is_inverted = step->kind == TEMPLATE_STEP_INVERTED;
    if (is_true(value) == is_inverted) {
        return step->partner + 1;
    }
    if (!is_inverted) {
        bool is_list = value->kind == FIELDS_LIST;
        renderer->frames[renderer->depth++] =
            (struct frame){.value = is_list ? value->first : value, .is_list = is_list};
    }
    return position + 1;
}

static size_t leave(struct renderer *renderer, const struct template_step *step, size_t position)
{
    if (renderer->template->steps[step->partner].kind == TEMPLATE_STEP_INVERTED) {
        return position + 1;
    }
    assert(renderer->depth > 0);
    struct frame *frame = &renderer->frames[renderer->depth - 1];
    assert(frame->value != NULL);
    if (frame->is_list && frame->value->next != NULL) {
        frame->value = frame->value->next;
        return step->partner + 1;
    }
    renderer->depth--;
    return position + 1;
}

int template_render(const struct template *template, const struct template_input *input,
                    struct buffer *out, struct problem *problem)
{
    struct renderer renderer;
    /* The frames need no clearing. */
    renderer.template = template;
    renderer.input = input;
    renderer.out = out;
    renderer.size = 0;
    renderer.work = 0;
    renderer.depth = 0;
    renderer.problem = problem;
    size_t position = 0;
    int result = 0;
    while (result == 0 && position < template->step_count) {
        const struct template_step *step = &template->steps[position];
        if (++renderer.work > TEMPLATE_STEPS_MAX) {
            problem_set(problem, "", "template_output", "nested lists make the text too long");
            return -EMSGSIZE;
        }
        switch (step->kind) {
        case TEMPLATE_STEP_TEXT:
            result = emit(&renderer, step->text.data, step->text.size);
            position++;
            break;
        case TEMPLATE_STEP_VALUE:
        case TEMPLATE_STEP_RAW_VALUE:
            result = emit_value(&renderer, step);
            position++;
            break;
        case TEMPLATE_STEP_SECTION:
        case TEMPLATE_STEP_INVERTED:
            position = enter(&renderer, step, position);
            break;
        case TEMPLATE_STEP_END:
            position = leave(&renderer, step, position);
            break;
        }
    }
    return result;
}

const struct text *template_names(const struct template *template, size_t *ret_count)
{
    *ret_count = template->name_count;
    return template->names;
}

bool template_is_static(const struct template *template, struct text *ret_text)
{
    if (template->step_count > 1 ||
        (template->step_count == 1 && template->steps[0].kind != TEMPLATE_STEP_TEXT)) {
        return false;
    }
    *ret_text = template->step_count == 0 ? TEXT("") : template->steps[0].text;
    return true;
}
