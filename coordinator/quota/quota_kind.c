#include "coordinator/quota/quota_kind.h"

#include "common/base/clock.h"

static const struct {
    const char *name;
    uint64_t window_ms;
} kinds[QUOTA_KINDS] = {[QUOTA_CALLS] = {"calls", MINUTE_MS},
                        [QUOTA_ROWS] = {"rows", DAY_MS},
                        [QUOTA_BYTES] = {"bytes", DAY_MS},
                        [QUOTA_CAMPAIGNS] = {"campaigns", DAY_MS}};

const char *quota_kind_name(enum quota_kind kind)
{
    return kinds[kind].name;
}

bool quota_kind_is_of_day(enum quota_kind kind)
{
    return kinds[kind].window_ms == DAY_MS;
}

static uint64_t at(int64_t unix_ms)
{
    return unix_ms < 0 ? 0 : (uint64_t)unix_ms;
}

uint64_t quota_kind_window(enum quota_kind kind, int64_t unix_ms)
{
    return at(unix_ms) / kinds[kind].window_ms;
}

uint64_t quota_kind_wait_ms(enum quota_kind kind, int64_t unix_ms)
{
    return kinds[kind].window_ms - at(unix_ms) % kinds[kind].window_ms;
}
