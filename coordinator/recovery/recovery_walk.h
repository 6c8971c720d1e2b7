/* Brings one partition of a store that was loaded from a backup in order: its stream of events,
 * then campaign by campaign, batch by batch. Every step may be repeated, so a walk that failed is
 * begun anew, here or at another coordinator. */
#ifndef HIKYAKU_COORDINATOR_RECOVERY_RECOVERY_WALK_H
#define HIKYAKU_COORDINATOR_RECOVERY_RECOVERY_WALK_H

#include "common/store/store_restored.h"
#include "coordinator/tenants/tenants.h"

struct recovery_walk_settings {
    struct store *store;           /* borrowed */
    const struct tenants *tenants; /* each has a stream; borrowed */
    unsigned int partition;
    struct store_restored_decision decision;
};

/** What a walk did. */
struct recovery_walk_counts {
    uint64_t campaigns;
    uint64_t batches; /* looked at */
    uint64_t rows;    /* changed */
};

/** The walk is over and gone. @param error  0; others: begin anew */
typedef void recovery_walk_fn(void *context, unsigned int partition, int error,
                              const struct recovery_walk_counts *counts);

void recovery_walk_start(const struct recovery_walk_settings *settings, recovery_walk_fn *on_done,
                         void *context);

#endif
