/* Reads the events of a tenant from a cursor on: entries of 65 streams, opened, filtered, bounded;
 * waits for the first one when asked to. */
#ifndef HIKYAKU_COORDINATOR_EVENTS_EVENT_READER_H
#define HIKYAKU_COORDINATOR_EVENTS_EVENT_READER_H

#include "common/store/store_events.h"
#include "coordinator/catalog/catalog.h"
#include "coordinator/events/event_batches.h"
#include "coordinator/events/event_cursor.h"

struct event_reader;
/** One read on its way. */
struct event_reading;

struct event_reader_settings {
    struct loop *loop; /* borrowed, as all of these */
    struct store *store;
    struct catalog *catalog;
};

struct event_reader *event_reader_create(const struct event_reader_settings *settings);
/** The store is destroyed before. Readings that wait are answered -ECANCELED. Accepts NULL. */
void event_reader_destroy(struct event_reader **reader);
/** The opened refs, for others that need them (FindRecipients). */
struct event_batches *event_reader_batches(struct event_reader *reader);

struct event_reading_request {
    struct text tenant; /* borrowed until the answer, as all of these */
    struct event_cursor cursor;
    bool hides_fleet;  /* leave out what the fleet's stream tells: it is not of one tenant */
    bool from_latest;  /* `cursor` is not looked at */
    size_t max_events; /* 1..5,000 */
    uint32_t wait_ms;
    const Hikyaku__V1__EventFilter *filter; /* NULL: everything */
    struct arena *arena;                    /* for the events */
};

struct event_reading_answer {
    Hikyaku__V1__Event **events; /* in the arena */
    size_t count;
    struct event_cursor next;
    bool has_more;
    int64_t oldest_unix_ms;
};
/** @param error  0, or of the store */
typedef void event_reading_fn(void *context, int error, const struct event_reading_answer *answer);

/** @callback on_answer  exactly once, never inside this call
 *  @return borrowed; for event_reader_hurry() until the answer */
struct event_reading *event_reader_read(struct event_reader *reader,
                                        const struct event_reading_request *request,
                                        event_reading_fn *on_answer, void *context);
/** Do not wait any longer: answer with what there is. */
void event_reader_hurry(struct event_reading *reading);

#endif
