#include "common/policy/time_zone_rule.h"

#include <errno.h>

#define HOUR_S 3600
#define DAY_S INT64_C(86400)
/* RFC 8536, 3.3.1: times of a rule may lie up to a week away. */
#define AT_HOURS_MAX 167

/* ---------------------------------------------------------------- reading */

static bool take_byte(struct text *rest, char byte)
{
    bool is_there = rest->size > 0 && rest->data[0] == byte;
    if (is_there) {
        *rest = text_skip(*rest, 1);
    }
    return is_there;
}

static bool take_number(struct text *rest, int maximum, int *ret_number)
{
    int number = 0;
    size_t digits = 0;
    while (digits < rest->size && digits < 3 && rest->data[digits] >= '0' &&
           rest->data[digits] <= '9') {
        number = number * 10 + (rest->data[digits++] - '0');
    }
    *rest = text_skip(*rest, digits);
    *ret_number = number;
    return digits > 0 && number <= maximum;
}

/* "JST", "<+0330>": what it is called does not matter here. */
static bool take_name(struct text *rest)
{
    size_t size = 0;
    if (take_byte(rest, '<')) {
        size = text_find(*rest, '>');
        bool is_closed = size < rest->size;
        *rest = text_skip(*rest, size + 1);
        return is_closed && size > 0;
    }
    while (size < rest->size && ((rest->data[size] >= 'A' && rest->data[size] <= 'Z') ||
                                 (rest->data[size] >= 'a' && rest->data[size] <= 'z'))) {
        size++;
    }
    *rest = text_skip(*rest, size);
    return size >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct text *rest, int hours_max, int32_t *ret_s)
{
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    bool is_negative = take_byte(rest, '-');
    if (!is_negative) {
        (void)take_byte(rest, '+');
    }
    bool is_good = take_number(rest, hours_max, &hours);
    if (is_good && take_byte(rest, ':')) {
        is_good = take_number(rest, 59, &minutes);
        if (is_good && take_byte(rest, ':')) {
            is_good = take_number(rest, 59, &seconds);
        }
    }
    int32_t sum = hours * HOUR_S + minutes * 60 + seconds;
    *ret_s = is_negative ? -sum : sum;
    return is_good;
}

static bool take_month_day(struct text *rest, struct time_zone_day *day)
{
    day->form = TIME_ZONE_MONTH_WEEK_DAY;
    return take_number(rest, 12, &day->month) && day->month >= 1 && take_byte(rest, '.') &&
           take_number(rest, 5, &day->week) && day->week >= 1 && take_byte(rest, '.') &&
           take_number(rest, 6, &day->day);
}

/* ",M3.2.0/2", ",J60", ",59/-1" */
static bool take_day(struct text *rest, struct time_zone_day *day)
{
    bool is_good = take_byte(rest, ',');
    if (is_good && take_byte(rest, 'M')) {
        is_good = take_month_day(rest, day);
    } else if (is_good && take_byte(rest, 'J')) {
        day->form = TIME_ZONE_JULIAN;
        is_good = take_number(rest, 365, &day->day) && day->day >= 1;
    } else if (is_good) {
        day->form = TIME_ZONE_DAY_OF_YEAR;
        is_good = take_number(rest, 365, &day->day);
    }
    day->at_s = 2 * HOUR_S;
    if (is_good && take_byte(rest, '/')) {
        is_good = take_time(rest, AT_HOURS_MAX, &day->at_s);
    }
    return is_good;
}

int time_zone_rule_parse(struct text string, struct time_zone_rule *ret_rule)
{
    struct time_zone_rule rule = {.has_daylight = false};
    struct text rest = string;
    int32_t west_s = 0;
    if (!take_name(&rest) || !take_time(&rest, 24, &west_s)) {
        return -EPROTO;
    }
    rule.standard_s = rule.daylight_s = -west_s; /* POSIX counts westwards */
    if (rest.size > 0) {
        rule.has_daylight = true;
        rule.daylight_s = rule.standard_s + HOUR_S;
        bool is_good = take_name(&rest);
        if (is_good && rest.size > 0 && rest.data[0] != ',') {
            is_good = take_time(&rest, 24, &west_s);
            rule.daylight_s = -west_s;
        }
        if (!is_good || !take_day(&rest, &rule.start) || !take_day(&rest, &rule.end)) {
            return -EPROTO;
        }
    }
    if (rest.size > 0) {
        return -EPROTO;
    }
    *ret_rule = rule;
    return 0;
}

/* ---------------------------------------------------------------- asking */

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to 1 January of the year. */
static int64_t days_to_year(int64_t year)
{
    int64_t before = year - 1;
    return 365 * (year - 1970) + (before / 4 - before / 100 + before / 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int64_t year_of(int64_t local_s)
{
    int64_t days = local_s / DAY_S - (local_s % DAY_S < 0);
    int64_t year = 1970 + days / 366;
    while (days_to_year(year + 1) <= days) {
        year++;
    }
    return year;
}

static int64_t day_of_month_week(const struct time_zone_day *day, int64_t year)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int leap = is_leap(year);
    int first = before[day->month - 1] + (day->month > 2 ? leap : 0);
    int length = before[day->month] - before[day->month - 1] + (day->month == 2 ? leap : 0);
    int64_t weekday = (days_to_year(year) + first + 4) % 7; /* 1970-01-01 was a Thursday */
    int64_t place = (day->day - weekday + 7) % 7 + 7 * (day->week - 1);
    while (place >= length) {
        place -= 7;
    }
    return first + place;
}

/* Local time of the change, as seconds since 1970-01-01 local. */
static int64_t change_of(const struct time_zone_day *day, int64_t year)
{
    int64_t of_year = day->day;
    if (day->form == TIME_ZONE_MONTH_WEEK_DAY) {
        of_year = day_of_month_week(day, year);
    } else if (day->form == TIME_ZONE_JULIAN) {
        of_year = day->day - 1 + (is_leap(year) && day->day >= 60); /* 29 February has no number */
    }
    return (days_to_year(year) + of_year) * DAY_S + day->at_s;
}

int32_t time_zone_rule_offset_s(const struct time_zone_rule *rule, int64_t unix_s)
{
    if (!rule->has_daylight || unix_s < 0) {
        return rule->standard_s;
    }
    int64_t year = year_of(unix_s + rule->standard_s);
    int64_t start_s = change_of(&rule->start, year) - rule->standard_s;
    int64_t end_s = change_of(&rule->end, year) - rule->daylight_s;
    bool is_daylight =
        start_s < end_s ? unix_s >= start_s && unix_s < end_s : unix_s >= start_s || unix_s < end_s;
    return is_daylight ? rule->daylight_s : rule->standard_s;
}
