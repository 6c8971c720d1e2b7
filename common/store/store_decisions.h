/* What path controllers decided: one bounded stream for the fleet, read with events
 * (store_events.h) and, newest first, here. */
#ifndef HIKYAKU_COMMON_STORE_STORE_DECISIONS_H
#define HIKYAKU_COMMON_STORE_STORE_DECISIONS_H

#include "common/store/store_events.h"

/** Entries kept, about; beyond, the oldest go. */
#define STORE_DECISIONS_KEPT 10000
/** In one call. */
#define STORE_DECISIONS_AT_ONCE 100

/** @param error  0; -EAGAIN, -ECONNRESET: add them again; readers know repeats by their names */
typedef void store_decisions_fn(void *context, int error);
/** @param packed  each a StoredPathDecision; at most STORE_DECISIONS_AT_ONCE */
void store_decisions_add(struct store *store, const struct text *packed, size_t count,
                         store_decisions_fn *on_answer, void *context);
/** The last ones, newest first. */
void store_decisions_read(struct store *store, size_t limit, store_events_fn *on_answer,
                          void *context);

#endif
