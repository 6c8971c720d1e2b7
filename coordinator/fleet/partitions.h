/* The edge of partition_plan: leases of partitions in the store, renewed by the keeper. */
#ifndef HIKYAKU_COORDINATOR_FLEET_PARTITIONS_H
#define HIKYAKU_COORDINATOR_FLEET_PARTITIONS_H

#include "common/store/store_lease.h"
#include "coordinator/fleet/partition_plan.h"

struct partitions;

struct partitions_settings {
    struct loop *loop;           /* borrowed */
    struct store *store;         /* borrowed */
    struct store_keeper *keeper; /* borrowed */
    const char *session;         /* own; copied */
    /** Is it known that this session is dead? */
    bool (*is_dead)(void *context, const char *session);
    void (*on_gained)(void *context, unsigned int partition);
    void (*on_lost)(void *context, unsigned int partition);
    void *context;
};

struct partitions *partitions_create(const struct partitions_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void partitions_destroy(struct partitions **partitions);

/** The own session is registered: begin. */
void partitions_start(struct partitions *partitions);
/** Leaving: give up all at once, take none. */
void partitions_stop(struct partitions *partitions);

/** So many coordinators live, this one included. */
void partitions_set_coordinators(struct partitions *partitions, unsigned int count);
/** The keeper says: this lease is not ours any more. */
void partitions_on_refused(struct partitions *partitions, unsigned int partition);

unsigned int partitions_held(const struct partitions *partitions);
bool partitions_holds(const struct partitions *partitions, unsigned int partition);
/** How many a session holds, as far as seen. */
unsigned int partitions_held_by(const struct partitions *partitions, const char *session);

#endif
