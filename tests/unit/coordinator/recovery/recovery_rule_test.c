#include "coordinator/recovery/recovery_rule.h"

#include "hikyaku/v1/api.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define STATE(name) HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_##name
#define ASSUME(name) HIKYAKU__V1__RESTORE_ASSUME__RESTORE_ASSUME_##name
#define LOST 1000000

struct expectation {
    uint8_t state;
    int64_t scheduled;
    uint8_t assume;
    bool keeps_drafts;
    bool cancels;
    bool frees;
    bool may_all_be_sent;
    bool holds;
};

static const struct expectation cases[] = {
    /* As each campaign wants. */
    {STATE(RUNNING), 0, ASSUME(POLICY), false, false, true, true, false},
    {STATE(RUNNING), LOST - 1, ASSUME(POLICY), false, false, true, true, false},
    {STATE(PAUSED), 0, ASSUME(POLICY), false, false, true, true, false},
    {STATE(CANCELLING), 0, ASSUME(POLICY), false, false, true, true, false},
    {STATE(AWAITING_APPROVAL), 0, ASSUME(POLICY), false, false, true, true, false},
    /* What was to start before the loss may have; what was to start later has not. */
    {STATE(SCHEDULED), LOST, ASSUME(POLICY), false, false, true, true, false},
    {STATE(SCHEDULED), LOST + 1, ASSUME(POLICY), false, false, true, false, false},
    {STATE(PAUSED), LOST + 1, ASSUME(POLICY), false, false, true, false, false},
    /* A draft may have been submitted. */
    {STATE(DRAFT), 0, ASSUME(POLICY), false, true, false, false, false},
    {STATE(DRAFT), 0, ASSUME(POLICY), true, false, false, false, false},
    {STATE(DRAFT), 0, ASSUME(UNCERTAIN), false, true, false, false, true},
    {STATE(DRAFT), 0, ASSUME(UNSENT), false, false, false, false, false},
    /* Nothing was sent: only claims are freed. */
    {STATE(RUNNING), 0, ASSUME(UNSENT), false, false, true, false, false},
    {STATE(RUNNING), 0, ASSUME(UNCERTAIN), false, false, true, true, true},
    {STATE(COMPLETED), 0, ASSUME(POLICY), false, false, false, false, false},
    {STATE(CANCELLED), 0, ASSUME(UNCERTAIN), false, false, false, false, true},
    {STATE(REJECTED), 0, ASSUME(POLICY), false, false, false, false, false},
    /* Of a newer version: as one that may have run. */
    {200, 0, ASSUME(POLICY), false, false, true, true, false},
    {200, 0, ASSUME(UNSENT), false, false, true, false, false},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct expectation *expected = &cases[i];
        const struct store_restored_decision decision = {.assume = expected->assume,
                                                         .keeps_drafts = expected->keeps_drafts,
                                                         .lost_unix_ms = LOST};
        struct recovery_step step;
        recovery_rule_decide(expected->state, expected->scheduled, &decision, &step);
        print_message("case %zu\n", i);
        assert_int_equal(step.cancels, expected->cancels);
        assert_int_equal(step.frees, expected->frees);
        assert_int_equal(step.may_all_be_sent, expected->may_all_be_sent);
        assert_int_equal(step.holds, expected->holds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
