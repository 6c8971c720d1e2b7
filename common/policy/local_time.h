/* A clock on the wall: from local time of a zone to UTC. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_LOCAL_TIME_H
#define HIKYAKU_COMMON_POLICY_LOCAL_TIME_H

#include "common/policy/time_zone.h"

/**
 * The moments at which a clock on the wall shows so many seconds since 1970-01-01T00:00: one, or
 * two where an hour is doubled. An hour that is missing counts as the one after it.
 */
void local_time_to_unix(const struct time_zone *zone, int64_t local_s, int64_t *ret_first_unix_s,
                        int64_t *ret_last_unix_s);
/** "2026-12-31T00:00", seconds may follow. @return 0 or -EINVAL */
MUST_USE int local_time_parse(struct text text, int64_t *ret_local_s);

#endif
