/* When a campaign may be sent: windows of local time in IANA zones. Pure: zones and time come in.
 *
 * A window opens on its days at `from` and closes at `to`, on the next day when `to` is not later
 * than `from`; the day that counts is the one on which it opens. What counts is the clock on the
 * wall: an hour that is skipped does not come, one that is doubled comes twice. */
#ifndef HIKYAKU_COMMON_POLICY_SEND_WINDOW_H
#define HIKYAKU_COMMON_POLICY_SEND_WINDOW_H

#include "common/policy/time_zone.h"

#include "common/base/buffer.h"

#define SEND_WINDOWS_MAX 14
#define SEND_WINDOW_DAY_MINUTES 1440

struct send_window {
    const struct time_zone *zone; /* borrowed */
    uint16_t from;                /* minutes of the local day, 0..1439 */
    uint16_t to;                  /* 1..1440 */
    uint8_t days;                 /* bit 0: Monday .. bit 6: Sunday */
    char zone_name[TIME_ZONE_NAME_BYTES_MAX + 1];
};

struct send_window_state {
    bool is_open;          /* one of them is */
    int64_t change_unix_s; /* when that changes, at most 8 days ahead: ask again then */
};

/** No windows: open for ever. */
struct send_window_state send_window_ask(const struct send_window *windows, size_t count,
                                         int64_t now_unix_s);

/** "HH:MM" or, for an end, "24:00". @return minutes, or -1 */
int send_window_parse_clock(struct text clock, bool is_end);

/** Append "<days> <from> <to> <zone>" in decimal minutes; windows are parted by ';'. */
void send_window_pack(const struct send_window *window, struct buffer *out);
/**
 * Read what send_window_pack() wrote; zones are left NULL.
 * @return how many, 0..SEND_WINDOWS_MAX; -EPROTO (damaged)
 */
MUST_USE int send_window_unpack(struct text packed, struct send_window windows[SEND_WINDOWS_MAX]);

#endif
