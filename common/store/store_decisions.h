/* What path controllers decided: one bounded stream for the fleet, read with events
 * (store_events.h) and, newest first, here. */
#ifndef HIKYAKU_COMMON_STORE_STORE_DECISIONS_H
#define HIKYAKU_COMMON_STORE_STORE_DECISIONS_H

#include "common/store/store_events.h"

/** Entries kept, about; beyond, the oldest go. */
#define STORE_DECISIONS_KEPT 10000
/** In one call. */
#define STORE_DECISIONS_AT_ONCE 100

/** Of a session without news its last number is forgotten. */
#define STORE_DECISIONS_REMEMBERED_S 86400

/** @param error  0; -EAGAIN, -ECONNRESET: add them again, those that are there stay as they are */
typedef void store_decisions_fn(void *context, int error);
/** Consecutive ones of a session's. */
struct store_decisions {
    const char *session;       /* whose numbers they are */
    uint64_t first;            /* number of the first; numbers begin with 1 */
    const struct text *packed; /* each a StoredPathDecision */
    size_t count;              /* at most STORE_DECISIONS_AT_ONCE */
};
void store_decisions_add(struct store *store, const struct store_decisions *decisions,
                         store_decisions_fn *on_answer, void *context);
/** The last ones, newest first. */
void store_decisions_read(struct store *store, size_t limit, store_events_fn *on_answer,
                          void *context);

#endif
