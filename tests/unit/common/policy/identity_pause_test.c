#include "common/policy/identity_pause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BEGIN_MS 1000000

static uint64_t blame(struct identity_pause *pause, uint32_t times, uint64_t now_ms)
{
    uint64_t pause_ms = 0;
    for (uint32_t i = 0; i < times && pause_ms == 0; i++) {
        pause_ms = identity_pause_on_blame(pause, now_ms);
    }
    return pause_ms;
}

static uint32_t starts_at(struct identity_pause *pause, uint64_t now_ms)
{
    uint32_t started = 0;
    while (started < 5000 && identity_pause_wait_ms(pause, now_ms) == 0) {
        identity_pause_start(pause, now_ms);
        started++;
    }
    return started;
}

static void one_reply_is_no_proof(void **state)
{
    (void)state;
    struct identity_pause pause = {0};
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(blame(&pause, IDENTITY_PAUSE_BLAMES - 1, BEGIN_MS), 0);
        assert_int_equal(identity_pause_wait_ms(&pause, BEGIN_MS), 0);
        for (uint32_t taken = 0; taken < IDENTITY_PAUSE_BLAMES; taken++) {
            identity_pause_on_taken(&pause);
        }
    }
    assert_int_equal(blame(&pause, IDENTITY_PAUSE_BLAMES, BEGIN_MS), IDENTITY_PAUSE_FIRST_MS);
    assert_int_equal(identity_pause_wait_ms(&pause, BEGIN_MS + 1), IDENTITY_PAUSE_FIRST_MS - 1);
    /* What was on its way changes nothing. */
    assert_int_equal(blame(&pause, 100, BEGIN_MS + 2), 0);
    assert_int_equal(pause.times, 1);
}

static void few_blames_are_forgotten(void **state)
{
    (void)state;
    struct identity_pause pause = {0};
    for (uint64_t day = 1; day < 30; day++) {
        assert_int_equal(blame(&pause, 1, day * 86400000), 0);
    }
}

static void it_comes_back_slowly(void **state)
{
    (void)state;
    struct identity_pause pause = {0};
    uint64_t end_ms = BEGIN_MS + blame(&pause, IDENTITY_PAUSE_BLAMES, BEGIN_MS);
    assert_int_equal(starts_at(&pause, end_ms - 1), 0);
    for (uint32_t step = 0; step < IDENTITY_PAUSE_STEPS; step++) {
        uint64_t at_ms = end_ms + step * IDENTITY_PAUSE_STEP_MS;
        assert_int_equal(starts_at(&pause, at_ms), 1U << step);
        assert_int_equal(starts_at(&pause, at_ms + IDENTITY_PAUSE_STEP_MS - 1), 0);
        assert_int_equal(identity_pause_wait_ms(&pause, at_ms), IDENTITY_PAUSE_STEP_MS);
    }
    assert_int_equal(starts_at(&pause, end_ms + IDENTITY_PAUSE_STEPS * IDENTITY_PAUSE_STEP_MS),
                     5000);
}

/* While it comes back one blame is enough, and the pause is longer each time, within bounds. */
static void pauses_grow(void **state)
{
    (void)state;
    struct identity_pause pause = {0};
    uint64_t now_ms = BEGIN_MS;
    uint64_t pause_ms = blame(&pause, IDENTITY_PAUSE_BLAMES, now_ms);
    for (uint32_t i = 0; i < 20; i++) {
        now_ms += pause_ms;
        uint64_t next_ms = blame(&pause, 1, now_ms);
        uint64_t twice_ms = 2 * pause_ms;
        assert_int_equal(next_ms,
                         twice_ms < IDENTITY_PAUSE_MOST_MS ? twice_ms : IDENTITY_PAUSE_MOST_MS);
        pause_ms = next_ms;
    }
    now_ms += pause_ms;
    assert_false(identity_pause_is_over(&pause, now_ms));
    now_ms += 7200000;
    assert_true(identity_pause_is_over(&pause, now_ms));
    assert_int_equal(blame(&pause, IDENTITY_PAUSE_BLAMES, now_ms), IDENTITY_PAUSE_FIRST_MS);
}

static void others_pauses_count_and_never_shorten(void **state)
{
    (void)state;
    struct identity_pause pause = {0};
    identity_pause_close(&pause, 60000, BEGIN_MS);
    identity_pause_close(&pause, 1000, BEGIN_MS);
    assert_int_equal(identity_pause_wait_ms(&pause, BEGIN_MS), 60000);
    assert_int_equal(pause.times, 1);
    assert_int_equal(blame(&pause, 1, BEGIN_MS + 60000), 120000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_reply_is_no_proof),
        cmocka_unit_test(few_blames_are_forgotten),
        cmocka_unit_test(it_comes_back_slowly),
        cmocka_unit_test(pauses_grow),
        cmocka_unit_test(others_pauses_count_and_never_shorten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
