/* Retention: in rounds over the partitions that this coordinator drives, trims event streams, makes
 * finished campaigns smaller, archives their outcomes; destroys month keys. One campaign and one
 * call at a time: it takes turns with everything else. Two drivers of one partition do the same
 * work twice, nothing worse. */
#ifndef HIKYAKU_COORDINATOR_RETENTION_RETENTION_H
#define HIKYAKU_COORDINATOR_RETENTION_RETENTION_H

#include "common/security/key_directory.h"
#include "coordinator/catalog/catalog.h"
#include "coordinator/retention/retention_rule.h"
#include "coordinator/tenants/tenants.h"

struct retention;

struct retention_settings {
    struct loop *loop;             /* borrowed, as all below */
    struct store *store;           /* */
    struct catalog *catalog;       /* */
    struct key_directory *keys;    /* */
    const struct tenants *tenants; /* */
    const char *name;              /* of the coordinator */
    const char *archive;           /* folder; NULL: no archive */
    struct retention_times times;
    /** Does this coordinator drive the partition? */
    /** Nothing may be shed now. */
    bool (*is_stopped)(void *context);
    bool (*drives)(void *context, unsigned int partition);
    void *context;
};

struct retention *retention_create(const struct retention_settings *settings);
/** The store is destroyed before, the pool is idle. Accepts NULL, nulls the pointer. */
void retention_destroy(struct retention **retention);

void retention_start(struct retention *retention);
/** Leaving: nothing new is begun. */
void retention_stop(struct retention *retention);

#endif
