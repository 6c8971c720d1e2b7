/* The refs of batches, opened: a small cache between the store and the event reader. */
#ifndef HIKYAKU_COORDINATOR_EVENTS_EVENT_BATCHES_H
#define HIKYAKU_COORDINATOR_EVENTS_EVENT_BATCHES_H

#include "common/store/store_batch.h"
#include "common/wire/wire_store.h"
#include "coordinator/catalog/catalog.h"

struct event_batches;

struct event_batches *event_batches_create(struct store *store);
/** The store is destroyed before. Accepts NULL, nulls the pointer. */
void event_batches_destroy(struct event_batches **batches);

/**
 * @param error  0; -ENOENT (retention ended: no refs); -EBADMSG, -EPROTO (damaged); of the store
 * @param refs   by position; valid until this callback returns
 */
typedef void event_batches_fn(void *context, int error, const struct wire_store_ref *refs,
                              size_t count);
/** @callback on_refs  exactly once; inside this call when they are at hand */
void event_batches_find(struct event_batches *batches, const struct catalog_campaign *campaign,
                        const struct store_batch_name *name, event_batches_fn *on_refs,
                        void *context);

#endif
