/* Final outcomes leave Redis as JSON lines in a folder of the operator's: the campaign's line, then
 * one of each recipient, batch by batch, written in the thread pool. Done means on disk. */
#ifndef HIKYAKU_COORDINATOR_RETENTION_RETENTION_ARCHIVE_H
#define HIKYAKU_COORDINATOR_RETENTION_RETENTION_ARCHIVE_H

#include "common/store/store_retention.h"
#include "coordinator/catalog/catalog.h"

struct retention_archive;

struct retention_archive_settings {
    struct loop *loop;       /* borrowed, as all below */
    struct store *store;     /* */
    struct catalog *catalog; /* */
    const char *directory;   /* */
    const char *name;        /* of the coordinator: no two of one folder have the same */
};

struct retention_archive *
retention_archive_create(const struct retention_archive_settings *settings);
/** The store is destroyed before, the pool is idle. Accepts NULL, nulls the pointer. */
void retention_archive_destroy(struct retention_archive **archive);

/** One campaign at a time. @param campaign  ended; copied where needed
 *  @callback on_done  exactly once: 0 (on disk), or why not: nothing is noted, try again */
void retention_archive_run(struct retention_archive *archive, const struct store_campaign *campaign,
                           store_retention_done_fn *on_done, void *context);

#endif
