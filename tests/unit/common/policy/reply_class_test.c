#include "common/policy/reply_class.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Stored in rows: these numbers may never change. */
static void numbers_are_frozen(void **state)
{
    (void)state;
    static const struct {
        uint8_t number;
        const char *name;
    } cases[] = {
        {0, ""},     {1, "bad-mailbox"}, {4, "bad-domain"}, {8, "reputation"}, {12, "rate-limited"},
        {17, "tls"}, {22, "other"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t number = 99;
        assert_string_equal(reply_class_name(cases[i].number), cases[i].name);
        assert_int_equal(reply_class_parse(text_of(cases[i].name), &number), 0);
        assert_int_equal(number, cases[i].number);
    }
}

static void every_number_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < REPLY_CLASS_LIMIT; i++) {
        uint8_t number = 99;
        assert_int_equal(reply_class_parse(text_of(reply_class_name(i)), &number), 0);
        assert_int_equal(number, i);
    }
    for (uint8_t i = 0; i < REPLY_BLAME_LIMIT; i++) {
        assert_non_null(reply_class_blame_name(i));
    }
    for (uint8_t i = 0; i < REPLY_STAGE_LIMIT; i++) {
        assert_non_null(reply_class_stage_name(i));
    }
    assert_string_equal(reply_class_stage_name(REPLY_STAGE_DOT), "dot");
    assert_string_equal(reply_class_blame_name(REPLY_BLAME_PATH), "path");
}

static void unknown_ones_are_told_apart(void **state)
{
    (void)state;
    uint8_t number = 99;
    assert_string_equal(reply_class_name(200), "unknown");
    assert_string_equal(reply_class_blame_name(200), "unknown");
    assert_string_equal(reply_class_stage_name(200), "unknown");
    assert_int_equal(reply_class_parse(TEXT("hard"), &number), -EINVAL);
    assert_int_equal(number, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_frozen),
        cmocka_unit_test(every_number_has_a_name_of_its_own),
        cmocka_unit_test(unknown_ones_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
