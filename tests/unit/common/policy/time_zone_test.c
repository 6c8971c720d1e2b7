#include "common/policy/time_zone.h"
#include "common/policy/time_zone_rule.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/common/policy/zone_file.h"

/* Ours against the C library's, over two centuries, on the files of this machine. */
static const char *const zones[] = {"Asia/Tokyo",       "Europe/Berlin",
                                    "America/New_York", "Australia/Lord_Howe",
                                    "Pacific/Chatham",  "America/Sao_Paulo",
                                    "Asia/Kathmandu",   "Africa/Casablanca",
                                    "Etc/GMT+9",        "UTC"};

static void test_against_the_c_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        OWNED(time_zone_destroy) struct time_zone *zone = zone_file_load(zones[i]);
        assert_int_equal(setenv("TZ", zones[i], 1), 0);
        tzset();
        /* From 1970 to 2100 in steps of 7 hours and a bit. */
        for (time_t at = 0; at < 4102444800; at += 25237) {
            struct tm local;
            assert_non_null(localtime_r(&at, &local));
            if (time_zone_offset_s(zone, at) != local.tm_gmtoff) {
                fail_msg("%s at %lld: %d, not %ld", zones[i], (long long)at,
                         time_zone_offset_s(zone, at), local.tm_gmtoff);
            }
        }
    }
}

struct rule_case {
    const char *string;
    int64_t unix_s;
    int32_t offset_s;
};

/* 2027: 1 January is a Friday. */
static const struct rule_case rules[] = {
    {"JST-9", 1800000000, 9 * 3600},
    {"<+0330>-3:30", 1800000000, 12600},
    {"EST5EDT,M3.2.0,M11.1.0", 1805007599, -5 * 3600}, /* 14 March 2027, 01:59:59 */
    {"EST5EDT,M3.2.0,M11.1.0", 1805007600, -4 * 3600}, /* 03:00:00 */
    {"EST5EDT,M3.2.0,M11.1.0", 1825567199, -4 * 3600}, /* 7 November, 01:59:59 the first time */
    {"EST5EDT,M3.2.0,M11.1.0", 1825567200, -5 * 3600}, /* 01:00:00 again */
    {"NZST-12NZDT,M9.5.0,M4.1.0/3", 1798761600, 13 * 3600}, /* southern: January is summer */
    {"X-YAK", 0, INT32_MIN},
    {"AB3", 0, INT32_MIN},
    {"EST5EDT,M13.2.0,M11.1.0", 0, INT32_MIN},
    {"EST5EDT,M3.2.0", 0, INT32_MIN},
    {"EST5EDT,M3.2.0,M11.1.0x", 0, INT32_MIN},
    {"EST5EDT,J0,J60", 0, INT32_MIN},
    {"EST5EDT,J60,J365", 1803884399, -5 * 3600}, /* 1 March 2027, 01:59:59 */
    {"EST5EDT,J60,J365", 1803884400, -4 * 3600},
    {"EST5EDT,59,364", 1803884400, -4 * 3600},     /* the same day counted from 0 */
    {"<+00>0<+01>,0/0,J365/25", 1800000000, 3600}, /* daylight all year (RFC 8536, 3.3.1) */
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct time_zone_rule rule;
        int error = time_zone_rule_parse(text_of(rules[i].string), &rule);
        int32_t offset_s = error == 0 ? time_zone_rule_offset_s(&rule, rules[i].unix_s) : INT32_MIN;
        if (offset_s != rules[i].offset_s) {
            fail_msg("%s at %lld: %d", rules[i].string, (long long)rules[i].unix_s, offset_s);
        }
    }
}

static void test_damaged_files(void **state)
{
    (void)state;
    static char bytes[TIME_ZONE_FILE_BYTES_MAX];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    struct time_zone *zone = NULL;
    for (size_t cut = 0; cut < size; cut += cut < 200 ? 1 : 37) {
        assert_int_equal(time_zone_parse((struct text){bytes, cut}, &zone), -EPROTO);
    }
    assert_int_equal(time_zone_parse(TEXT("TZif"), &zone), -EPROTO);
    assert_null(zone);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"Asia/Tokyo", "UTC", "Etc/GMT+9", "America/Port-au-Prince"};
    static const char *const bad[] = {"", "/etc/passwd", "../passwd", "Asia/../x", "Asia/", "a b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(time_zone_is_name(text_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(time_zone_is_name(text_of(bad[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_c_library),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
