/* Says what a cursor cannot see: entries trimmed before they were read, a store that came back with
 * another history. Never a silent gap. Pure. */
#ifndef HIKYAKU_COORDINATOR_EVENTS_EVENT_GAPS_H
#define HIKYAKU_COORDINATOR_EVENTS_EVENT_GAPS_H

#include "common/base/arena.h"
#include "coordinator/events/event_cursor.h"
#include "hikyaku/v1/api.pb-c.h"

/** After a change of generation so many entries of each stream are read again: more than a minute
 *  of flushes. Readers know repeats by event_id. */
#define EVENT_GAPS_REREAD 4096

/**
 * Hold a cursor against the streams as they are.
 *
 * @param cursor      moved: behind what is gone; back where entries are read again
 * @param ret_events  EVENT_CURSOR_PARTITIONS * 2 places; in `arena`
 * @return how many events
 */
size_t event_gaps_find(struct event_cursor *cursor,
                       const struct store_events_range ranges[EVENT_CURSOR_PARTITIONS],
                       struct arena *arena, Hikyaku__V1__Event **ret_events);

/** Is `generation` newer than the cursor's own, and was nothing told of it yet? */
bool event_gaps_is_untold(const struct event_cursor *cursor, unsigned int partition,
                          uint64_t generation);

#endif
