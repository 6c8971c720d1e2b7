#include "common/policy/send_window.h"

#include <errno.h>
#include <string.h>

#define DAY_MINUTES SEND_WINDOW_DAY_MINUTES
#define WEEK_MINUTES (7 * DAY_MINUTES)
#define LOOK_AHEAD_MINUTES (8 * DAY_MINUTES)
/* 1970-01-01 was a Thursday: minutes from Monday to it. */
#define EPOCH_MINUTE (3 * DAY_MINUTES)

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Minutes since Monday 0:00, local. */
static int minute_of_week(const struct send_window *window, int64_t unix_s)
{
    int64_t local_s = unix_s + time_zone_offset_s(window->zone, unix_s);
    int64_t minutes = floor_div(local_s, 60) + EPOCH_MINUTE;
    return (int)(minutes - floor_div(minutes, WEEK_MINUTES) * WEEK_MINUTES);
}

static bool is_open(const struct send_window *window, int64_t unix_s)
{
    int minute = minute_of_week(window, unix_s);
    int length = window->to - window->from + (window->to <= window->from ? DAY_MINUTES : 0);
    for (int day = 0; day < 7; day++) {
        int since = minute - (day * DAY_MINUTES + window->from);
        since += since < 0 ? WEEK_MINUTES : 0;
        if ((window->days >> day & 1) != 0 && since < length) {
            return true;
        }
    }
    return false;
}

static bool is_any_open(const struct send_window *windows, size_t count, int64_t unix_s)
{
    bool is_one_open = false;
    for (size_t i = 0; i < count && !is_one_open; i++) {
        is_one_open = is_open(&windows[i], unix_s);
    }
    return is_one_open;
}

struct send_window_state send_window_ask(const struct send_window *windows, size_t count,
                                         int64_t now_unix_s)
{
    struct send_window_state state = {.is_open = count == 0, .change_unix_s = INT64_MAX};
    if (count == 0) {
        return state;
    }
    state.is_open = is_any_open(windows, count, now_unix_s);
    int64_t unix_s = floor_div(now_unix_s, 60) * 60;
    int64_t end_s = unix_s + (int64_t)LOOK_AHEAD_MINUTES * 60;
    do {
        unix_s += 60; /* zones change their offset at full minutes as well */
    } while (unix_s < end_s && is_any_open(windows, count, unix_s) == state.is_open);
    state.change_unix_s = unix_s;
    return state;
}

int send_window_parse_clock(struct text clock, bool is_end)
{
    if (clock.size != 5 || clock.data[2] != ':') {
        return -1;
    }
    uint64_t hours = 0;
    uint64_t minutes = 0;
    if (text_to_u64((struct text){clock.data, 2}, 24, &hours) != 0 ||
        text_to_u64((struct text){clock.data + 3, 2}, 59, &minutes) != 0) {
        return -1;
    }
    int sum = (int)(hours * 60 + minutes);
    return sum > DAY_MINUTES || (sum == DAY_MINUTES && !is_end) ? -1 : sum;
}

void send_window_pack(const struct send_window *window, struct buffer *out)
{
    if (out->size > 0) {
        buffer_append_byte(out, ';');
    }
    buffer_printf(out, "%u %u %u %s", window->days, window->from, window->to, window->zone_name);
}

static int unpack_one(struct text packed, struct send_window *ret_window)
{
    uint64_t numbers[3];
    static const uint64_t maxima[] = {127, DAY_MINUTES - 1, DAY_MINUTES};
    struct text part;
    for (size_t i = 0; i < 3; i++) {
        if (!text_next_part(&packed, ' ', &part) ||
            text_to_u64(part, maxima[i], &numbers[i]) != 0) {
            return -EPROTO;
        }
    }
    if (!time_zone_is_name(packed) || numbers[0] == 0 || numbers[2] == 0) {
        return -EPROTO;
    }
    *ret_window = (struct send_window){
        .days = (uint8_t)numbers[0], .from = (uint16_t)numbers[1], .to = (uint16_t)numbers[2]};
    memcpy(ret_window->zone_name, packed.data, packed.size);
    return 0;
}

int send_window_unpack(struct text packed, struct send_window windows[SEND_WINDOWS_MAX])
{
    int count = 0;
    struct text part;
    if (packed.size == 0) {
        return 0;
    }
    while (text_next_part(&packed, ';', &part)) {
        if (count == SEND_WINDOWS_MAX || unpack_one(part, &windows[count]) != 0) {
            return -EPROTO;
        }
        count++;
    }
    return count;
}
