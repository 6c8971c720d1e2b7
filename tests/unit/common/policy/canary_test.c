#include "common/policy/canary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void limits_may_be_reached(void **state)
{
    (void)state;
    static const struct canary_limits usual = {50, 500};
    static const struct canary_limits strict = {0, 0};
    static const struct canary_limits all = {1000, 1000};
    static const struct {
        const struct canary_limits *limits;
        struct canary_counts counts;
        enum canary_verdict verdict;
    } cases[] = {
        /* recipients, delivered, bounced, unknown, failed, deferred */
        {&usual, {100, 100, 0, 0, 0, 0}, CANARY_GOOD},
        {&usual, {100, 95, 5, 5, 0, 0}, CANARY_GOOD},
        {&usual, {100, 94, 6, 0, 0, 0}, CANARY_BOUNCED},
        {&usual, {100, 94, 3, 0, 3, 0}, CANARY_BOUNCED},
        {&usual, {100, 0, 0, 0, 1, 0}, CANARY_BOUNCED},
        {&usual, {100, 50, 0, 0, 0, 50}, CANARY_GOOD},
        {&usual, {100, 49, 0, 0, 0, 51}, CANARY_DEFERRED},
        {&usual, {100, 18, 1, 0, 0, 81}, CANARY_BOUNCED}, /* of those that ended */
        {&usual, {10, 0, 0, 0, 0, 0}, CANARY_NOTHING},    /* all suppressed */
        {&usual, {10, 0, 0, 0, 0, 5}, CANARY_NOTHING},
        {&strict, {1000, 1000, 0, 0, 0, 0}, CANARY_GOOD},
        {&strict, {1000, 999, 1, 0, 0, 0}, CANARY_BOUNCED},
        {&strict, {1000, 999, 0, 0, 0, 1}, CANARY_DEFERRED},
        {&all, {10, 0, 10, 10, 0, 0}, CANARY_NOTHING},
        {&all, {10, 1, 5, 0, 0, 4}, CANARY_GOOD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(canary_judge(cases[i].limits, &cases[i].counts), cases[i].verdict);
    }
}

static void it_says_what_it_counted(void **state)
{
    (void)state;
    static const struct canary_limits limits = {25, 500};
    static const struct {
        enum canary_verdict verdict;
        struct canary_counts counts;
        const char *text;
    } cases[] = {
        {CANARY_GOOD,
         {50, 48, 1, 1, 0, 1},
         "canary: 1 of 49 bounced or failed (2.0 %), 1 for mailboxes that do not exist; the limit "
         "is 2.5 %"},
        {CANARY_BOUNCED,
         {50, 25, 20, 4, 5, 0},
         "canary: 25 of 50 bounced or failed (50.0 %), 4 for mailboxes that do not exist; the "
         "limit is 2.5 %"},
        {CANARY_DEFERRED,
         {50, 10, 0, 0, 0, 40},
         "canary: 40 of 50 are still deferred after the wait; the limit is 50.0 %"},
        {CANARY_NOTHING, {50, 0, 0, 0, 0, 0}, "canary: of 50 recipients none was delivered to"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[CANARY_TEXT_BYTES];
        canary_tell(cases[i].verdict, &limits, &cases[i].counts, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_may_be_reached),
        cmocka_unit_test(it_says_what_it_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
