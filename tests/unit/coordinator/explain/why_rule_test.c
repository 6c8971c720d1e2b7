#include "coordinator/explain/why_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000)
#define NOW_S ((uint32_t)(NOW / 1000))

/* An untried recipient, due, with workers that have room. */
static struct why_facts untried(void)
{
    return (struct why_facts){.now_unix_ms = NOW,
                              .row = {.state = OUTCOME_PENDING},
                              .window = {.is_open = true},
                              .batch_rows = 10,
                              .workers = 1,
                              .owned_ips = 1,
                              .room = 500};
}

static struct why_facts with_row(uint8_t state, uint8_t gate, uint32_t due, uint8_t attempts)
{
    struct why_facts facts = untried();
    facts.row = (struct row){.state = state, .gate = gate, .due = due, .attempts = attempts};
    return facts;
}

static void check(const char *name, const struct why_facts *facts, uint8_t gate, int64_t until)
{
    struct why_answer answer;
    why_rule_explain(facts, &answer);
    if (answer.count == 0 || answer.gates[0].gate != gate ||
        answer.gates[0].until_unix_ms != until) {
        fail_msg("%s: %s until %lld", name,
                 answer.count == 0 ? "nothing" : rows_gate_name(answer.gates[0].gate),
                 answer.count == 0 ? 0LL : (long long)answer.gates[0].until_unix_ms);
    }
    assert_true(answer.gates[0].is_closed);
}

static void each_gate_binds_when_it_is_all_there_is(void **state)
{
    (void)state;
    struct why_facts facts = untried();
    check("its turn comes", &facts, GATE_WORKER_CREDIT, 0);
    facts = untried();
    facts.room = 0;
    facts.is_behind = true;
    check("no room", &facts, GATE_WORKER_CREDIT, 0);
    facts.room = 500;
    check("room, but not for its site", &facts, GATE_PATH_RATE, 0);
    facts.room = 0;
    facts.workers = 0;
    check("no worker", &facts, GATE_NO_SENDING_IP, 0);
    facts = untried();
    facts.owned_ips = 0;
    check("no IP", &facts, GATE_NO_SENDING_IP, 0);
    facts = with_row(OUTCOME_DEFERRED, GATE_RETRY_DUE, NOW_S + 60, 1);
    check("retry", &facts, GATE_RETRY_DUE, NOW + 60000);
    facts = with_row(OUTCOME_PENDING, GATE_NONE, NOW_S + 60, 0);
    check("a single message that is scheduled", &facts, GATE_SCHEDULED_FOR, NOW + 60000);
    facts = with_row(OUTCOME_PENDING, GATE_SITE_SUSPENDED, NOW_S + 60, 0);
    check("given back by a path", &facts, GATE_SITE_SUSPENDED, NOW + 60000);
    facts = with_row(OUTCOME_DEFERRED, GATE_QUARANTINED, ROWS_DUE_NEVER, 1);
    check("quarantined", &facts, GATE_QUARANTINED, 0);
    facts = with_row(OUTCOME_PENDING, GATE_DOMAIN_UNVERIFIED, 0, 0);
    check("what it came back with", &facts, GATE_DOMAIN_UNVERIFIED, 0);
    facts = untried();
    facts.lacks_key = true;
    check("no key", &facts, GATE_KEY_UNAVAILABLE, 0);
    facts = untried();
    facts.driver_gate = GATE_PAUSED;
    check("paused", &facts, GATE_PAUSED, 0);
    facts = untried();
    facts.is_stopped = true;
    facts.stop_until_unix_ms = NOW + 5;
    check("stopped", &facts, GATE_OPERATOR_STOP, NOW + 5);
    facts = untried();
    facts.has_windows = true;
    facts.window = (struct send_window_state){false, NOW / 1000 + 9};
    check("window", &facts, GATE_OUTSIDE_WINDOW, NOW + 9000);
    facts = untried();
    facts.place = WHY_HELD;
    facts.worker_gate = GATE_PATH_RATE;
    check("at a worker", &facts, GATE_PATH_RATE, 0);
    facts.place = WHY_SILENT;
    check("at a worker that is silent", &facts, GATE_WORKER_CREDIT, 0);
}

static void nothing_of_a_draft_waits(void **state)
{
    (void)state;
    struct why_facts facts = untried();
    struct why_answer answer;
    facts.is_draft = true;
    why_rule_explain(&facts, &answer);
    assert_int_equal(answer.count, 0);
}

static void limits_bind_as_the_script_decides(void **state)
{
    static const struct {
        struct why_limit limit;
        uint32_t rows;
        bool is_full;
    } cases[] = {
        {{.used = 90, .most = 100, .lane_used = 90, .lane_most = 100}, 10, false},
        {{.used = 91, .most = 100, .lane_used = 91, .lane_most = 100}, 10, true},
        {{.used = 50, .most = 100, .lane_used = 50, .lane_most = 55}, 10, true},
        {{.used = 0, .most = 5, .lane_used = 0, .lane_most = 5}, 10, false}, /* alone */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(why_rule_is_full(&cases[i].limit, cases[i].rows), cases[i].is_full);
    }
    struct why_facts facts = untried();
    facts.limits[0] = cases[0].limit;
    facts.limits[1] = cases[1].limit;
    facts.limits[1].is_campaign = true;
    facts.limits[1].frees_unix_ms = NOW + 700;
    facts.limit_count = 2;
    check("of the campaign", &facts, GATE_CAMPAIGN_LIMIT, NOW + 700);
    struct why_answer answer;
    why_rule_explain(&facts, &answer);
    assert_int_equal(answer.closed, 1);
    assert_int_equal(answer.gates[1].gate, GATE_TENANT_LIMIT);
    assert_false(answer.gates[1].is_closed);
    /* Nobody asks a limit for a recipient that is not due. */
    facts.row = (struct row){.state = OUTCOME_DEFERRED, .gate = GATE_RETRY_DUE, .due = NOW_S + 9};
    check("not due", &facts, GATE_RETRY_DUE, NOW + 9000);
}

static void paths_hold_when_all_are_closed(void **state)
{
    (void)state;
    struct why_facts facts = with_row(OUTCOME_DEFERRED, GATE_RETRY_DUE, NOW_S + 240, 1);
    facts.paths[0] = (struct why_path){GATE_SITE_SUSPENDED, NOW + 360000, 8000, 0, 0};
    facts.paths[1] = (struct why_path){GATE_SITE_SUSPENDED, NOW + 300000, 8000, 0, 0};
    facts.path_count = 2;
    facts.ahead = 61;
    struct why_answer answer;
    check("the first that opens", &facts, GATE_SITE_SUSPENDED, NOW + 300000);
    why_rule_explain(&facts, &answer);
    assert_int_equal(answer.closed, 2);
    assert_int_equal(answer.gates[1].gate, GATE_RETRY_DUE);
    facts.paths[1].gate = GATE_NONE;
    check("one is open", &facts, GATE_RETRY_DUE, NOW + 240000);
    why_rule_explain(&facts, &answer);
    assert_int_equal(answer.gates[1].gate, GATE_PATH_RATE);
    assert_int_equal(answer.gates[1].ahead, 61);
    assert_int_equal(answer.gates[1].adds_ms, 61 * 1000 / 8);
}

static void quotas_of_young_ips_hold_like_pauses(void **state)
{
    (void)state;
    struct why_facts facts = untried();
    facts.paths[0] = (struct why_path){GATE_WARMUP_QUOTA, NOW + 7200000, 0, 400, 400};
    facts.paths[1] = (struct why_path){GATE_SITE_SUSPENDED, NOW + 9000000, 0, 0, 0};
    facts.path_count = 2;
    check("the quota opens first", &facts, GATE_WARMUP_QUOTA, NOW + 7200000);
    facts.paths[0].gate = GATE_NONE;
    facts.path_count = 1;
    facts.paths[0].quota_used = 100;
    struct why_answer answer;
    why_rule_explain(&facts, &answer);
    assert_int_equal(answer.gates[answer.closed].gate, GATE_WARMUP_QUOTA);
    assert_int_equal(answer.gates[answer.closed].path, 0);
    facts.paths[1] = (struct why_path){GATE_NONE, 0, 0, 0, 0};
    facts.path_count = 2; /* a warm one */
    why_rule_explain(&facts, &answer);
    assert_int_equal(answer.count, answer.closed);
}

static void what_its_driver_decides_goes_first(void **state)
{
    (void)state;
    struct why_facts facts = with_row(OUTCOME_DEFERRED, GATE_RETRY_DUE, NOW_S + 60, 1);
    facts.driver_gate = GATE_PAUSED;
    facts.has_windows = true;
    facts.window = (struct send_window_state){false, NOW / 1000 + 9};
    struct why_answer answer;
    why_rule_explain(&facts, &answer);
    assert_int_equal(answer.closed, 3);
    assert_int_equal(answer.gates[0].gate, GATE_PAUSED);
    assert_int_equal(answer.gates[1].gate, GATE_OUTSIDE_WINDOW);
    assert_int_equal(answer.gates[2].gate, GATE_RETRY_DUE);
}

static void nothing_holds_what_has_ended_or_is_on_the_wire(void **state)
{
    (void)state;
    struct why_answer answer;
    struct why_facts facts = with_row(OUTCOME_DELIVERED, GATE_NONE, 0, 1);
    why_rule_explain(&facts, &answer);
    assert_int_equal(answer.count, 0);
    facts = untried();
    facts.place = WHY_ON_WIRE;
    why_rule_explain(&facts, &answer);
    assert_int_equal(answer.count, 0);
}

/* ---------------------------------------------------------------- any facts */

static uint64_t seed = 88172645463325252U;

static uint64_t number(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static int64_t moment(void)
{
    return number(3) == 0 ? 0 : NOW - 100000 + (int64_t)number(200000);
}

static struct why_facts any_facts(void)
{
    static const uint8_t states[] = {OUTCOME_PENDING, OUTCOME_DEFERRED};
    struct why_facts facts = {.now_unix_ms = NOW};
    facts.row.state = states[number(2)];
    facts.row.gate = (uint8_t)number(GATE_LIMIT);
    facts.row.due = number(4) == 0 ? ROWS_DUE_NEVER : (uint32_t)(moment() / 1000);
    facts.row.attempts = (uint8_t)number(3);
    facts.due_unix_ms = moment();
    facts.driver_gate = number(3) == 0 ? (uint8_t)number(GATE_LIMIT) : GATE_NONE;
    facts.scheduled_unix_ms = moment();
    facts.has_windows = number(2) == 0;
    facts.window = (struct send_window_state){number(2) == 0, NOW / 1000 + 60};
    facts.is_stopped = number(3) == 0;
    facts.stop_until_unix_ms = moment();
    facts.lacks_key = number(5) == 0;
    facts.limit_count = number(WHY_RULE_LIMITS_MAX + 1);
    for (size_t i = 0; i < facts.limit_count; i++) {
        facts.limits[i] = (struct why_limit){number(2) == 0, number(100), number(100), number(50),
                                             number(50),     10000,       moment()};
    }
    facts.batch_rows = (uint32_t)number(50) + 1;
    facts.workers = number(3);
    facts.owned_ips = number(3);
    facts.room = number(2) * 500;
    facts.place = (enum why_place)number(WHY_ON_WIRE);
    facts.worker_gate = (uint8_t)(1 + number(GATE_LIMIT - 1));
    facts.ahead = number(1000);
    facts.path_count = number(4);
    for (size_t i = 0; i < facts.path_count; i++) {
        facts.paths[i] =
            (struct why_path){(uint8_t)(number(2) == 0 ? GATE_WARMUP_QUOTA + number(4) : GATE_NONE),
                              moment(), number(2) * 1000, number(100), number(2) * 100};
    }
    return facts;
}

/* I7: exactly one gate binds an open row, whatever is so; each stands there once, in order. */
static void any_open_row_has_one_binding_gate(void **state)
{
    (void)state;
    for (int turn = 0; turn < 20000; turn++) {
        struct why_facts facts = any_facts();
        struct why_answer answer;
        why_rule_explain(&facts, &answer);
        assert_true(answer.count > 0 && answer.closed > 0 && answer.closed <= answer.count);
        bool is_seen[GATE_LIMIT] = {false};
        for (size_t i = 0; i < answer.count; i++) {
            uint8_t gate = answer.gates[i].gate;
            assert_true(gate != GATE_NONE && gate < GATE_LIMIT && !is_seen[gate]);
            assert_int_equal(answer.gates[i].is_closed, i < answer.closed);
            is_seen[gate] = true;
        }
        uint8_t first = answer.gates[0].gate;
        if (facts.driver_gate != GATE_NONE) {
            assert_int_equal(first, facts.driver_gate);
        }
        for (size_t i = 1; i < answer.closed; i++) {
            bool is_special = i == 1 && (first == facts.driver_gate || first == GATE_QUARANTINED);
            bool is_second = answer.gates[i - 1].gate == GATE_QUARANTINED;
            assert_true(is_special || is_second || answer.gates[i - 1].gate < answer.gates[i].gate);
        }
        struct why_estimate estimate = why_rule_estimate(&facts, &answer, NULL, 0);
        assert_true(estimate.at_unix_ms == 0 ||
                    (estimate.from_unix_ms <= estimate.at_unix_ms &&
                     estimate.at_unix_ms <= estimate.to_unix_ms && estimate.from_unix_ms >= NOW));
    }
}

static void nobody_can_say_when_a_person_must_act(void **state)
{
    static const uint8_t gates[] = {GATE_PAUSED, GATE_QUARANTINED, GATE_AWAITING_APPROVAL,
                                    GATE_CLOCK_DOUBT};
    (void)state;
    for (size_t i = 0; i < sizeof gates; i++) {
        struct why_facts facts = untried();
        struct why_answer answer;
        facts.driver_gate = gates[i];
        why_rule_explain(&facts, &answer);
        assert_int_equal(why_rule_estimate(&facts, &answer, NULL, 0).at_unix_ms, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_gate_binds_when_it_is_all_there_is),
        cmocka_unit_test(nothing_of_a_draft_waits),
        cmocka_unit_test(limits_bind_as_the_script_decides),
        cmocka_unit_test(paths_hold_when_all_are_closed),
        cmocka_unit_test(quotas_of_young_ips_hold_like_pauses),
        cmocka_unit_test(what_its_driver_decides_goes_first),
        cmocka_unit_test(nothing_holds_what_has_ended_or_is_on_the_wire),
        cmocka_unit_test(any_open_row_has_one_binding_gate),
        cmocka_unit_test(nobody_can_say_when_a_person_must_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
