#include "common/policy/send_window.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/common/policy/zone_file.h"

#define MINUTE INT64_C(60)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define ALL_DAYS 127
#define CLOCK(hours, minutes) ((hours)*60 + (minutes))
/* Monday 4 January 2027, 00:00 UTC. */
#define MONDAY INT64_C(1799020800)

struct window_case {
    const char *name;
    const char *zone;
    uint8_t days;
    uint16_t from;
    uint16_t to;
    int64_t at;
    bool is_open;
    int64_t change;
};

static const struct window_case cases[] = {
    {"before it opens, in UTC", "UTC", ALL_DAYS, CLOCK(9, 0), CLOCK(21, 0), MONDAY + 8 * HOUR + 59,
     false, MONDAY + 9 * HOUR},
    {"it opens", "UTC", ALL_DAYS, CLOCK(9, 0), CLOCK(21, 0), MONDAY + 9 * HOUR, true,
     MONDAY + 21 * HOUR},
    {"its last second", "UTC", ALL_DAYS, CLOCK(9, 0), CLOCK(21, 0), MONDAY + 21 * HOUR - 1, true,
     MONDAY + 21 * HOUR},
    {"it is closed", "UTC", ALL_DAYS, CLOCK(9, 0), CLOCK(21, 0), MONDAY + 21 * HOUR, false,
     MONDAY + DAY + 9 * HOUR},
    {"9:00 in Tokyo is midnight UTC", "Asia/Tokyo", ALL_DAYS, CLOCK(9, 0), CLOCK(21, 0), MONDAY,
     true, MONDAY + 12 * HOUR},
    {"past midnight, it opened on Sunday", "UTC", 64, CLOCK(22, 0), CLOCK(6, 0), MONDAY + HOUR,
     true, MONDAY + 6 * HOUR},
    {"past midnight, it opens on Mondays only", "UTC", 1, CLOCK(22, 0), CLOCK(6, 0), MONDAY + HOUR,
     false, MONDAY + 22 * HOUR},
    {"past midnight into Tuesday", "UTC", 1, CLOCK(22, 0), CLOCK(6, 0), MONDAY + DAY + 5 * HOUR,
     true, MONDAY + DAY + 6 * HOUR},
    {"Friday night to Monday", "UTC", 31, CLOCK(9, 0), CLOCK(18, 0), MONDAY + 4 * DAY + 18 * HOUR,
     false, MONDAY + 7 * DAY + 9 * HOUR},
    {"all of each day", "UTC", ALL_DAYS, 0, CLOCK(24, 0), MONDAY, true, MONDAY + 8 * DAY},
    {"one minute long", "UTC", ALL_DAYS, CLOCK(7, 7), CLOCK(7, 8), MONDAY, false,
     MONDAY + CLOCK(7, 7) * MINUTE},
    /* Berlin, 28 March 2027: from 02:00 to 03:00 at 01:00 UTC. */
    {"inside the hour that is skipped it never opens", "Europe/Berlin", 64, CLOCK(2, 10),
     CLOCK(2, 50), 1806192000, false, 1806192000 + 7 * DAY + 10 * MINUTE},
    {"it opens at once when its beginning is skipped", "Europe/Berlin", ALL_DAYS, CLOCK(2, 30),
     CLOCK(5, 0), 1806195600 - 1, false, 1806195600},
    {"it is an hour shorter", "Europe/Berlin", ALL_DAYS, CLOCK(1, 0), CLOCK(4, 0), 1806195600, true,
     1806195600 + HOUR},
    /* Berlin, 31 October 2027: from 03:00 to 02:00 at 01:00 UTC. */
    {"inside the hour that is doubled: the first time", "Europe/Berlin", ALL_DAYS, CLOCK(2, 10),
     CLOCK(2, 20), 1824944400 - 50 * MINUTE, true, 1824944400 - 40 * MINUTE},
    {"and the second time", "Europe/Berlin", ALL_DAYS, CLOCK(2, 10), CLOCK(2, 20), 1824944400,
     false, 1824944400 + 10 * MINUTE},
};

static void test_windows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(time_zone_destroy) struct time_zone *zone = zone_file_load(cases[i].zone);
        const struct send_window window = {
            .days = cases[i].days, .from = cases[i].from, .to = cases[i].to, .zone = zone};
        struct send_window_state found = send_window_ask(&window, 1, cases[i].at);
        if (found.is_open != cases[i].is_open || found.change_unix_s != cases[i].change) {
            fail_msg("%s: %d, changes at %lld", cases[i].name, (int)found.is_open,
                     (long long)found.change_unix_s);
        }
    }
}

static void test_several(void **state)
{
    (void)state;
    OWNED(time_zone_destroy) struct time_zone *zone = zone_file_load("UTC");
    const struct send_window windows[] = {
        {.days = 1, .from = CLOCK(9, 0), .to = CLOCK(12, 0), .zone = zone},
        {.days = 1, .from = CLOCK(12, 0), .to = CLOCK(13, 0), .zone = zone},
    };
    struct send_window_state found = send_window_ask(windows, 2, MONDAY + 10 * HOUR);
    assert_true(found.is_open);
    assert_int_equal(found.change_unix_s, MONDAY + 13 * HOUR); /* no gap between the two */
    assert_true(send_window_ask(NULL, 0, MONDAY).is_open);
}

static void test_clock(void **state)
{
    (void)state;
    assert_int_equal(send_window_parse_clock(TEXT("09:30"), false), CLOCK(9, 30));
    assert_int_equal(send_window_parse_clock(TEXT("24:00"), true), 1440);
    assert_int_equal(send_window_parse_clock(TEXT("24:00"), false), -1);
    static const char *const bad[] = {"9:30", "09:60", "25:00", "24:01", "ab:cd", "09-30", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(send_window_parse_clock(text_of(bad[i]), true), -1);
    }
}

static void test_packing(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer packed = {0};
    const struct send_window given[] = {
        {.days = 31, .from = 540, .to = 1260, .zone_name = "Asia/Tokyo"},
        {.days = 96, .from = 0, .to = 1440, .zone_name = "UTC"},
    };
    send_window_pack(&given[0], &packed);
    send_window_pack(&given[1], &packed);
    assert_true(text_equal(buffer_text(&packed), TEXT("31 540 1260 Asia/Tokyo;96 0 1440 UTC")));
    struct send_window read[SEND_WINDOWS_MAX];
    assert_int_equal(send_window_unpack(buffer_text(&packed), read), 2);
    assert_int_equal(read[0].to, 1260);
    assert_string_equal(read[1].zone_name, "UTC");
    assert_int_equal(send_window_unpack(TEXT(""), read), 0);
    static const char *const bad[] = {"31 540",     "128 0 1 UTC", "0 0 1 UTC",   "1 0 0 UTC",
                                      "1 0 1 ../x", "1 0 1 UTC;",  "1 1440 1 UTC"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(send_window_unpack(text_of(bad[i]), read), -EPROTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_packing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
