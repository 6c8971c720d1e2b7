#include "worker/report/flush_interval.h"

uint64_t flush_interval_ms(uint64_t least_ms, bool is_transactional, size_t claims)
{
    if (is_transactional) {
        return least_ms;
    }
    uint64_t wanted_ms = FLUSH_INTERVAL_MOST_MS;
    if (claims < FLUSH_INTERVAL_MOST_MS * FLUSH_INTERVAL_PER_S / 1000) {
        wanted_ms = (uint64_t)claims * 1000 / FLUSH_INTERVAL_PER_S;
    }
    return wanted_ms > least_ms ? wanted_ms : least_ms;
}
