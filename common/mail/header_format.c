/* Dates (header.h). */
#include "common/mail/header.h"

#include <stdio.h>

#define DAY_S 86400
#define LAST_S INT64_C(253402300799)

/* Day of the Gregorian calendar for a count of days since 1970-01-01, which is 719,468 days after
 * 0000-03-01: years that begin in March have their leap day last, so months follow a line. */
static void civil_date(int64_t days, int64_t *ret_year, unsigned int *ret_month,
                       unsigned int *ret_day)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0: March */
    *ret_day = (unsigned int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (unsigned int)(month < 10 ? month + 2 : month - 10); /* 0: January */
    *ret_year = year_of_era + era * 400 + (month >= 10 ? 1 : 0);
}

static char *put_digits(char *place, unsigned int value, unsigned int digits)
{
    for (unsigned int i = digits; i > 0; i--) {
        place[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return place + digits;
}

static char *put_name(char *place, const char *names, unsigned int position)
{
    for (unsigned int i = 0; i < 3; i++) {
        *place++ = names[position * 3 + i];
    }
    return place;
}

/* The nearest time that four digits of a year can tell. */
static int64_t within(int64_t unix_s)
{
    return unix_s < 0 ? 0 : unix_s > LAST_S ? LAST_S : unix_s;
}

/* Called for every message: no printf. */
size_t header_format_date(int64_t unix_s, int offset_minutes, char *ret_date)
{
    int64_t offset_s = (int64_t)offset_minutes * 60;
    int64_t local = within(within(unix_s) + offset_s);
    int64_t year = 0;
    unsigned int month = 0;
    unsigned int day = 0;
    civil_date(local / DAY_S, &year, &month, &day);
    unsigned int second = (unsigned int)(local % DAY_S);
    unsigned int offset = (unsigned int)(offset_minutes < 0 ? -offset_minutes : offset_minutes);

    /* 1970-01-01 was a Thursday. */
    char *end = put_name(ret_date, "ThuFriSatSunMonTueWed", (unsigned int)(local / DAY_S % 7));
    *end++ = ',';
    *end++ = ' ';
    end = put_digits(end, day, day < 10 ? 1 : 2);
    *end++ = ' ';
    end = put_name(end, "JanFebMarAprMayJunJulAugSepOctNovDec", month);
    *end++ = ' ';
    end = put_digits(end, (unsigned int)year, 4);
    *end++ = ' ';
    end = put_digits(end, second / 3600, 2);
    *end++ = ':';
    end = put_digits(end, second / 60 % 60, 2);
    *end++ = ':';
    end = put_digits(end, second % 60, 2);
    *end++ = ' ';
    *end++ = offset_minutes < 0 ? '-' : '+';
    end = put_digits(end, offset / 60, 2);
    end = put_digits(end, offset % 60, 2);
    *end = '\0';
    return (size_t)(end - ret_date);
}
