#include "cli/format.h"

#include "common/base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *format_count(uint64_t count, char ret_text[FORMAT_BYTES])
{
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t out = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            ret_text[out++] = ',';
        }
        ret_text[out++] = digits[i];
    }
    ret_text[out] = '\0';
    return ret_text;
}

static const char *none(char ret_text[FORMAT_BYTES])
{
    ret_text[0] = '-';
    ret_text[1] = '\0';
    return ret_text;
}

/* @return false for a time that the calendar does not know */
static bool local_time(int64_t unix_ms, struct tm *ret_parts)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    return localtime_r(&seconds, ret_parts) != NULL;
}

const char *format_time(int64_t unix_ms, char ret_text[FORMAT_BYTES])
{
    struct tm parts;
    if (unix_ms == 0 || !local_time(unix_ms, &parts)) {
        return none(ret_text);
    }
    (void)snprintf(ret_text, FORMAT_BYTES, "%04d-%02d-%02d %02d:%02d:%02d %.8s",
                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                   parts.tm_min, parts.tm_sec, parts.tm_zone);
    return ret_text;
}

const char *format_time_near(int64_t unix_ms, int64_t now_unix_ms, char ret_text[FORMAT_BYTES])
{
    struct tm parts;
    struct tm now;
    if (!local_time(unix_ms, &parts) || !local_time(now_unix_ms, &now)) {
        return none(ret_text);
    }
    if (parts.tm_year == now.tm_year && parts.tm_yday == now.tm_yday) {
        (void)snprintf(ret_text, FORMAT_BYTES, "%02d:%02d:%02d", parts.tm_hour, parts.tm_min,
                       parts.tm_sec);
    } else {
        (void)snprintf(ret_text, FORMAT_BYTES, "%02d-%02d %02d:%02d", parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min);
    }
    return ret_text;
}

const char *format_length(uint64_t length_ms, char ret_text[FORMAT_BYTES])
{
    uint64_t seconds = length_ms / SECOND_MS;
    if (length_ms < SECOND_MS) {
        (void)snprintf(ret_text, FORMAT_BYTES, "%" PRIu64 " ms", length_ms);
    } else if (length_ms < MINUTE_MS) {
        (void)snprintf(ret_text, FORMAT_BYTES, "%" PRIu64 " s", seconds);
    } else if (length_ms < HOUR_MS) {
        (void)snprintf(ret_text, FORMAT_BYTES, "%" PRIu64 " min %02" PRIu64 " s", seconds / 60,
                       seconds % 60);
    } else if (length_ms < DAY_MS) {
        (void)snprintf(ret_text, FORMAT_BYTES, "%" PRIu64 " h %02" PRIu64 " min", seconds / 3600,
                       seconds / 60 % 60);
    } else {
        (void)snprintf(ret_text, FORMAT_BYTES, "%" PRIu64 " d %" PRIu64 " h", seconds / 86400,
                       seconds / 3600 % 24);
    }
    return ret_text;
}

const char *format_bytes(uint64_t bytes, char ret_text[FORMAT_BYTES])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double amount = (double)bytes;
    size_t unit = 0;
    for (; amount >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++) {
        amount /= 1024;
    }
    (void)snprintf(ret_text, FORMAT_BYTES, "%.*f %s", unit == 0 ? 0 : 1, amount, units[unit]);
    return ret_text;
}

/* Two or four digits in front. */
static bool take_digits(struct text *text, size_t count, int *ret_number)
{
    uint64_t number;
    if (text->size < count || text_to_u64((struct text){text->data, count}, 9999, &number) != 0) {
        return false;
    }
    *ret_number = (int)number;
    *text = text_skip(*text, count);
    return true;
}

static bool take_byte(struct text *text, const char *bytes)
{
    if (text->size == 0 || text->data[0] == '\0' || strchr(bytes, text->data[0]) == NULL) {
        return false;
    }
    *text = text_skip(*text, 1);
    return true;
}

static bool take_date(struct text *text, struct tm *parts)
{
    bool is_date = take_digits(text, 4, &parts->tm_year) && take_byte(text, "-") &&
                   take_digits(text, 2, &parts->tm_mon) && take_byte(text, "-") &&
                   take_digits(text, 2, &parts->tm_mday) && take_byte(text, "Tt ");
    parts->tm_year -= 1900;
    parts->tm_mon -= 1;
    return is_date && parts->tm_mon >= 0 && parts->tm_mon < 12 && parts->tm_mday >= 1 &&
           parts->tm_mday <= 31;
}

static bool take_clock(struct text *text, struct tm *parts)
{
    if (!take_digits(text, 2, &parts->tm_hour) || !take_byte(text, ":") ||
        !take_digits(text, 2, &parts->tm_min)) {
        return false;
    }
    if (take_byte(text, ":") && !take_digits(text, 2, &parts->tm_sec)) {
        return false;
    }
    return parts->tm_hour < 24 && parts->tm_min < 60 && parts->tm_sec < 61;
}

/* ".250": milliseconds count, the rest is dropped. */
static bool take_fraction(struct text *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (!take_byte(text, ".")) {
        return true;
    }
    int digits = 0;
    for (int digit; take_digits(text, 1, &digit); digits++) {
        *ret_ms = digits < 3 ? *ret_ms * 10 + digit : *ret_ms;
    }
    for (int i = digits; i < 3; i++) {
        *ret_ms *= 10;
    }
    return digits > 0;
}

static bool take_offset(struct text *text, int64_t *ret_seconds)
{
    *ret_seconds = 0;
    if (take_byte(text, "Zz")) {
        return true;
    }
    int hours;
    int minutes;
    bool is_west = text->size > 0 && text->data[0] == '-';
    if (!take_byte(text, "+-") || !take_digits(text, 2, &hours) || !take_byte(text, ":") ||
        !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_seconds = (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

int format_parse_time(struct text text, int64_t *ret_unix_ms)
{
    struct tm parts = {0};
    int64_t offset;
    int64_t fraction_ms;
    if (!take_date(&text, &parts) || !take_clock(&text, &parts) ||
        !take_fraction(&text, &fraction_ms) || !take_offset(&text, &offset) || text.size > 0) {
        return -EINVAL;
    }
    int day = parts.tm_mday;
    int64_t seconds = timegm(&parts);
    if (parts.tm_mday != day && parts.tm_sec < 60) {
        return -EINVAL; /* timegm made 1 March of 30 February */
    }
    *ret_unix_ms = (seconds - offset) * 1000 + fraction_ms;
    return 0;
}
