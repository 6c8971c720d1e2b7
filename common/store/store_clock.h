/* What time it is at Redis, told by a clock of ours that nobody steps. Pure. */
#ifndef HIKYAKU_COMMON_STORE_STORE_CLOCK_H
#define HIKYAKU_COMMON_STORE_STORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* An answer that took longer says too little; unless it is the first. */
#define STORE_CLOCK_TRIP_MAX_MS 1000

/* All zero: not measured yet. */
struct store_clock {
    int64_t ahead_ms; /* Redis' wall clock minus our CLOCK_BOOTTIME */
    bool is_measured;
};

/** Redis told `redis_unix_ms` in an answer to what was sent at `sent_ms` (both ours:
 * CLOCK_BOOTTIME). */
void store_clock_measure(struct store_clock *clock, int64_t redis_unix_ms, uint64_t sent_ms,
                         uint64_t now_ms);
/** Redis' wall clock at `now_ms` (CLOCK_BOOTTIME); ours, `own_unix_ms`, before the first measure.
 */
int64_t store_clock_now(const struct store_clock *clock, uint64_t now_ms, int64_t own_unix_ms);

#endif
