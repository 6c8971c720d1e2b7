/* Which day and hour it is for a warm-up: those of the wall clock in a zone. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_WARMUP_HOUR_H
#define HIKYAKU_COMMON_POLICY_WARMUP_HOUR_H

#include "common/policy/time_zone.h"

struct warmup_hour {
    uint32_t day;  /* local, days since 1970 */
    uint32_t hour; /* local, 0..23: an hour that comes twice is one */
    int64_t starts_unix_ms;
    int64_t ends_unix_ms;
    int64_t day_ends_unix_ms;
};

/** @param zone  NULL: UTC */
struct warmup_hour warmup_hour_at(const struct time_zone *zone, int64_t now_unix_ms);

#endif
