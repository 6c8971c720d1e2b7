/* Templates: any source is refused with a rule, or renders any fields within the limit; checking
 * comes to the same as rendering. Input: template, a NUL byte, JSON. */
#include "common/mail/template.h"

#include <assert.h>
#include <errno.h>

#define LIMIT_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render(const struct template *template, const struct fields_value *fields,
                   enum template_missing missing)
{
    OWNED(buffer_finish) struct buffer out = {0};
    struct problem problem = {0};
    struct template_input input = {
        .fields = fields,
        .missing = missing,
        .limit_bytes = LIMIT_BYTES,
    };
    int error = template_render(template, &input, &out, &problem);
    assert(error == 0 || error == -ENOENT || error == -EINVAL || error == -EMSGSIZE);
    assert(error != -ENOENT || missing == TEMPLATE_MISSING_ERROR);
    assert((error != 0) == (problem.rule[0] != '\0'));
    assert(out.size <= LIMIT_BYTES);
    assert(error != 0 || text_is_utf8(buffer_text(&out)));
    assert(template_render(template, &input, NULL, NULL) == error);
}

static void check_names(const struct template *template)
{
    size_t count = 0;
    const struct text *names = template_names(template, &count);
    for (size_t i = 1; i < count; i++) {
        assert(text_compare(names[i - 1], names[i]) < 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct text rest = {(const char *)data, size};
    struct text source = {rest.data, text_find(rest, '\0')};
    struct text json = text_skip(rest, source.size + 1);
    const struct fields_value *fields = &fields_none;
    if (fields_parse(json, &fields_limits_default, arena, &fields, NULL) != 0) {
        fields = &fields_none;
    }
    for (int kind = TEMPLATE_TEXT; kind <= TEMPLATE_HEADER; kind++) {
        const struct template *template = NULL;
        struct problem problem = {0};
        if (template_parse(source, (enum template_kind)kind, arena, &template, &problem) != 0) {
            assert(problem.rule[0] != '\0' && template == NULL);
            continue;
        }
        check_names(template);
        render(template, fields, TEMPLATE_MISSING_ERROR);
        render(template, fields, TEMPLATE_MISSING_EMPTY);
    }
    return 0;
}
