/* Which partitions this coordinator reads, takes and gives up. Pure: answers and time come in,
 * steps come out.
 *
 * Every partition that is not ours is read once a second; free ones and those whose holder is dead
 * (watched here, or known to be) are taken up to our share; what is above the share is given up,
 * one a second. */
#ifndef HIKYAKU_COORDINATOR_FLEET_PARTITION_PLAN_H
#define HIKYAKU_COORDINATOR_FLEET_PARTITION_PLAN_H

#include "common/store/lease_watch.h"

#define PARTITION_PLAN_COUNT 64

enum partition_action { PARTITION_READ, PARTITION_TAKE, PARTITION_RELEASE };

struct partition_step {
    enum partition_action action;
    unsigned int partition;
    struct lease_beat seen; /* TAKE: what was seen, session "" when it is free */
    uint64_t epoch;         /* RELEASE */
};

struct partition_plan;

/** @param session  own, 32 hex digits. @param first  where taking starts: differs per process, so
 *  that two that start together seldom reach for the same one */
struct partition_plan *partition_plan_create(const char *session, unsigned int first);
void partition_plan_destroy(struct partition_plan **plan);

/** How many partitions this coordinator should hold; 0: none any more (leaving). */
void partition_plan_set_share(struct partition_plan *plan, unsigned int share);
/** A second has passed: read again, one surplus partition may go. */
void partition_plan_tick(struct partition_plan *plan);
/** The next thing to do now. @return false when there is nothing */
bool partition_plan_next(struct partition_plan *plan, struct partition_step *ret_step);

/* Answers. Each says whether a partition was gained or lost. */
enum partition_change { PARTITION_SAME, PARTITION_GAINED, PARTITION_LOST };
/** A READ was answered. @param error  0, -ENOENT (never taken) or another: the read failed */
enum partition_change partition_plan_on_beat(struct partition_plan *plan, unsigned int partition,
                                             int error, const struct lease_beat *beat,
                                             uint64_t sent_ms, uint64_t answered_ms);
/** The session that holds it, as last read, is dead: its own lease says so. One that has just
 *  started need not watch again what others have watched. */
void partition_plan_on_dead(struct partition_plan *plan, unsigned int partition);
/** A TAKE was answered. */
enum partition_change partition_plan_on_taken(struct partition_plan *plan, unsigned int partition,
                                              int error, uint64_t epoch);
/** A renewal was refused. */
enum partition_change partition_plan_on_refused(struct partition_plan *plan,
                                                unsigned int partition);

bool partition_plan_holds(const struct partition_plan *plan, unsigned int partition);
unsigned int partition_plan_held(const struct partition_plan *plan);
uint64_t partition_plan_epoch(const struct partition_plan *plan, unsigned int partition);
/** Who held it when last read; "" for free, our session for ours. */
const char *partition_plan_holder(const struct partition_plan *plan, unsigned int partition);

#endif
