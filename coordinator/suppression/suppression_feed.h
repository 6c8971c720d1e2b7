/* One event stream, read for what puts addresses on the list: replies that say that a mailbox is no
 * more. Its cursor lies beside the stream, so that whoever drives the partition next goes on where
 * it was left; what is read twice changes nothing. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_SUPPRESSION_SUPPRESSION_FEED_H
#define HIKYAKU_COORDINATOR_SUPPRESSION_SUPPRESSION_FEED_H

#include "common/security/seal.h"
#include "common/store/store_events.h"
#include "coordinator/catalog/catalog.h"

/** What all feeds share. Borrowed. */
struct suppression_feed_parts {
    struct loop *loop;
    struct store *store;
    struct catalog *catalog;
    struct seal *seal;
};

struct suppression_feed {
    const struct suppression_feed_parts *parts;
    unsigned int partition;
    struct text tenant; /* borrowed */
    struct store_event_place place;
    bool has_place;
    bool is_busy;
    uint64_t begun_ms;   /* monotonic: of the last reading */
    uint64_t current_ms; /* monotonic: when it was last read to its end; 0: not since it is ours */
    struct arena *arena; /* owned: of the entries in work */
    struct store_event_entry *entries; /* with bounces */
    size_t count;
    size_t at;
    struct store_event_place last; /* of all that were read */
    bool has_more;
};

/** Read on, when nothing is under way. */
void suppression_feed_read(struct suppression_feed *feed);
/** The partition is not ours any more. */
void suppression_feed_forget(struct suppression_feed *feed);
void suppression_feed_finish(struct suppression_feed *feed);

#endif
