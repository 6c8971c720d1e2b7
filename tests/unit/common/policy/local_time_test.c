#include "common/policy/local_time.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/common/policy/zone_file.h"

struct local_case {
    const char *zone;
    const char *local;
    int64_t first;
    int64_t last;
};

static const struct local_case cases[] = {
    {"Asia/Tokyo", "2026-12-31T00:00", 1798642800, 1798642800},
    {"UTC", "2027-01-04 09:30:15", 1799055015, 1799055015},
    {"Europe/Berlin", "2026-07-01T12:00", 1782900000, 1782900000},
    /* 29 March: 02:00 to 03:00 does not exist; 25 October: it comes twice. */
    {"Europe/Berlin", "2026-03-29T02:30", 1774747800, 1774747800},
    {"Europe/Berlin", "2026-10-25T02:30", 1792888200, 1792891800},
    {"America/New_York", "2026-11-01T01:30", 1793511000, 1793514600},
};

static void a_wall_clock_tells_moments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(time_zone_destroy) struct time_zone *zone = zone_file_load(cases[i].zone);
        int64_t local_s = 0;
        int64_t first = 0;
        int64_t last = 0;
        assert_int_equal(local_time_parse(text_of(cases[i].local), &local_s), 0);
        local_time_to_unix(zone, local_s, &first, &last);
        if (first != cases[i].first || last != cases[i].last) {
            fail_msg("%s %s: %lld to %lld", cases[i].zone, cases[i].local, (long long)first,
                     (long long)last);
        }
    }
}

/* Whatever a clock shows is told back as that moment. */
static void it_turns_around_what_a_zone_shows(void **state)
{
    (void)state;
    static const char *const zones[] = {"Asia/Tokyo", "Europe/Berlin", "Australia/Lord_Howe",
                                        "America/Sao_Paulo", "Pacific/Apia"};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        OWNED(time_zone_destroy) struct time_zone *zone = zone_file_load(zones[i]);
        for (int64_t at = 1262304000; at < 2208988800; at += 10007) {
            int64_t first = 0;
            int64_t last = 0;
            local_time_to_unix(zone, at + time_zone_offset_s(zone, at), &first, &last);
            if (first != at && last != at) {
                fail_msg("%s at %lld: %lld or %lld", zones[i], (long long)at, (long long)first,
                         (long long)last);
            }
            assert_true(first <= last);
        }
    }
}

static void dates_are_those_of_the_c_library(void **state)
{
    (void)state;
    for (time_t day = 0; day < 253402300800; day += 86400 * 13) {
        struct tm parts;
        char text[64];
        int64_t local_s = 0;
        assert_non_null(gmtime_r(&day, &parts));
        assert_true(strftime(text, sizeof text, "%Y-%m-%dT%H:%M", &parts) > 0);
        assert_int_equal(local_time_parse(text_of(text), &local_s), 0);
        assert_int_equal(local_s, day);
    }
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2026-12-31",
        "2026-12-31T",
        "2026-02-29T00:00",
        "2100-02-29T00:00",
        "2026-13-01T00:00",
        "2026-12-32T00:00",
        "2026-04-31T00:00",
        "2026-12-31T24:00",
        "2026-12-31T00:60",
        "2026-12-31T00:00:60",
        "2026-12-31T00:00Z",
        "2026-12-31T00:00+09:00",
        "26-12-31T00:00",
        "+026-12-31T00:00",
        "2026-12-31T00:00:00.5",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t local_s = 0;
        if (local_time_parse(text_of(texts[i]), &local_s) != -EINVAL) {
            fail_msg("%s: taken", texts[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wall_clock_tells_moments),
        cmocka_unit_test(it_turns_around_what_a_zone_shows),
        cmocka_unit_test(dates_are_those_of_the_c_library),
        cmocka_unit_test(other_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
