/* Looks for people in all campaigns of a tenant that one partition holds: in the refs, which live
 * as long as the rows. Batch by batch, one call at a time, so that everything else gets its turn.
 *
 * Campaigns whose key is destroyed are no place to look: nobody can read them any more. */
#ifndef HIKYAKU_COORDINATOR_PERSONS_PERSON_WALK_H
#define HIKYAKU_COORDINATOR_PERSONS_PERSON_WALK_H

#include "common/store/store_batch.h"
#include "common/wire/wire_store.h"
#include "coordinator/catalog/catalog.h"
#include "coordinator/persons/person_set.h"

struct person_walk;

/** Recipients of one batch that are looked for. */
struct person_batch {
    struct catalog_campaign *campaign; /* borrowed: catalog_retain() to keep it */
    struct store_batch_name name;
    const uint16_t *positions; /* ascending */
    size_t count;
    const struct wire_store_ref *refs; /* of these positions, in their order */
};

struct person_walk_counts {
    uint64_t campaigns;  /* looked into */
    uint64_t unreadable; /* campaigns whose keys are destroyed: nobody can look into them */
    uint64_t left_out;   /* campaigns and batches that could not be looked into now: quarantined,
                            damaged */
    uint64_t batches;    /* that have somebody */
};

struct person_walk_settings {
    struct loop *loop;       /* borrowed, as all below */
    struct store *store;     /* */
    struct catalog *catalog; /* */
    struct person_set *set;  /* */
    struct text tenant;      /* copied */
    unsigned int partition;
    /** Is anybody still waiting for it? If not, it ends with -ECANCELED. */
    bool (*is_wanted)(void *context);
    /** Somebody is found; the batch is valid until the walk goes on. Answer with
     * person_walk_go_on(), now or later. */
    void (*on_batch)(void *context, struct person_walk *walk, const struct person_batch *batch);
    /** The last call: the walk is gone. @param error  0, or why it was given up */
    void (*on_done)(void *context, int error, const struct person_walk_counts *counts);
    void *context;
};

/** @callback on_done  once, never inside this call */
void person_walk_start(const struct person_walk_settings *settings);
/** @param error  0: to the next batch; else the walk ends with it */
void person_walk_go_on(struct person_walk *walk, int error);

#endif
