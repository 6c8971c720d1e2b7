#include "common/policy/retry_clock.h"

#include "common/policy/reply_class.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW 1795295457U

static void delays_double_up_to_the_last(void **state)
{
    (void)state;
    static const uint32_t bulk[] = {300, 600, 1200, 2400, 4800, 9600, 14400, 14400};
    static const uint32_t transactional[] = {30, 60, 120, 240, 480, 960, 1800, 1800};
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(retry_clock_delay_s(&retry_clock_bulk, i + 1), bulk[i]);
        assert_int_equal(retry_clock_delay_s(&retry_clock_transactional, i + 1), transactional[i]);
    }
    assert_int_equal(retry_clock_delay_s(&retry_clock_bulk, UINT32_MAX), 14400);
}

/* Greylisted soon, rate-limited when the path allows, mailbox full rarely, the rest of what a
 * person must change later; everything else as the lane has it. */
static void what_was_said_changes_the_plan(void **state)
{
    (void)state;
    static const struct {
        uint8_t reply_class;
        uint32_t bulk_s[2]; /* first and last delay */
        uint32_t transactional_s[2];
    } cases[] = {
        {REPLY_CLASS_NONE, {300, 14400}, {30, 1800}},
        {REPLY_CLASS_REMOTE_SYSTEM, {300, 14400}, {30, 1800}},
        {REPLY_CLASS_GREYLISTED, {300, 1800}, {60, 600}},
        {REPLY_CLASS_RATE_LIMITED, {300, 1200}, {30, 300}},
        {REPLY_CLASS_MAILBOX_FULL, {7200, 43200}, {1800, 14400}},
        {REPLY_CLASS_POLICY, {3600, 28800}, {600, 7200}},
        {REPLY_CLASS_REPUTATION, {1800, 14400}, {300, 3600}},
        {REPLY_CLASS_LIMIT, {300, 14400}, {30, 1800}}, /* of a newer version */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct retry_clock_plan *bulk = retry_clock_plan_of(false, cases[i].reply_class);
        const struct retry_clock_plan *fast = retry_clock_plan_of(true, cases[i].reply_class);
        assert_int_equal(retry_clock_delay_s(bulk, 1), cases[i].bulk_s[0]);
        assert_int_equal(retry_clock_delay_s(bulk, 100), cases[i].bulk_s[1]);
        assert_int_equal(retry_clock_delay_s(fast, 1), cases[i].transactional_s[0]);
        assert_int_equal(retry_clock_delay_s(fast, 100), cases[i].transactional_s[1]);
    }
}

static void a_plan_can_be_scaled(void **state)
{
    (void)state;
    struct retry_clock_plan same = retry_clock_scale(&retry_clock_bulk, 1000);
    assert_memory_equal(&same, &retry_clock_bulk, sizeof(same));
    struct retry_clock_plan fast = retry_clock_scale(&retry_clock_bulk, 10);
    assert_int_equal(fast.first_s, 3);
    assert_int_equal(fast.last_s, 144);
    assert_int_equal(fast.slot_s, 1);
    assert_in_range(retry_clock_due(&fast, 1, NOW, 0, 7), NOW + 3, NOW + 4);
    const struct retry_clock_plan longest = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
    assert_int_equal(retry_clock_scale(&longest, 10000).last_s, UINT32_MAX);
}

/* DESIGN, flow 8: due times are rounded up to the larger of 30 s and a tenth of the delay. */
static void due_times_stand_on_few_places(void **state)
{
    (void)state;
    for (uint32_t attempts = 1; attempts < 12; attempts++) {
        uint32_t delay_s = retry_clock_delay_s(&retry_clock_bulk, attempts);
        uint32_t slot_s = delay_s / 10 > 30 ? delay_s / 10 : 30;
        uint32_t least = UINT32_MAX;
        uint32_t most = 0;
        for (uint64_t random = 0; random < 5000; random++) {
            /* Recipients of one batch fail within a minute. */
            uint32_t now = NOW + (uint32_t)(random % 60);
            uint32_t due = retry_clock_due(&retry_clock_bulk, attempts, now, 0, random * 7919);
            assert_int_equal(due % slot_s, 0);
            assert_true(due >= now + delay_s - delay_s / 10);
            assert_true(due < now + delay_s + delay_s / 10 + slot_s);
            least = due < least ? due : least;
            most = due > most ? due : most;
        }
        assert_true(most > least); /* jitter */
        assert_true((most - least) / slot_s <= 5);
    }
}

static void one_random_number_brings_a_batch_back_together(void **state)
{
    (void)state;
    uint32_t slot_start = NOW / 30 * 30;
    uint32_t due = retry_clock_due(&retry_clock_bulk, 1, slot_start + 1, 0, 42);
    uint32_t others = 0;
    for (uint32_t s = 1; s <= 30; s++) {
        others += retry_clock_due(&retry_clock_bulk, 1, slot_start + s, 0, 42) != due;
    }
    assert_true(others < 30);
    assert_true(retry_clock_due(&retry_clock_bulk, 1, slot_start + 30, 0, 42) - due <= 30);
}

static void nothing_is_due_beyond_expiry(void **state)
{
    (void)state;
    for (uint64_t random = 0; random < 1000; random++) {
        uint32_t expires = NOW + 200;
        assert_int_equal(retry_clock_due(&retry_clock_bulk, 1, NOW, expires, random), expires);
        assert_true(retry_clock_due(&retry_clock_transactional, 1, NOW, expires, random) < expires);
    }
    assert_int_equal(retry_clock_due(&retry_clock_bulk, 9, UINT32_MAX - 5, 0, 1), UINT32_MAX);
}

/* S7: a dead host over five days: two tries in the first hour at least, then hours apart. */
static void five_days_of_a_dead_host(void **state)
{
    (void)state;
    uint32_t now = NOW;
    uint32_t first_hour = 0;
    uint32_t tries = 0;
    uint32_t expires = NOW + 5U * 86400U;
    while (now < expires) {
        tries++;
        first_hour += now < NOW + 3600;
        uint32_t due = retry_clock_due(&retry_clock_bulk, tries, now, expires, tries * 2654435761U);
        assert_true(due > now);
        now = due;
    }
    assert_true(first_hour >= 2);
    assert_true(tries >= 30 && tries <= 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_double_up_to_the_last),
        cmocka_unit_test(what_was_said_changes_the_plan),
        cmocka_unit_test(a_plan_can_be_scaled),
        cmocka_unit_test(due_times_stand_on_few_places),
        cmocka_unit_test(one_random_number_brings_a_batch_back_together),
        cmocka_unit_test(nothing_is_due_beyond_expiry),
        cmocka_unit_test(five_days_of_a_dead_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
