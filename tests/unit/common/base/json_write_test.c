#include "common/base/json_write.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void strings_are_escaped(void **state)
{
    static const struct {
        struct text text;
        const char *json;
    } cases[] = {
        {{"", 0}, "\"\""},
        {{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
        {{"\n\0\x7f", 3}, "\"\\u000a\\u0000\\u007f\""},
        {{"\xe5\xb1\xb1", 3}, "\"\xe5\xb1\xb1\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(buffer_finish) struct buffer out = {0};
        json_write_string(&out, cases[i].text);
        assert_true(text_equal(buffer_text(&out), text_of(cases[i].json)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
