/* From a stream entry and what belongs to its batch to the events that callers read. Pure. */
#ifndef HIKYAKU_COORDINATOR_EVENTS_EVENT_DECODE_H
#define HIKYAKU_COORDINATOR_EVENTS_EVENT_DECODE_H

#include "common/store/store_events.h"
#include "common/wire/wire_store.h"
#include "coordinator/catalog/catalog.h"

/** What an entry is read with. All borrowed. */
struct event_decode_input {
    const struct store_event_entry *entry;
    const struct catalog_campaign *campaign; /* NULL: gone, or its key is */
    const struct wire_store_ref *refs;       /* by position; NULL: gone */
    size_t ref_count;
    const Hikyaku__V1__StoredEventDetails *details; /* NULL: none */
    const Hikyaku__V1__EventFilter *filter;         /* NULL: everything */
    struct arena *arena;                            /* for the events */
};

/**
 * Make the event of the entry's change number `place` (all but those of rows have one: 0).
 * @return NULL when it makes none (outcomes without event type) or the filter leaves it out
 */
Hikyaku__V1__Event *event_decode(const struct event_decode_input *input, size_t place);

/** Events that an entry holds before any filter. */
size_t event_decode_count(const struct store_event_entry *entry);

/** Could the filter let anything of this entry pass? Looks at campaigns and types only. */
bool event_decode_may_pass(const struct store_event_entry *entry,
                           const Hikyaku__V1__EventFilter *filter);

#endif
