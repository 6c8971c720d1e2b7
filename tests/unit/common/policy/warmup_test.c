#include "common/policy/warmup.h"

#include "common/policy/reply_class.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TODAY 20782U

static struct warmup_plan two_weeks(void)
{
    struct warmup_plan plan;
    assert_int_equal(warmup_plan_grow(50, 1700, 50000, &plan), 0);
    return plan;
}

/* M6: about two weeks from nothing to full volume. */
static void a_plan_grows_to_its_last_day(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    assert_in_range(plan.days, 13, 15);
    assert_int_equal(plan.volumes[0], 50);
    assert_int_equal(plan.volumes[1], 85);
    assert_int_equal(plan.volumes[plan.days - 1], 50000);
    for (uint16_t day = 1; day < plan.days; day++) {
        assert_true(plan.volumes[day] > plan.volumes[day - 1]);
    }
    /* Even where the factor alone would stand still. */
    assert_int_equal(warmup_plan_grow(1, 1001, 10, &plan), 0);
    assert_int_equal(plan.days, 10);
    assert_int_equal(warmup_plan_grow(7, 2000, 7, &plan), 0);
    assert_int_equal(plan.days, 1);
}

static void a_plan_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct warmup_plan plan = {.days = 3};
    assert_int_equal(warmup_plan_grow(0, 1500, 10, &plan), -EINVAL);
    assert_int_equal(warmup_plan_grow(10, 1000, 100, &plan), -EINVAL);
    assert_int_equal(warmup_plan_grow(10, 1500, 9, &plan), -EINVAL);
    assert_int_equal(warmup_plan_grow(1, 1001, 100, &plan), -ERANGE);
    assert_int_equal(plan.days, 3);
}

/* The faulty ones of this kind leave the first day without a limit. */
static void the_first_day_is_limited(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    struct warmup warmup = {.day = 0};
    assert_int_equal(warmup_day_quota(&plan, &warmup), 50);
    assert_true(warmup_turn(&plan, &warmup, TODAY));
    assert_int_equal(warmup_day_quota(&plan, &warmup), 50);
    assert_int_equal(warmup_hour_quota(50, 125), 7);
    assert_int_equal(warmup_hour_quota(1, 1), 1);
    warmup_note(&warmup, WARMUP_BACK);
    assert_int_equal(warmup_day_quota(&plan, &warmup), 25);
    const struct warmup_plan smallest = {.volumes = {1}, .days = 1};
    assert_int_equal(warmup_day_quota(&smallest, &warmup), 1);
}

static void used_days_lead_to_the_end(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    struct warmup warmup = {.day = 0};
    for (uint16_t day = 0; day < plan.days; day++) {
        assert_true(warmup_turn(&plan, &warmup, TODAY + day));
        assert_false(warmup_is_warm(&plan, &warmup));
        assert_int_equal(warmup_day_quota(&plan, &warmup), plan.volumes[day]);
        warmup_used(&warmup, plan.volumes[day]);
    }
    assert_true(warmup_turn(&plan, &warmup, TODAY + plan.days));
    assert_true(warmup_is_warm(&plan, &warmup));
    assert_int_equal(warmup_day_quota(&plan, &warmup), WARMUP_NO_LIMIT);
    assert_int_equal(warmup_hour_quota(WARMUP_NO_LIMIT, 125), WARMUP_NO_LIMIT);
    /* No plan: warm at once. */
    const struct warmup_plan none = {.days = 0};
    assert_int_equal(warmup_day_quota(&none, &(struct warmup){.day = 0}), WARMUP_NO_LIMIT);
}

static void a_day_that_was_hardly_used_does_not_count(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    struct warmup warmup = {.stage = 3, .day = TODAY, .sent_day = TODAY};
    warmup_used(&warmup, plan.volumes[3] / 2 - 1);
    assert_true(warmup_turn(&plan, &warmup, TODAY + 1));
    assert_int_equal(warmup.stage, 3);
    warmup_used(&warmup, plan.volumes[3] / 2 + 1);
    assert_true(warmup_turn(&plan, &warmup, TODAY + 2));
    assert_int_equal(warmup.stage, 4);
    assert_int_equal(warmup.used, 0);
}

static void thirty_idle_days_halve_the_stage(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    static const struct {
        uint32_t idle;
        uint16_t stage;
    } cases[] = {{1, 12}, {29, 12}, {30, 6}, {59, 6}, {60, 3}, {90, 1}, {120, 0}, {4000, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct warmup warmup = {.stage = 12, .day = TODAY, .sent_day = TODAY, .used = 1};
        assert_true(warmup_turn(&plan, &warmup, TODAY + cases[i].idle));
        assert_int_equal(warmup.stage, cases[i].stage);
        /* The same whether somebody looked each day or not. */
        struct warmup daily = {.stage = 12, .day = TODAY, .sent_day = TODAY, .used = 1};
        for (uint32_t day = 1; day <= cases[i].idle; day++) {
            assert_true(warmup_turn(&plan, &daily, TODAY + day));
        }
        assert_int_equal(daily.stage, cases[i].stage);
    }
    struct warmup warm = {.stage = plan.days, .day = TODAY, .sent_day = TODAY};
    assert_true(warmup_turn(&plan, &warm, TODAY + 30));
    assert_int_equal(warm.stage, plan.days / 2);
}

static void a_clock_that_steps_gives_nothing_away(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    struct warmup warmup = {.stage = 5, .day = TODAY, .sent_day = TODAY, .used = 400};
    assert_false(warmup_turn(&plan, &warmup, TODAY));
    assert_false(warmup_turn(&plan, &warmup, TODAY - 1));
    assert_false(warmup_turn(&plan, &warmup, 0));
    assert_int_equal(warmup.used, 400);
    assert_int_equal(warmup.day, TODAY);
    /* Far forward and back again: one stage, one quota, no more. */
    warmup_used(&warmup, plan.volumes[5]);
    assert_true(warmup_turn(&plan, &warmup, TODAY + 9));
    assert_int_equal(warmup.stage, 6);
    warmup_used(&warmup, plan.volumes[6]);
    assert_false(warmup_turn(&plan, &warmup, TODAY + 1));
    assert_int_equal(warmup.used, plan.volumes[6]);
}

static void bad_signals_slow_it_down(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    struct warmup warmup = {.stage = 6, .day = TODAY, .sent_day = TODAY};
    warmup_used(&warmup, plan.volumes[6]);
    warmup_note(&warmup, WARMUP_STAY);
    assert_int_equal(warmup_day_quota(&plan, &warmup), plan.volumes[6]);
    assert_true(warmup_turn(&plan, &warmup, TODAY + 1));
    assert_int_equal(warmup.stage, 6);
    warmup_used(&warmup, plan.volumes[6]);
    warmup_note(&warmup, WARMUP_BACK);
    warmup_note(&warmup, WARMUP_GROW); /* the worst stands */
    assert_int_equal(warmup_day_quota(&plan, &warmup), plan.volumes[5]);
    assert_true(warmup_turn(&plan, &warmup, TODAY + 2));
    assert_int_equal(warmup.stage, 5);
    assert_int_equal(warmup_day_quota(&plan, &warmup), plan.volumes[5]);
}

static void a_frozen_one_keeps_its_stage(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    struct warmup warmup = {.stage = 6, .day = TODAY, .sent_day = TODAY, .is_frozen = 1};
    warmup_used(&warmup, plan.volumes[6]);
    assert_true(warmup_turn(&plan, &warmup, TODAY + 1));
    warmup_note(&warmup, WARMUP_BACK);
    assert_true(warmup_turn(&plan, &warmup, TODAY + 100));
    assert_int_equal(warmup.stage, 6);
}

static void what_is_stored_is_not_trusted(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    const struct warmup good = {.stage = 3,
                                .verdict = WARMUP_STAY,
                                .is_frozen = 1,
                                .day = TODAY,
                                .sent_day = TODAY - 1,
                                .used = 77,
                                .seen = {9, 8, 7, 6, 5}};
    unsigned char stored[WARMUP_SIZE];
    struct warmup read;
    warmup_encode(&good, stored);
    assert_int_equal(warmup_decode(&plan, (struct text){(char *)stored, WARMUP_SIZE}, &read), 0);
    assert_int_equal(read.stage, 3);
    assert_int_equal(read.verdict, WARMUP_STAY);
    assert_int_equal(read.is_frozen, 1);
    assert_int_equal(read.day, TODAY);
    assert_int_equal(read.sent_day, TODAY - 1);
    assert_int_equal(read.used, 77);
    assert_memory_equal(&read.seen, &good.seen, sizeof read.seen);

    const struct warmup bad = {
        .stage = 9999, .verdict = 77, .is_frozen = 9, .day = TODAY, .sent_day = TODAY + 5};
    warmup_encode(&bad, stored);
    assert_int_equal(warmup_decode(&plan, (struct text){(char *)stored, WARMUP_SIZE}, &read), 0);
    assert_int_equal(read.stage, plan.days);
    assert_int_equal(read.verdict, WARMUP_BACK);
    assert_int_equal(read.is_frozen, 1);
    assert_int_equal(read.sent_day, TODAY);

    for (size_t size = 0; size < WARMUP_SIZE; size++) {
        assert_int_equal(warmup_decode(&plan, (struct text){(char *)stored, size}, &read), -EPROTO);
    }
    stored[0] = 2;
    assert_int_equal(warmup_decode(&plan, (struct text){(char *)stored, WARMUP_SIZE}, &read),
                     -EPROTO);
}

/* J6, G13. */
static void signals_are_judged(void **state)
{
    (void)state;
    static const struct {
        struct warmup_signals signals;
        enum warmup_verdict verdict;
    } cases[] = {
        {{.attempts = 0}, WARMUP_GROW},
        {{.attempts = 1000, .deferred = 99, .blocked = 9, .unknown = 49}, WARMUP_GROW},
        {{.attempts = 49, .deferred = 49}, WARMUP_GROW},
        {{.attempts = 50, .deferred = 5}, WARMUP_STAY},
        {{.attempts = 1000, .deferred = 900}, WARMUP_STAY},
        {{.attempts = 19, .blocked = 19}, WARMUP_GROW},
        {{.attempts = 20, .blocked = 1}, WARMUP_BACK},
        {{.attempts = 100, .blocked = 1}, WARMUP_STAY},
        {{.attempts = 99, .unknown = 99}, WARMUP_GROW},
        {{.attempts = 100, .unknown = 5}, WARMUP_STAY},
        {{.attempts = 100, .unknown = 10}, WARMUP_BACK},
        {{.attempts = 999, .complained = 999}, WARMUP_GROW},
        {{.attempts = 10000, .complained = 9}, WARMUP_GROW},
        {{.attempts = 10000, .complained = 10}, WARMUP_STAY},
        {{.attempts = 10000, .complained = 30}, WARMUP_BACK},
        {{.attempts = UINT32_MAX, .blocked = UINT32_MAX}, WARMUP_BACK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(warmup_judge(&cases[i].signals), cases[i].verdict);
    }
}

/* What servers say during the day is enough: less at once, for what is stored as well. */
static void what_servers_say_is_heard(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    struct warmup warmup = {.stage = 6, .day = TODAY, .sent_day = TODAY};
    for (int i = 0; i < 95; i++) {
        assert_false(warmup_heard(&warmup, REPLY_CLASS_NONE, 250));
        assert_false(warmup_heard(&warmup, REPLY_CLASS_GREYLISTED, 451));
    }
    assert_int_equal(warmup.verdict, WARMUP_GROW);
    assert_int_equal(warmup.seen.deferred, 0);
    assert_false(warmup_heard(&warmup, REPLY_CLASS_REPUTATION, 421));
    assert_true(warmup_heard(&warmup, REPLY_CLASS_REPUTATION, 550));
    assert_int_equal(warmup.verdict, WARMUP_STAY);
    for (int i = 0; i < 9; i++) {
        (void)warmup_heard(&warmup, REPLY_CLASS_REPUTATION, 550);
    }
    assert_int_equal(warmup.verdict, WARMUP_BACK);
    assert_int_equal(warmup_day_quota(&plan, &warmup), plan.volumes[5]);
    for (int i = 0; i < 50; i++) {
        (void)warmup_heard(&warmup, REPLY_CLASS_BAD_MAILBOX, 550);
    }
    assert_int_equal(warmup.seen.unknown, 50);
    assert_true(warmup_turn(&plan, &warmup, TODAY + 1));
    assert_int_equal(warmup.seen.attempts, 0);
    assert_int_equal(warmup.stage, 5);
    for (int i = 0; i < 1000; i++) {
        (void)warmup_heard(&warmup, REPLY_CLASS_NONE, 250);
    }
    assert_true(warmup_complained(&warmup));
    assert_int_equal(warmup.verdict, WARMUP_STAY);
}

static void slices_are_small_and_fit(void **state)
{
    (void)state;
    assert_int_equal(warmup_slice(50, 50), 1);
    assert_int_equal(warmup_slice(5000, 5000), 100);
    assert_int_equal(warmup_slice(5000, 7), 7);
    assert_int_equal(warmup_slice(5000, 0), 0);
    assert_int_equal(warmup_slice(4000000000U, 4000000000U), 1000);
}

/* Two workers one after the other, a clock that jumps, any signals: on no day more than that day's
 * quota, and never above the last volume before the plan is done. */
static void nothing_exceeds_the_quota_of_a_day(void **state)
{
    (void)state;
    struct warmup_plan plan = two_weeks();
    for (unsigned int seed = 1; seed <= 300; seed++) {
        unsigned int random = seed;
        struct warmup stored = {.day = 0};
        uint32_t day = TODAY;
        uint32_t used_of_day = 0;
        for (int i = 0; i < 400; i++) {
            /* A worker takes over: it knows what was stored. */
            unsigned char bytes[WARMUP_SIZE];
            struct warmup mine;
            warmup_encode(&stored, bytes);
            assert_int_equal(warmup_decode(&plan, (struct text){(char *)bytes, WARMUP_SIZE}, &mine),
                             0);
            uint32_t seen = day + (uint32_t)(rand_r(&random) % 3) - 1;
            uint16_t before = mine.stage;
            if (warmup_turn(&plan, &mine, seen)) {
                used_of_day = 0;
                assert_true(mine.stage <= before + 1);
            }
            if (rand_r(&random) % 20 == 0) {
                warmup_note(&mine, (enum warmup_verdict)(rand_r(&random) % 3));
            }
            uint32_t quota = warmup_day_quota(&plan, &mine);
            uint32_t left = quota > mine.used ? quota - mine.used : 0;
            uint32_t slice = warmup_slice(quota, left);
            warmup_used(&mine, slice);
            used_of_day += slice;
            if (quota != WARMUP_NO_LIMIT && slice > 0) {
                assert_true(used_of_day <= plan.volumes[mine.stage]);
            }
            stored = mine;
            day += rand_r(&random) % 40 == 0 ? 1 : 0;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_grows_to_its_last_day),
        cmocka_unit_test(a_plan_that_cannot_be_is_refused),
        cmocka_unit_test(the_first_day_is_limited),
        cmocka_unit_test(used_days_lead_to_the_end),
        cmocka_unit_test(a_day_that_was_hardly_used_does_not_count),
        cmocka_unit_test(thirty_idle_days_halve_the_stage),
        cmocka_unit_test(a_clock_that_steps_gives_nothing_away),
        cmocka_unit_test(bad_signals_slow_it_down),
        cmocka_unit_test(a_frozen_one_keeps_its_stage),
        cmocka_unit_test(what_is_stored_is_not_trusted),
        cmocka_unit_test(signals_are_judged),
        cmocka_unit_test(what_servers_say_is_heard),
        cmocka_unit_test(slices_are_small_and_fit),
        cmocka_unit_test(nothing_exceeds_the_quota_of_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
