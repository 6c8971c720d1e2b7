#include "coordinator/access/access_lockout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void each_wrong_key_waits_longer(void **state)
{
    (void)state;
    struct access_lockout *lockout = access_lockout_create();
    uint64_t now_ms = 1000000;
    for (unsigned int n = 1; n <= ACCESS_LOCKOUT_FREE; n++) {
        assert_int_equal(access_lockout_fail(lockout, TEXT("192.0.2.1"), now_ms), n);
        assert_int_equal(access_lockout_wait_ms(lockout, TEXT("192.0.2.1"), now_ms), 0);
    }
    uint64_t wait_ms = ACCESS_LOCKOUT_FIRST_MS;
    for (unsigned int n = 0; n < 20; n++) {
        (void)access_lockout_fail(lockout, TEXT("192.0.2.1"), now_ms);
        assert_int_equal(access_lockout_wait_ms(lockout, TEXT("192.0.2.1"), now_ms), wait_ms);
        assert_int_equal(access_lockout_wait_ms(lockout, TEXT("192.0.2.2"), now_ms), 0);
        now_ms += wait_ms;
        assert_int_equal(access_lockout_wait_ms(lockout, TEXT("192.0.2.1"), now_ms), 0);
        wait_ms = wait_ms * 2 > ACCESS_LOCKOUT_MOST_MS ? ACCESS_LOCKOUT_MOST_MS : wait_ms * 2;
    }
    access_lockout_destroy(&lockout);
}

static void a_right_key_and_quiet_forgive(void **state)
{
    (void)state;
    struct access_lockout *lockout = access_lockout_create();
    for (unsigned int n = 0; n < 10; n++) {
        (void)access_lockout_fail(lockout, TEXT("a"), 1000);
        (void)access_lockout_fail(lockout, TEXT("b"), 1000);
    }
    access_lockout_forgive(lockout, TEXT("a"));
    access_lockout_forgive(lockout, TEXT("nobody"));
    assert_int_equal(access_lockout_wait_ms(lockout, TEXT("a"), 1001), 0);
    assert_true(access_lockout_wait_ms(lockout, TEXT("b"), 1001) > 0);
    uint64_t later_ms = 1001 + ACCESS_LOCKOUT_QUIET_MS;
    assert_int_equal(access_lockout_fail(lockout, TEXT("b"), later_ms), 1);
    access_lockout_destroy(&lockout);
}

static void the_quietest_is_forgotten_first(void **state)
{
    (void)state;
    struct access_lockout *lockout = access_lockout_create();
    char source[16];
    for (unsigned int n = 0; n <= ACCESS_LOCKOUT_FREE; n++) {
        (void)access_lockout_fail(lockout, TEXT("first"), 1);
        (void)access_lockout_fail(lockout, TEXT("second"), 1);
    }
    for (unsigned int n = 0; n < ACCESS_LOCKOUT_SOURCES_MAX - 1; n++) {
        (void)snprintf(source, sizeof source, "s%u", n);
        (void)access_lockout_fail(lockout, text_of(source), 2);
    }
    assert_int_equal(access_lockout_wait_ms(lockout, TEXT("first"), 2), 0);
    assert_true(access_lockout_wait_ms(lockout, TEXT("second"), 2) > 0);
    access_lockout_destroy(&lockout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_key_waits_longer),
        cmocka_unit_test(a_right_key_and_quiet_forgive),
        cmocka_unit_test(the_quietest_is_forgotten_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
