/* Merge fields: any bytes are refused with a rule, or give a tree whose canonical form is read to
 * the same canonical form. */
#include "common/mail/fields.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_canonical(const struct fields_value *value, struct arena *arena)
{
    OWNED(buffer_finish) struct buffer first = {0};
    OWNED(buffer_finish) struct buffer second = {0};
    const struct fields_value *again = NULL;
    struct fields_limits limits = {.size_bytes = SIZE_MAX, .depth = 4};
    fields_append_canonical(&first, value, NULL, 0);
    assert(fields_parse(buffer_text(&first), &limits, arena, &again, NULL) == 0);
    fields_append_canonical(&second, again, NULL, 0);
    assert(text_equal(buffer_text(&first), buffer_text(&second)));
    assert(text_is_utf8(buffer_text(&first)));
    for (size_t i = 0; i < first.size; i++) {
        assert((unsigned char)first.data[i] >= ' ');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const struct fields_value *value = NULL;
    struct problem problem = {0};
    struct text json = {(const char *)data, size};
    int error = fields_parse(json, &fields_limits_recipient, arena, &value, &problem);
    if (error != 0) {
        assert(error == -EINVAL || error == -EMSGSIZE);
        assert(strncmp(problem.rule, "fields_", 7) == 0);
        return 0;
    }
    check_canonical(value, arena);
    for (const struct fields_value *member = value->first; member != NULL; member = member->next) {
        assert(fields_find(value, member->name) == member);
    }
    return 0;
}
