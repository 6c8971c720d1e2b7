#include "coordinator/fleet/partition_plan.h"

#include "common/base/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct partition {
    struct lease_watch watch;
    struct lease_beat beat; /* as last read */
    uint64_t epoch;         /* when held */
    bool is_held;
    bool is_takeable; /* free, or its holder is dead */
    bool must_read;
    bool is_reading;
    bool is_taking;
};

struct partition_plan {
    char session[33];
    unsigned int first;
    unsigned int share;
    unsigned int held;
    unsigned int taking;
    bool may_release; /* one a tick */
    struct partition partitions[PARTITION_PLAN_COUNT];
};

struct partition_plan *partition_plan_create(const char *session, unsigned int first)
{
    struct partition_plan *plan = xalloc_zero(1, sizeof *plan);
    memcpy(plan->session, session, strnlen(session, sizeof plan->session - 1));
    plan->first = first % PARTITION_PLAN_COUNT;
    partition_plan_tick(plan);
    return plan;
}

void partition_plan_destroy(struct partition_plan **plan)
{
    free(*plan);
    *plan = NULL;
}

void partition_plan_set_share(struct partition_plan *plan, unsigned int share)
{
    plan->share = share;
}

void partition_plan_tick(struct partition_plan *plan)
{
    plan->may_release = true;
    for (unsigned int i = 0; i < PARTITION_PLAN_COUNT; i++) {
        plan->partitions[i].must_read = !plan->partitions[i].is_held;
    }
}

static bool next_take(struct partition_plan *plan, struct partition_step *ret_step)
{
    if (plan->held + plan->taking >= plan->share) {
        return false;
    }
    for (unsigned int i = 0; i < PARTITION_PLAN_COUNT; i++) {
        unsigned int number = (plan->first + i) % PARTITION_PLAN_COUNT;
        struct partition *partition = &plan->partitions[number];
        if (!partition->is_takeable || partition->is_held || partition->is_taking) {
            continue;
        }
        partition->is_takeable = false;
        partition->is_taking = true;
        plan->taking++;
        *ret_step = (struct partition_step){
            .action = PARTITION_TAKE, .partition = number, .seen = partition->beat};
        return true;
    }
    return false;
}

static bool next_release(struct partition_plan *plan, struct partition_step *ret_step)
{
    if (!plan->may_release || plan->held <= plan->share) {
        return false;
    }
    for (unsigned int i = PARTITION_PLAN_COUNT; i-- > 0;) {
        unsigned int number = (plan->first + i) % PARTITION_PLAN_COUNT;
        if (!plan->partitions[number].is_held) {
            continue;
        }
        plan->may_release = false;
        *ret_step = (struct partition_step){.action = PARTITION_RELEASE,
                                            .partition = number,
                                            .epoch = plan->partitions[number].epoch};
        (void)partition_plan_on_refused(plan, number);
        return true;
    }
    return false;
}

bool partition_plan_next(struct partition_plan *plan, struct partition_step *ret_step)
{
    for (unsigned int i = 0; i < PARTITION_PLAN_COUNT; i++) {
        struct partition *partition = &plan->partitions[i];
        if (!partition->must_read || partition->is_reading || partition->is_taking) {
            continue;
        }
        partition->must_read = false;
        partition->is_reading = true;
        *ret_step = (struct partition_step){.action = PARTITION_READ, .partition = i};
        return true;
    }
    return next_take(plan, ret_step) || next_release(plan, ret_step);
}

static enum partition_change gain(struct partition_plan *plan, unsigned int number, uint64_t epoch)
{
    struct partition *partition = &plan->partitions[number];
    partition->epoch = epoch;
    partition->is_takeable = false;
    memcpy(partition->beat.session, plan->session, sizeof plan->session);
    if (partition->is_held) {
        return PARTITION_SAME;
    }
    partition->is_held = true;
    plan->held++;
    return PARTITION_GAINED;
}

enum partition_change partition_plan_on_beat(struct partition_plan *plan, unsigned int number,
                                             int error, const struct lease_beat *beat,
                                             uint64_t sent_ms, uint64_t answered_ms)
{
    struct partition *partition = &plan->partitions[number];
    partition->is_reading = false;
    if (partition->is_held || partition->is_taking) {
        return PARTITION_SAME;
    }
    if (error != 0 && error != -ENOENT) {
        lease_watch_fail(&partition->watch);
        return PARTITION_SAME;
    }
    partition->beat = error == 0 ? *beat : (struct lease_beat){.session = ""};
    if (partition->beat.session[0] == '\0') {
        lease_watch_reset(&partition->watch);
        partition->is_takeable = true;
        return PARTITION_SAME;
    }
    if (strcmp(partition->beat.session, plan->session) == 0) {
        /* Taken, but the answer got lost. */
        return gain(plan, number, partition->beat.epoch);
    }
    partition->is_takeable =
        lease_watch_feed(&partition->watch, &partition->beat, sent_ms, answered_ms);
    return PARTITION_SAME;
}

void partition_plan_on_dead(struct partition_plan *plan, unsigned int number)
{
    struct partition *partition = &plan->partitions[number];
    if (!partition->is_held && !partition->is_taking && partition->beat.session[0] != '\0') {
        partition->is_takeable = true;
    }
}

enum partition_change partition_plan_on_taken(struct partition_plan *plan, unsigned int number,
                                              int error, uint64_t epoch)
{
    struct partition *partition = &plan->partitions[number];
    partition->is_taking = false;
    plan->taking--;
    lease_watch_reset(&partition->watch);
    if (error != 0) {
        partition->must_read = true;
        return PARTITION_SAME;
    }
    return gain(plan, number, epoch);
}

enum partition_change partition_plan_on_refused(struct partition_plan *plan, unsigned int number)
{
    struct partition *partition = &plan->partitions[number];
    if (!partition->is_held) {
        return PARTITION_SAME;
    }
    partition->is_held = false;
    partition->is_takeable = false;
    partition->beat = (struct lease_beat){.session = ""};
    lease_watch_reset(&partition->watch);
    plan->held--;
    return PARTITION_LOST;
}

bool partition_plan_holds(const struct partition_plan *plan, unsigned int partition)
{
    return plan->partitions[partition].is_held;
}

unsigned int partition_plan_held(const struct partition_plan *plan)
{
    return plan->held;
}

uint64_t partition_plan_epoch(const struct partition_plan *plan, unsigned int partition)
{
    return plan->partitions[partition].epoch;
}

const char *partition_plan_holder(const struct partition_plan *plan, unsigned int partition)
{
    return plan->partitions[partition].beat.session;
}
