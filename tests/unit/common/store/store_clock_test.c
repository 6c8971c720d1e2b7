/* Redis' time stays right when our own wall clock is stepped. */
#include "common/store/store_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define HOUR 3600000

static void test_own_clock_until_measured(void **state)
{
    (void)state;
    struct store_clock clock = {0};
    assert_int_equal(store_clock_now(&clock, 500, 1795575150000), 1795575150000);
}

/* Measured while our clock was an hour behind, used after it was set right. */
static void test_a_step_changes_nothing(void **state)
{
    (void)state;
    struct store_clock clock = {0};
    store_clock_measure(&clock, 1795575150000, 1000, 1010);
    assert_int_equal(store_clock_now(&clock, 1005, 1795575150000 - HOUR), 1795575150000);
    assert_int_equal(store_clock_now(&clock, 3005, 1795575152000), 1795575152000);
    assert_int_equal(store_clock_now(&clock, 3005, 1795575152000 + HOUR), 1795575152000);
}

static void test_a_late_answer_is_not_believed(void **state)
{
    (void)state;
    struct store_clock clock = {0};
    /* The first is better than nothing. */
    store_clock_measure(&clock, 1000000, 2000, 10000);
    assert_int_equal(store_clock_now(&clock, 6000, 7), 1000000);
    store_clock_measure(&clock, 2000000, 20000, 20100);
    assert_int_equal(store_clock_now(&clock, 20050, 7), 2000000);
    store_clock_measure(&clock, 2500000, 30000, 31001);
    assert_int_equal(store_clock_now(&clock, 20050, 7), 2000000);
    /* Redis' own clock was stepped back. */
    store_clock_measure(&clock, 1000, 40000, 41000);
    assert_int_equal(store_clock_now(&clock, 40500, 7), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_clock_until_measured),
        cmocka_unit_test(test_a_step_changes_nothing),
        cmocka_unit_test(test_a_late_answer_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
