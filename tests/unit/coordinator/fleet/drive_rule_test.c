#include "coordinator/fleet/drive_rule.h"

#include "hikyaku/v1/api.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define STATE(name) HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_##name
#define HOUR ((int64_t)3600 * 1000)
#define NOW (1000 * HOUR)

/* What is expected of a campaign in one state at one time. */
struct rule_case {
    const char *name;
    struct drive_facts facts;
    bool is_doubted;
    struct drive_decision expected;
};

static const struct rule_case cases[] = {
    {"a draft is not driven", {.state = STATE(DRAFT)}, false, {.is_over = true}},
    {"scheduled, not its time",
     {.state = STATE(SCHEDULED), .scheduled_unix_ms = NOW + 1},
     false,
     {.gate = GATE_SCHEDULED_FOR, .until_unix_ms = NOW + 1}},
    {"scheduled, its time",
     {.state = STATE(SCHEDULED), .scheduled_unix_ms = NOW},
     false,
     {.starts = true, .gate = GATE_SCHEDULED_FOR, .until_unix_ms = NOW}},
    {"scheduled, its time, clocks differ (I10)",
     {.state = STATE(SCHEDULED), .scheduled_unix_ms = NOW},
     true,
     {.gate = GATE_CLOCK_DOUBT, .until_unix_ms = NOW}},
    {"scheduled but expired (I10)",
     {.state = STATE(SCHEDULED), .scheduled_unix_ms = NOW - 2, .expires_unix_ms = NOW},
     false,
     {.sweeps = OUTCOME_EXPIRED, .gate = GATE_SCHEDULED_FOR, .until_unix_ms = NOW - 2}},
    {"running", {.state = STATE(RUNNING), .expires_unix_ms = NOW + 1}, false, {.offers = true}},
    {"running but expired",
     {.state = STATE(RUNNING), .expires_unix_ms = NOW},
     false,
     {.sweeps = OUTCOME_EXPIRED}},
    {"running, expired by a clock in doubt (I10)",
     {.state = STATE(RUNNING), .expires_unix_ms = NOW},
     true,
     {.gate = GATE_CLOCK_DOUBT}},
    {"running, clocks differ: nothing is offered (I10)",
     {.state = STATE(RUNNING)},
     true,
     {.gate = GATE_CLOCK_DOUBT}},
    {"running, but an operator has stopped it",
     {.state = STATE(RUNNING), .held_by = GATE_OPERATOR_STOP, .held_until_unix_ms = NOW + 5},
     false,
     {.gate = GATE_OPERATOR_STOP, .until_unix_ms = NOW + 5}},
    {"stopped, but expired (I10)",
     {.state = STATE(RUNNING), .expires_unix_ms = NOW, .held_by = GATE_OPERATOR_STOP},
     false,
     {.sweeps = OUTCOME_EXPIRED}},
    {"paused", {.state = STATE(PAUSED), .expires_unix_ms = NOW + 1}, false, {.gate = GATE_PAUSED}},
    {"paused and expired",
     {.state = STATE(PAUSED), .expires_unix_ms = NOW},
     false,
     {.sweeps = OUTCOME_EXPIRED, .gate = GATE_PAUSED}},
    {"cancelling", {.state = STATE(CANCELLING)}, true, {.sweeps = OUTCOME_CANCELLED}},
    {"waiting for approval",
     {.state = STATE(AWAITING_APPROVAL)},
     false,
     {.gate = GATE_AWAITING_APPROVAL}},
    {"waiting for approval until later",
     {.state = STATE(AWAITING_APPROVAL), .approve_by_unix_ms = NOW + 1},
     false,
     {.gate = GATE_AWAITING_APPROVAL}},
    {"nobody has approved in time",
     {.state = STATE(AWAITING_APPROVAL), .approve_by_unix_ms = NOW, .expires_unix_ms = NOW + 1},
     false,
     {.lapses = true, .gate = GATE_AWAITING_APPROVAL}},
    {"nobody has approved in time, clocks differ (I10)",
     {.state = STATE(AWAITING_APPROVAL), .approve_by_unix_ms = NOW},
     true,
     {.gate = GATE_AWAITING_APPROVAL}},
    {"expired while it waited for approval (I10)",
     {.state = STATE(AWAITING_APPROVAL), .approve_by_unix_ms = NOW, .expires_unix_ms = NOW},
     false,
     {.sweeps = OUTCOME_EXPIRED, .gate = GATE_AWAITING_APPROVAL}},
    {"cancelled", {.state = STATE(CANCELLED)}, false, {.is_over = true}},
    {"completed", {.state = STATE(COMPLETED)}, false, {.is_over = true}},
    {"rejected", {.state = STATE(REJECTED)}, false, {.is_over = true}},
    {"a state of a later version", {.state = 200}, false, {.is_over = true}},
    {"a container in its hour",
     {.state = STATE(RUNNING), .is_container = true, .created_unix_ms = NOW - 1},
     false,
     {.offers = true, .expires_each = true}},
    {"a container past its hour, in the grace",
     {.state = STATE(RUNNING), .is_container = true, .created_unix_ms = NOW - HOUR},
     false,
     {.offers = true, .expires_each = true}},
    {"a container past its hour",
     {.state = STATE(RUNNING), .is_container = true, .created_unix_ms = NOW - 2 * HOUR},
     false,
     {.offers = true, .expires_each = true, .closes = true}},
    {"a container past its hour, clocks differ",
     {.state = STATE(RUNNING), .is_container = true, .created_unix_ms = NOW - 2 * HOUR},
     true,
     {.gate = GATE_CLOCK_DOUBT}},
    {"a paused container still expires",
     {.state = STATE(PAUSED), .is_container = true, .created_unix_ms = NOW},
     false,
     {.gate = GATE_PAUSED, .expires_each = true}},
};

static void each_state_says_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rule_case *c = &cases[i];
        const struct drive_time time = {.now_unix_ms = NOW, .is_doubted = c->is_doubted};
        struct drive_decision got;
        drive_rule_decide(&c->facts, &time, &got);
        enum outcome sweeps = c->expected.sweeps == 0 ? OUTCOME_PENDING : c->expected.sweeps;
        if (got.is_over != c->expected.is_over || got.starts != c->expected.starts ||
            got.lapses != c->expected.lapses || got.closes != c->expected.closes ||
            got.offers != c->expected.offers || got.expires_each != c->expected.expires_each ||
            got.sweeps != sweeps || got.gate != c->expected.gate ||
            got.until_unix_ms != c->expected.until_unix_ms) {
            fail_msg("%s", c->name);
        }
    }
}

/* A store that was loaded from a backup: nothing at all is done, and it says so. */
static void nothing_is_done_while_all_is_stopped(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 256 * 2 * 2 * 2; i++) {
        const struct drive_facts facts = {.state = (uint8_t)(i % 256),
                                          .is_container = i / 256 % 2 == 1,
                                          .created_unix_ms = NOW - 3 * HOUR,
                                          .scheduled_unix_ms = NOW - HOUR,
                                          .expires_unix_ms = i / 512 % 2 == 1 ? NOW : 0};
        const struct drive_time time = {
            .now_unix_ms = NOW, .is_doubted = i / 1024 == 1, .is_stopped = true};
        struct drive_decision got;
        drive_rule_decide(&facts, &time, &got);
        assert_false(got.starts || got.closes || got.offers || got.expires_each);
        assert_int_equal(got.sweeps, OUTCOME_PENDING);
        assert_int_equal(got.gate, got.is_over ? GATE_NONE : GATE_OPERATOR_STOP);
    }
}

/* I7: whatever is neither offered, nor swept, nor over stands under a gate. */
static void nothing_waits_without_a_gate(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 256 * 2 * 2 * 2; i++) {
        const struct drive_facts facts = {.state = (uint8_t)(i % 256),
                                          .is_container = i / 256 % 2 == 1,
                                          .created_unix_ms = NOW - 3 * HOUR,
                                          .scheduled_unix_ms = NOW + HOUR,
                                          .expires_unix_ms = i / 512 % 2 == 1 ? NOW : 0};
        const struct drive_time time = {.now_unix_ms = NOW, .is_doubted = i / 1024 == 1};
        struct drive_decision got;
        drive_rule_decide(&facts, &time, &got);
        assert_true(got.offers || got.is_over || got.sweeps != OUTCOME_PENDING ||
                    got.gate != GATE_NONE);
        assert_false(got.offers && got.sweeps != OUTCOME_PENDING);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_says_what_to_do),
        cmocka_unit_test(nothing_is_done_while_all_is_stopped),
        cmocka_unit_test(nothing_waits_without_a_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
