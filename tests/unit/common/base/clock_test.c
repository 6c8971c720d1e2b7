#include "common/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static void clocks_move_forward_together(void **state)
{
    (void)state;
    uint64_t monotonic_ms = clock_monotonic_ms();
    uint64_t monotonic_us = clock_monotonic_us();
    uint64_t boottime_ms = clock_boottime_ms();
    int64_t unix_ms = clock_unix_ms();
    struct timespec nap = {.tv_nsec = 20 * 1000 * 1000};
    while (nanosleep(&nap, &nap) != 0) {
    }
    assert_true(clock_monotonic_ms() >= monotonic_ms + 19);
    assert_true(clock_monotonic_us() >= monotonic_us + 20000);
    assert_true(clock_boottime_ms() >= boottime_ms + 19);
    assert_true(clock_unix_ms() >= unix_ms);
}

static void clocks_use_the_units_they_name(void **state)
{
    (void)state;
    uint64_t before_ms = clock_monotonic_ms();
    uint64_t us = clock_monotonic_us();
    uint64_t after_ms = clock_monotonic_ms();
    assert_in_range(us / 1000, before_ms, after_ms);
    assert_in_range((uint64_t)clock_unix_ms() / 1000, (uint64_t)time(NULL) - 1,
                    (uint64_t)time(NULL) + 1);
    assert_int_equal(DAY_MS, 86400000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_move_forward_together),
        cmocka_unit_test(clocks_use_the_units_they_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
