#include "common/policy/local_time.h"

#include <errno.h>

#define DAY_S 86400

void local_time_to_unix(const struct time_zone *zone, int64_t local_s, int64_t *ret_first_unix_s,
                        int64_t *ret_last_unix_s)
{
    /* Zones change by hours and seldom: a day before and a day after, one offset or the other. */
    int32_t before_s = time_zone_offset_s(zone, local_s - DAY_S);
    int32_t after_s = time_zone_offset_s(zone, local_s + DAY_S);
    int64_t by_before = local_s - before_s;
    int64_t by_after = local_s - after_s;
    bool is_before = time_zone_offset_s(zone, by_before) == before_s;
    bool is_after = time_zone_offset_s(zone, by_after) == after_s;
    /* In a gap neither is: by the offset before it, it lies as far behind. */
    *ret_first_unix_s = is_before || !is_after ? by_before : by_after;
    *ret_last_unix_s = is_after ? by_after : *ret_first_unix_s;
}

/* @return false: no such digits, or out of range */
static bool take(struct text *text, size_t digits, int64_t least, int64_t most, int64_t *ret_number)
{
    uint64_t number = 0;
    if (text->size < digits || text_to_u64((struct text){text->data, digits}, 9999, &number) != 0 ||
        (int64_t)number < least || (int64_t)number > most) {
        return false;
    }
    *text = text_skip(*text, digits);
    *ret_number = (int64_t)number;
    return true;
}

static bool take_sign(struct text *text, char sign)
{
    bool is_there = text->size > 0 && text->data[0] == sign;
    *text = text_skip(*text, is_there ? 1 : 0);
    return is_there;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool take_date(struct text *text, int64_t *ret_days)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int64_t year;
    int64_t month;
    int64_t day;
    if (!take(text, 4, 1970, 9999, &year) || !take_sign(text, '-') ||
        !take(text, 2, 1, 12, &month) || !take_sign(text, '-') || !take(text, 2, 1, 31, &day)) {
        return false;
    }
    int64_t leap = is_leap(year) ? 1 : 0;
    int64_t length = before[month] - before[month - 1] + (month == 2 ? leap : 0);
    int64_t past = year - 1;
    int64_t leaps = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    *ret_days = (year - 1970) * 365 + leaps + before[month - 1] + (month > 2 ? leap : 0) + day - 1;
    return day <= length;
}

int local_time_parse(struct text text, int64_t *ret_local_s)
{
    int64_t days;
    int64_t hour;
    int64_t minute;
    int64_t second = 0;
    bool is_good = take_date(&text, &days) && (take_sign(&text, 'T') || take_sign(&text, ' ')) &&
                   take(&text, 2, 0, 23, &hour) && take_sign(&text, ':') &&
                   take(&text, 2, 0, 59, &minute);
    if (is_good && text.size > 0) {
        is_good = take_sign(&text, ':') && take(&text, 2, 0, 59, &second) && text.size == 0;
    }
    if (!is_good) {
        return -EINVAL;
    }
    *ret_local_s = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return 0;
}
