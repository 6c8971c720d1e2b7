#include "coordinator/access/access_alarm.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW INT64_C(1764000000000)
#define DAY (INT64_C(24) * 3600 * 1000)
static const struct text key = {"0123456789abcdef", 16};

static void who_was_silent_is_told_of_once(void **state)
{
    (void)state;
    struct access_alarms *alarms = access_alarm_create();
    assert_int_equal(access_alarm_on_call(alarms, key, 0, NOW), ACCESS_ALARM_NONE);
    assert_int_equal(access_alarm_on_call(alarms, key, NOW - 30 * DAY, NOW), ACCESS_ALARM_NONE);
    assert_int_equal(access_alarm_on_call(alarms, key, NOW - 31 * DAY, NOW), ACCESS_ALARM_SILENCE);
    assert_int_equal(access_alarm_on_call(alarms, key, NOW - 31 * DAY, NOW + 1), ACCESS_ALARM_NONE);
    access_alarm_destroy(&alarms);
    assert_null(alarms);
}

static void many_refusals_and_reveals_are_told_once_an_hour(void **state)
{
    (void)state;
    struct access_alarms *alarms = access_alarm_create();
    unsigned int told = 0;
    for (int i = 0; i < 100; i++) {
        told += access_alarm_on_refusal(alarms, key, NOW + i) != ACCESS_ALARM_NONE;
        assert_int_equal(told, i + 1 >= ACCESS_ALARM_REFUSALS ? 1 : 0);
    }
    /* Others are others; few are few. */
    assert_int_equal(access_alarm_on_refusal(alarms, TEXT("other"), NOW), ACCESS_ALARM_NONE);
    for (int i = 0; i < 3 * ACCESS_ALARM_REFUSALS; i++) {
        int64_t at = NOW + i * ACCESS_ALARM_SPAN_MS;
        assert_int_equal(access_alarm_on_refusal(alarms, TEXT("slow"), at), ACCESS_ALARM_NONE);
    }
    enum access_alarm last = ACCESS_ALARM_NONE;
    for (int i = 0; i < ACCESS_ALARM_REVEALS; i++) {
        assert_int_equal(last, ACCESS_ALARM_NONE);
        last = access_alarm_on_reveal(alarms, key, NOW + i);
    }
    assert_int_equal(last, ACCESS_ALARM_MANY_REVEALS);
    access_alarm_destroy(&alarms);
}

/* @return alarms while so many calls came in one span */
static unsigned int call(struct access_alarms *alarms, unsigned int number, int64_t at)
{
    unsigned int told = 0;
    for (unsigned int i = 0; i < number; i++) {
        told += access_alarm_on_call(alarms, key, at, at + i) == ACCESS_ALARM_MANY_CALLS;
    }
    return told;
}

static void a_burst_is_far_over_what_is_usual(void **state)
{
    (void)state;
    struct access_alarms *alarms = access_alarm_create();
    int64_t at = NOW;
    /* Unknown yet: no alarm, however many. */
    assert_int_equal(call(alarms, 5000, at), 0);
    access_alarm_destroy(&alarms);
    alarms = access_alarm_create();
    for (int span = 0; span < 7; span++, at += ACCESS_ALARM_SPAN_MS) {
        assert_int_equal(call(alarms, 100, at), 0);
    }
    assert_int_equal(call(alarms, 1000, at), 0); /* ten times is not over ten times */
    at += ACCESS_ALARM_SPAN_MS;
    assert_int_equal(call(alarms, 4000, at), 1);
    access_alarm_destroy(&alarms);
    /* Who hardly calls may call a little more. */
    alarms = access_alarm_create();
    for (int span = 0; span < 7; span++, at += ACCESS_ALARM_SPAN_MS) {
        (void)call(alarms, 1, at);
    }
    assert_int_equal(call(alarms, ACCESS_ALARM_BURST - 1, at), 0);
    access_alarm_destroy(&alarms);
}

static void networks_are_those_of_neighbours(void **state)
{
    static const char *const cases[][2] = {{"192.0.2.17", "192.0.2.0/24"},
                                           {"10.1.2.3", "10.1.2.0/24"},
                                           {"2001:db8:7:1::5", "2001:db8:7::/48"},
                                           {"unix", "unix"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char network[ACCESS_ALARM_NETWORK_BYTES];
        access_alarm_network(cases[i][0], network);
        assert_string_equal(network, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_silent_is_told_of_once),
        cmocka_unit_test(many_refusals_and_reveals_are_told_once_an_hour),
        cmocka_unit_test(a_burst_is_far_over_what_is_usual),
        cmocka_unit_test(networks_are_those_of_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
