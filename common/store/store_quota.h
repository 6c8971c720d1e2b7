/* Counts of quotas in Redis, a tenant's in its slot: given out in slices, so that a call costs no
 * round trip (scripts/quota). */
#ifndef HIKYAKU_COMMON_STORE_STORE_QUOTA_H
#define HIKYAKU_COMMON_STORE_STORE_QUOTA_H

#include "common/store/store.h"

#define STORE_QUOTA_ASKS_MAX 8

/** The windows that counts are of. */
struct store_quota_window {
    struct text tenant;
    uint64_t minute; /* since 1970 */
    uint64_t day;
};
struct store_quota_ask {
    bool is_of_day;
    struct text field; /* "<subject> <kind>" */
    uint64_t limit;
    uint64_t needed;
    uint64_t more;
};
/** @param error  0, -EAGAIN, -ECONNRESET (perhaps given, and lost)
 *  @param given  one for each ask: 0 or needed..needed + more */
typedef void store_quota_fn(void *context, int error, const uint64_t *given, size_t count);
void store_quota_lease(struct store *store, const struct store_quota_window *window,
                       const struct store_quota_ask *asks, size_t count, store_quota_fn *on_answer,
                       void *context);

struct store_quota_count {
    struct text field;
    uint64_t given;
};
/** @callback  twice: the minute's, then the day's; valid during the call */
typedef void store_quota_read_fn(void *context, int error, const struct store_quota_count *counts,
                                 size_t count);
void store_quota_read(struct store *store, const struct store_quota_window *window,
                      store_quota_read_fn *on_answer, void *context);

#endif
