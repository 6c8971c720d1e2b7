/* The ready queues of a coordinator: which batch is offered next. Pure: no I/O, no clock.
 *
 * A pool's batches wait by lane, then by tenant (deficit round robin in recipients), then by
 * campaign (one batch each in turn), then by group: the provider or domain that they go to (one
 * batch each in turn). TRANSACTIONAL goes first, but while BULK waits too it gets at most its share
 * of what is taken, so that neither starves. A group for which there is no room holds up no other
 * one. */
#ifndef HIKYAKU_COORDINATOR_SCHEDULE_READY_H
#define HIKYAKU_COORDINATOR_SCHEDULE_READY_H

#include "common/base/text.h"

enum ready_lane { READY_TRANSACTIONAL, READY_BULK, READY_LANE_COUNT };

#define READY_ID_SIZE 16
#define READY_BATCH_ROWS_MAX 500

struct ready;
struct ready_campaign; /* valid from ready_add_campaign to ready_drop_campaign */

struct ready_settings {
    /* Of 1,000 recipients taken while both lanes wait, how many may be TRANSACTIONAL. */
    uint32_t transactional_permille;
};

struct ready *ready_create(const struct ready_settings *settings);
void ready_destroy(struct ready **ready);

/**
 * Make a campaign known; its batches wait under (pool, lane, tenant).
 *
 * @param id  copied; must not be known yet
 * @return borrowed handle
 */
struct ready_campaign *ready_add_campaign(struct ready *ready,
                                          const unsigned char id[READY_ID_SIZE], struct text tenant,
                                          struct text pool, enum ready_lane lane);
/** NULL when it is not known. */
struct ready_campaign *ready_find_campaign(struct ready *ready,
                                           const unsigned char id[READY_ID_SIZE]);
/** Forget the campaign and every batch of it. */
void ready_drop_campaign(struct ready *ready, struct ready_campaign **campaign);
/** A held campaign (paused, not its time) keeps its batches, none is taken. */
void ready_hold(struct ready *ready, struct ready_campaign *campaign, bool held);

/**
 * Queue a batch behind its campaign's others.
 *
 * @param rows   recipients to be sent to, at most READY_BATCH_ROWS_MAX
 * @param group  the provider or domain that it goes to; copied
 * @return false when the batch is known already (waiting, or taken and not released)
 */
bool ready_add_batch(struct ready *ready, struct ready_campaign *campaign, uint32_t number,
                     uint32_t rows, struct text group);
/** A taken batch was not used (offer void): it waits again, in front. No-op unless it is taken. */
void ready_restore_batch(struct ready *ready, struct ready_campaign *campaign, uint32_t number);
/** Forget a batch (claimed, finished, gone), whether it waits or is taken. */
void ready_forget_batch(struct ready *ready, struct ready_campaign *campaign, uint32_t number);

struct ready_pick {
    struct ready_campaign *campaign; /* borrowed */
    uint32_t number;
    uint32_t rows;
    enum ready_lane lane;
    struct text group; /* borrowed until the batch is forgotten */
};

/** Recipients of a group that may be taken. */
struct ready_filter {
    uint32_t (*room)(const void *context, enum ready_lane lane, struct text group);
    const void *context;
};

/**
 * Take the next batch of a pool.
 *
 * @param room    recipients that may be taken, per lane; a batch with more rows is not taken, and
 *                none of its lane goes before it: large batches are not overtaken for ever
 * @param filter  a batch with more rows than its group's room is left out; NULL: none is
 * @return false when nothing waits, or in each lane the next does not fit
 */
bool ready_take(struct ready *ready, struct text pool, const uint32_t room[READY_LANE_COUNT],
                const struct ready_filter *filter, struct ready_pick *ret_pick);
/** Does any batch of it wait that the filter lets through? */
bool ready_has(const struct ready_campaign *campaign, const struct ready_filter *filter);
/** Another number whenever something more may be taken than before. */
uint64_t ready_version(const struct ready *ready);

const unsigned char *ready_campaign_id(const struct ready_campaign *campaign);
/** Batches that wait / were taken and not yet forgotten. */
uint32_t ready_waiting(const struct ready_campaign *campaign);
uint32_t ready_taken(const struct ready_campaign *campaign);
/** Recipients waiting in a pool and lane (held campaigns left out): the scaling signal. */
uint64_t ready_waiting_rows(const struct ready *ready, struct text pool, enum ready_lane lane);

typedef void ready_pool_fn(void *context, struct text pool);
/** Every pool that ever had a campaign. */
void ready_each_pool(const struct ready *ready, ready_pool_fn *visit, void *context);

#endif
