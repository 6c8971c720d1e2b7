#include "common/store/lease_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

static const struct lease_beat quiet = {"00112233445566778899aabbccddeeff", 7, 41, false, 1};

static void test_eight_prompt_reads(void **state)
{
    (void)state;
    struct lease_watch watch = {0};
    for (uint64_t i = 0; i < LEASE_WATCH_READS; i++) {
        bool is_dead = lease_watch_feed(&watch, &quiet, i * 1100, i * 1100 + 50);
        assert_int_equal(is_dead, i == LEASE_WATCH_READS - 1);
    }
}

static void test_reads_too_close_do_not_count(void **state)
{
    (void)state;
    struct lease_watch watch = {0};
    for (uint64_t i = 0; i < 70; i++) {
        assert_false(lease_watch_feed(&watch, &quiet, i * 100, i * 100 + 1));
    }
    assert_int_equal(watch.reads, 7);
}

/* What starts the count again, as the eighth read. */
static void test_the_count_starts_again(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *session;
        uint64_t epoch, beat, answer_ms;
        bool is_taken;
        uint64_t server;
    } cases[] = {
        {"beat", "00112233445566778899aabbccddeeff", 7, 42, 10, false, 1},
        {"epoch", "00112233445566778899aabbccddeeff", 8, 41, 10, false, 1},
        {"session", "ff112233445566778899aabbccddeeff", 7, 41, 10, false, 1},
        {"free", "", 7, 41, 10, false, 1},
        {"taken", "00112233445566778899aabbccddeeff", 7, 41, 10, true, 1},
        {"late answer", "00112233445566778899aabbccddeeff", 7, 41, 1001, false, 1},
        {"another server", "00112233445566778899aabbccddeeff", 7, 41, 10, false, 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lease_watch watch = {0};
        struct lease_beat beat = {.epoch = cases[i].epoch,
                                  .beat = cases[i].beat,
                                  .is_taken = cases[i].is_taken,
                                  .server = cases[i].server};
        strcpy(beat.session, cases[i].session);
        for (uint64_t read = 0; read < LEASE_WATCH_READS - 1; read++) {
            assert_false(lease_watch_feed(&watch, &quiet, read * 1100, read * 1100 + 10));
        }
        assert_false(lease_watch_feed(&watch, &beat, 9000, 9000 + cases[i].answer_ms));
        assert_true(watch.reads <= 1);
    }
}

static void test_a_failed_read(void **state)
{
    (void)state;
    struct lease_watch watch = {0};
    for (uint64_t i = 0; i < LEASE_WATCH_READS - 1; i++) {
        (void)lease_watch_feed(&watch, &quiet, i * 1100, i * 1100 + 10);
    }
    lease_watch_fail(&watch);
    assert_false(lease_watch_feed(&watch, &quiet, 9000, 9010));
}

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*seed >> 33) % limit);
}

/* The property the numbers are made for, on one clock with 1 % drift: a holder that stops at T_stop
 * after its last successful renewal's send has stopped when another may take. Renewals are lost and
 * delayed, reads stall, the holder dies or is cut off at a random moment. */
static void play(uint64_t seed, uint64_t *ret_takes)
{
    struct lease_watch watch = {0};
    struct lease_beat beat = quiet;
    uint64_t good_ms = 0; /* the holder's: send of the last renewal that was applied */
    uint64_t next_renewal_ms = 0;
    uint64_t next_read_ms = random_below(&seed, 1000);
    uint64_t cut_ms = random_below(&seed, 30000);
    for (uint64_t now_ms = 0; now_ms < 60000;) {
        if (next_renewal_ms <= next_read_ms) {
            now_ms = next_renewal_ms;
            uint32_t delay_ms = random_below(&seed, 4) == 0 ? random_below(&seed, 3000) : 5;
            /* Applied at now + delay at the latest; sent at now. A cut holder beats no more. */
            if (now_ms < cut_ms && random_below(&seed, 10) != 0) {
                beat.beat++;
                good_ms = now_ms;
            }
            next_renewal_ms = now_ms + 1000 + delay_ms;
            continue;
        }
        now_ms = next_read_ms;
        uint32_t took_ms = random_below(&seed, 8) == 0 ? random_below(&seed, 2500) : 20;
        /* The reader's clock runs 1 % fast: its seconds are short. */
        uint64_t sent = now_ms * 101 / 100;
        uint64_t answered = (now_ms + took_ms) * 101 / 100;
        if (lease_watch_feed(&watch, &beat, sent, answered)) {
            (*ret_takes)++;
            assert_true(now_ms >= good_ms + LEASE_STOP_MS);
            return;
        }
        next_read_ms = now_ms + took_ms + 1000;
    }
}

static void test_nobody_is_taken_while_it_may_send(void **state)
{
    (void)state;
    uint64_t takes = 0;
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        play(seed, &takes);
    }
    /* The test says something: most of these holders were cut off and taken. */
    assert_true(takes > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eight_prompt_reads),
        cmocka_unit_test(test_reads_too_close_do_not_count),
        cmocka_unit_test(test_the_count_starts_again),
        cmocka_unit_test(test_a_failed_read),
        cmocka_unit_test(test_nobody_is_taken_while_it_may_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
