/* The event streams of a tenant: one per partition, ids are generation-sequence. The generation
 * rises when Redis' run_id changes, so that a cursor knows when entries may be lost. */
#ifndef HIKYAKU_COMMON_STORE_STORE_EVENTS_H
#define HIKYAKU_COMMON_STORE_STORE_EVENTS_H

#include "common/store/store_batch.h"

/** One for each partition, and the fleet's, which no tenant has for itself. */
#define STORE_EVENT_STREAMS 65
#define STORE_EVENT_FLEET 64

struct store_event_place {
    uint64_t generation;
    uint64_t sequence;
};

enum store_event_kind {
    STORE_EVENT_ROWS,
    STORE_EVENT_STATE,
    STORE_EVENT_DECISION,
    STORE_EVENT_UNSUBSCRIBED,
};

/** One entry of a stream, outside data: bounded and checked. All borrowed for the callback. */
struct store_event_entry {
    unsigned int partition; /* or STORE_EVENT_FLEET */
    struct store_event_place place;
    enum store_event_kind kind;
    struct store_batch_name name; /* ROWS, UNSUBSCRIBED; STATE: campaign only */
    int64_t recorded_unix_ms;
    uint64_t epoch;                         /* ROWS: of the claim; 0: written by a coordinator */
    uint32_t number;                        /* ROWS: of the flush; STATE: counter of the campaign */
    const struct store_row_change *changes; /* ROWS: those with an event, in order */
    size_t count;
    struct text sealed_details; /* ROWS: kind SEAL_EVENTS; empty: none */
    uint8_t state;              /* STATE: Hikyaku__V1__CampaignState */
    uint32_t index;             /* UNSUBSCRIBED: who, and the position in the batch */
    uint16_t position;
    bool is_decision; /* ROWS: doubt was ended by decision, `reason` says whose */
    struct text reason;
    struct text decision; /* DECISION: a StoredPathDecision; nothing else is set */
};

typedef void store_events_fn(void *context, int error, const struct store_event_entry *entries,
                             size_t count);
/** Entries behind `after`, one place for each stream; at most `limit` from each, in the order of
 *  streams and places. */
void store_events_read(struct store *store, struct text tenant,
                       const struct store_event_place after[STORE_EVENT_STREAMS], size_t limit,
                       store_events_fn *on_answer, void *context);

struct store_events_next {
    struct text tenant;
    unsigned int partition;
    struct store_event_place after;
    size_t limit;
};
/** Entries of one partition's stream behind a place. */
void store_events_after(struct store *store, const struct store_events_next *next,
                        store_events_fn *on_answer, void *context);

struct store_events_back {
    struct text tenant;
    unsigned int partition;
    const struct store_event_place *before; /* NULL: from its end */
    size_t limit;
};
/** Entries of one partition's stream before a place, the newest first. */
void store_events_before(struct store *store, const struct store_events_back *back,
                         store_events_fn *on_answer, void *context);

/** First and last place of each stream, the last also when its entry is gone or the stream only
 * went on in another generation. Of an empty one `first` is the place behind. Zero: nothing was
 * ever written. */
struct store_events_range {
    struct store_event_place first;
    struct store_event_place last;
    uint64_t length;
    uint64_t removed; /* entries ever trimmed */
    int64_t oldest_unix_ms;
};
typedef void store_events_ranges_fn(void *context, int error,
                                    const struct store_events_range ranges[STORE_EVENT_STREAMS]);
void store_events_ranges(struct store *store, struct text tenant, store_events_ranges_fn *on_answer,
                         void *context);

#endif
