#include "common/policy/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* J6, G13. */
static void limits_are_reached_not_passed(void **state)
{
    (void)state;
    static const struct breaker_limits usual = {1000, 100, 50, 3};
    static const struct breaker_limits off = {1000, 0, 0, 0};
    static const struct breaker_limits at_once = {0, 100, 50, 3};
    static const struct {
        const struct breaker_limits *limits;
        struct breaker_counts counts;
        enum breaker_reason reason;
    } cases[] = {
        {&usual, {0, 0, 0, 0}, BREAKER_NONE},
        {&usual, {0, 999, 999, 0}, BREAKER_NONE},
        {&usual, {0, 1000, 0, 0}, BREAKER_BOUNCED},
        {&usual, {901, 99, 49, 0}, BREAKER_NONE},
        {&usual, {900, 100, 49, 0}, BREAKER_BOUNCED},
        {&usual, {950, 50, 50, 0}, BREAKER_UNKNOWN},
        {&usual, {951, 50, 50, 0}, BREAKER_NONE},
        {&usual, {500, 500, 500, 0}, BREAKER_UNKNOWN},
        {&usual, {UINT32_MAX, UINT32_MAX, 0, 0}, BREAKER_BOUNCED},
        {&off, {0, 5000, 5000, 0}, BREAKER_NONE},
        {&usual, {1000, 0, 0, 2}, BREAKER_NONE},
        {&usual, {1000, 0, 0, 3}, BREAKER_COMPLAINED},
        {&usual, {1001, 0, 0, 3}, BREAKER_NONE},
        {&usual, {999, 0, 0, 999}, BREAKER_NONE},
        {&usual, {999, 99, 0, 999}, BREAKER_NONE}, /* of the delivered: too few */
        {&usual, {1000, 1000, 1000, 3}, BREAKER_COMPLAINED},
        {&off, {5000, 0, 0, 5000}, BREAKER_NONE},
        {&at_once, {1, 0, 0, 1}, BREAKER_COMPLAINED},
        {&at_once, {0, 0, 0, 0}, BREAKER_NONE},
        {&at_once, {0, 1, 0, 0}, BREAKER_BOUNCED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(breaker_judge(cases[i].limits, &cases[i].counts), cases[i].reason);
    }
}

static void it_says_what_it_counted(void **state)
{
    (void)state;
    static const struct breaker_limits limits = {1000, 100, 55, 3};
    char text[BREAKER_TEXT_BYTES];
    breaker_tell(BREAKER_UNKNOWN, &limits, &(struct breaker_counts){942, 62, 62, 0}, text);
    assert_string_equal(text,
                        "breaker: 62 of 1004 mailboxes do not exist (6.1 %), the limit is 5.5 %");
    breaker_tell(BREAKER_BOUNCED, &limits, &(struct breaker_counts){0, UINT32_MAX, 1, 0}, text);
    assert_string_equal(
        text, "breaker: 4294967295 of 4294967295 messages bounced (100.0 %), the limit is 10.0 %");
    breaker_tell(BREAKER_COMPLAINED, &limits, &(struct breaker_counts){2000, 500, 0, 7}, text);
    assert_string_equal(text,
                        "breaker: 7 of 2000 recipients complained (0.3 %), the limit is 0.3 %");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_reached_not_passed),
        cmocka_unit_test(it_says_what_it_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
