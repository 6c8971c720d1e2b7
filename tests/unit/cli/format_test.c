#include "cli/format.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void numbers_and_lengths_read_well(void **state)
{
    (void)state;
    char text[FORMAT_BYTES];
    assert_string_equal(format_count(0, text), "0");
    assert_string_equal(format_count(999, text), "999");
    assert_string_equal(format_count(1000, text), "1,000");
    assert_string_equal(format_count(1204500, text), "1,204,500");
    assert_string_equal(format_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
    assert_string_equal(format_length(850, text), "850 ms");
    assert_string_equal(format_length(14000, text), "14 s");
    assert_string_equal(format_length(380000, text), "6 min 20 s");
    assert_string_equal(format_length(7620000, text), "2 h 07 min");
    assert_string_equal(format_length(273600000, text), "3 d 4 h");
    assert_string_equal(format_bytes(512, text), "512 B");
    assert_string_equal(format_bytes(13107200, text), "12.5 MiB");
    assert_string_equal(format_bytes(UINT64_MAX, text), "16.0 EiB");
}

static void times_are_local_and_short_today(void **state)
{
    (void)state;
    char text[FORMAT_BYTES];
    int64_t now = INT64_C(1795569600000); /* 2026-11-25 01:20:00 UTC, 10:20 in Tokyo */
    assert_string_equal(format_time(now, text), "2026-11-25 10:20:00 JST");
    assert_string_equal(format_time(0, text), "-");
    assert_string_equal(format_time_near(now + 60000, now, text), "10:21:00");
    assert_string_equal(format_time_near(now + 86400000, now, text), "11-26 10:20");
}

static void times_are_read_with_their_offset(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_ms; /* -1: refused */
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-28T09:00:00+09:00", INT64_C(1795824000000)},
        {"2026-11-28 09:00+09:00", INT64_C(1795824000000)},
        {"2026-11-28T00:00Z", INT64_C(1795824000000)},
        {"2026-11-27t19:30:00.25-04:30", INT64_C(1795824000250)},
        {"2026-11-28T00:00:00.123456z", INT64_C(1795824000123)},
        {"2024-02-29T00:00Z", INT64_C(1709164800000)},
        {"2026-11-28T09:00:00", -1},
        {"2026-11-28", -1},
        {"2026-02-29T00:00Z", -1},
        {"2026-13-01T00:00Z", -1},
        {"2026-11-28T24:00Z", -1},
        {"2026-11-28T00:00+0900", -1},
        {"2026-11-28T00:00:00.Z", -1},
        {"2026-11-28T00:00Zx", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_ms = -1;
        int refused = format_parse_time(text_of(cases[i].text), &unix_ms);
        assert_int_equal(refused, cases[i].unix_ms < 0 ? -EINVAL : 0);
        assert_int_equal(unix_ms, cases[i].unix_ms);
    }
}

static int use_tokyo(void **state)
{
    (void)state;
    return setenv("TZ", "JST-9", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_lengths_read_well),
        cmocka_unit_test(times_are_local_and_short_today),
        cmocka_unit_test(times_are_read_with_their_offset),
    };
    return cmocka_run_group_tests(tests, use_tokyo, NULL);
}
