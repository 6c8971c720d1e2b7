#include "common/policy/warmup_hour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/common/policy/zone_file.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
/* Monday 4 January 2027, 00:00 UTC. */
#define MONDAY_MS INT64_C(1799020800000)
#define MONDAY 20822U

static void days_and_hours_are_those_of_utc_without_a_zone(void **state)
{
    (void)state;
    struct warmup_hour hour = warmup_hour_at(NULL, MONDAY_MS + 7 * HOUR_MS + 1);
    assert_int_equal(hour.day, MONDAY);
    assert_int_equal(hour.hour, 7);
    assert_int_equal(hour.starts_unix_ms, MONDAY_MS + 7 * HOUR_MS);
    assert_int_equal(hour.ends_unix_ms, MONDAY_MS + 8 * HOUR_MS);
    assert_int_equal(hour.day_ends_unix_ms, MONDAY_MS + DAY_MS);
    hour = warmup_hour_at(NULL, MONDAY_MS - 1);
    assert_int_equal(hour.day, MONDAY - 1);
    assert_int_equal(hour.hour, 23);
    assert_int_equal(hour.day_ends_unix_ms, MONDAY_MS);
    hour = warmup_hour_at(NULL, -5);
    assert_int_equal(hour.day, 0);
    assert_int_equal(hour.ends_unix_ms, HOUR_MS);
}

static void days_begin_at_midnight_of_the_zone(void **state)
{
    (void)state;
    struct time_zone *tokyo = zone_file_load("Asia/Tokyo");
    struct warmup_hour hour = warmup_hour_at(tokyo, MONDAY_MS - 9 * HOUR_MS);
    assert_int_equal(hour.day, MONDAY);
    assert_int_equal(hour.hour, 0);
    assert_int_equal(hour.day_ends_unix_ms, MONDAY_MS + 15 * HOUR_MS);
    time_zone_destroy(&tokyo);
    struct time_zone *kolkata = zone_file_load("Asia/Kolkata"); /* + 5:30 */
    hour = warmup_hour_at(kolkata, MONDAY_MS);
    assert_int_equal(hour.hour, 5);
    assert_int_equal(hour.starts_unix_ms, MONDAY_MS - HOUR_MS / 2);
    assert_int_equal(hour.ends_unix_ms, MONDAY_MS + HOUR_MS / 2);
    time_zone_destroy(&kolkata);
}

/* 28 March 2027: 23 hours in Berlin; 31 October: 25, and hour 2 comes twice. */
static void clocks_that_change_give_no_second_hour(void **state)
{
    (void)state;
    struct time_zone *berlin = zone_file_load("Europe/Berlin");
    int64_t spring_ms = MONDAY_MS + 83 * DAY_MS - HOUR_MS; /* local midnight */
    struct warmup_hour hour = warmup_hour_at(berlin, spring_ms);
    assert_int_equal(hour.hour, 0);
    assert_int_equal(hour.day_ends_unix_ms, spring_ms + 23 * HOUR_MS);
    int64_t autumn_ms = MONDAY_MS + 300 * DAY_MS - 2 * HOUR_MS;
    hour = warmup_hour_at(berlin, autumn_ms);
    assert_int_equal(hour.hour, 0);
    assert_int_equal(hour.day_ends_unix_ms, autumn_ms + 25 * HOUR_MS);
    uint32_t day = hour.day;
    assert_int_equal(warmup_hour_at(berlin, autumn_ms + 2 * HOUR_MS).hour, 2);
    assert_int_equal(warmup_hour_at(berlin, autumn_ms + 3 * HOUR_MS).hour, 2);
    assert_int_equal(warmup_hour_at(berlin, autumn_ms + 4 * HOUR_MS).hour, 3);
    assert_int_equal(warmup_hour_at(berlin, autumn_ms + 24 * HOUR_MS).day, day);
    assert_int_equal(warmup_hour_at(berlin, autumn_ms + 25 * HOUR_MS).day, day + 1);
    time_zone_destroy(&berlin);
}

/* At every moment of three years: it lies within its hour, the hour within its day. */
static void every_moment_has_its_hour(void **state)
{
    (void)state;
    static const char *const names[] = {"UTC", "Europe/Berlin", "America/St_Johns", "Asia/Tokyo"};
    unsigned int random = 7;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct time_zone *zone = zone_file_load(names[i]);
        int64_t now_ms = MONDAY_MS;
        struct warmup_hour before = warmup_hour_at(zone, now_ms);
        while (now_ms < MONDAY_MS + 3 * 365 * DAY_MS) {
            now_ms += rand_r(&random) % (3 * HOUR_MS);
            struct warmup_hour hour = warmup_hour_at(zone, now_ms);
            assert_true(hour.starts_unix_ms <= now_ms && now_ms < hour.ends_unix_ms);
            assert_true(now_ms < hour.day_ends_unix_ms);
            assert_true(hour.day_ends_unix_ms - now_ms <= 25 * HOUR_MS);
            assert_in_range(hour.hour, 0, 23);
            assert_true(hour.day == before.day || hour.day == before.day + 1);
            before = hour;
        }
        time_zone_destroy(&zone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_hours_are_those_of_utc_without_a_zone),
        cmocka_unit_test(days_begin_at_midnight_of_the_zone),
        cmocka_unit_test(clocks_that_change_give_no_second_hour),
        cmocka_unit_test(every_moment_has_its_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
