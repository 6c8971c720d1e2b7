#include "common/store/store_clock.h"

void store_clock_measure(struct store_clock *clock, int64_t redis_unix_ms, uint64_t sent_ms,
                         uint64_t now_ms)
{
    if (clock->is_measured && now_ms - sent_ms > STORE_CLOCK_TRIP_MAX_MS) {
        return;
    }
    clock->ahead_ms = redis_unix_ms - (int64_t)(sent_ms + (now_ms - sent_ms) / 2);
    clock->is_measured = true;
}

int64_t store_clock_now(const struct store_clock *clock, uint64_t now_ms, int64_t own_unix_ms)
{
    return clock->is_measured ? clock->ahead_ms + (int64_t)now_ms : own_unix_ms;
}
