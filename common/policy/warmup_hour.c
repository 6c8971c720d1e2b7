#include "common/policy/warmup_hour.h"

#define HOUR_S INT64_C(3600)
#define DAY_S (24 * HOUR_S)

static int64_t offset_s(const struct time_zone *zone, int64_t unix_s)
{
    return zone == NULL ? 0 : time_zone_offset_s(zone, unix_s);
}

/* When local time says so, if the clocks change meanwhile as well. */
static int64_t unix_of(const struct time_zone *zone, int64_t local_s, int64_t guess_s)
{
    int64_t unix_s = local_s - guess_s;
    return local_s - offset_s(zone, unix_s);
}

struct warmup_hour warmup_hour_at(const struct time_zone *zone, int64_t now_unix_ms)
{
    int64_t now_s = now_unix_ms > 0 ? now_unix_ms / 1000 : 0;
    int64_t offset = offset_s(zone, now_s);
    int64_t local_s = now_s + offset;
    local_s = local_s > 0 ? local_s : 0;
    int64_t day_end_s = unix_of(zone, local_s - local_s % DAY_S + DAY_S, offset);
    int64_t end_s = now_s + HOUR_S - local_s % HOUR_S;
    return (struct warmup_hour){
        .day = (uint32_t)(local_s / DAY_S),
        .hour = (uint32_t)(local_s % DAY_S / HOUR_S),
        .starts_unix_ms = (now_s - local_s % HOUR_S) * 1000,
        .ends_unix_ms = end_s * 1000,
        .day_ends_unix_ms = (day_end_s > now_s ? day_end_s : end_s) * 1000,
    };
}
