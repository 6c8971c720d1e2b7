#include "coordinator/fleet/partitions.h"

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#include <stdlib.h>
#include <string.h>

/* Reads that follow the last answer by less than the gap do not count: a little more than that. */
#define READ_MS (LEASE_WATCH_GAP_MS + 25)

struct partitions {
    struct partitions_settings settings;
    struct partition_plan *plan;
    struct loop_timer *timer;
    unsigned int gained; /* since the log told of it */
    unsigned int lost;
    bool is_stepping;
    bool is_leaving;
};

struct call {
    struct partitions *partitions;
    unsigned int partition;
};

static void run_steps(struct partitions *partitions);

static struct call *call_create(struct partitions *partitions, unsigned int partition)
{
    struct call *call = xalloc_zero(1, sizeof *call);
    *call = (struct call){.partitions = partitions, .partition = partition};
    return call;
}

static void apply(struct partitions *partitions, unsigned int partition,
                  enum partition_change change)
{
    struct store_lease_name name = {.kind = STORE_LEASE_PARTITION, .partition = partition};
    if (change == PARTITION_GAINED) {
        partitions->gained++;
        store_keeper_add(partitions->settings.keeper, &name,
                         partition_plan_epoch(partitions->plan, partition));
        partitions->settings.on_gained(partitions->settings.context, partition);
    }
    if (change == PARTITION_LOST) {
        partitions->lost++;
        store_keeper_remove(partitions->settings.keeper, &name);
        partitions->settings.on_lost(partitions->settings.context, partition);
    }
}

static void on_beat(void *context, int error, const struct lease_beat *beat, uint64_t took_ms)
{
    struct call *call = context;
    struct partitions *partitions = call->partitions;
    unsigned int partition = call->partition;
    free(call);
    uint64_t now_ms = clock_boottime_ms();
    apply(
        partitions, partition,
        partition_plan_on_beat(partitions->plan, partition, error, beat, now_ms - took_ms, now_ms));
    if (error == 0 && beat->session[0] != '\0' &&
        partitions->settings.is_dead(partitions->settings.context, beat->session)) {
        partition_plan_on_dead(partitions->plan, partition);
    }
    run_steps(partitions);
}

static void on_taken(void *context, int error, uint64_t epoch)
{
    struct call *call = context;
    struct partitions *partitions = call->partitions;
    unsigned int partition = call->partition;
    free(call);
    if (partitions->is_leaving) {
        struct store_lease_name name = {.kind = STORE_LEASE_PARTITION, .partition = partition};
        if (error == 0) {
            store_lease_release(partitions->settings.store, &name, epoch, NULL, NULL);
        }
        return;
    }
    apply(partitions, partition,
          partition_plan_on_taken(partitions->plan, partition, error, epoch));
    run_steps(partitions);
}

static void do_step(struct partitions *partitions, const struct partition_step *step)
{
    struct store *store = partitions->settings.store;
    struct store_lease_name name = {.kind = STORE_LEASE_PARTITION, .partition = step->partition};
    switch (step->action) {
    case PARTITION_READ:
        store_lease_read(store, &name, on_beat, call_create(partitions, step->partition));
        break;
    case PARTITION_TAKE:
        store_lease_take(store, &name, step->seen.session[0] == '\0' ? NULL : &step->seen, on_taken,
                         call_create(partitions, step->partition));
        break;
    case PARTITION_RELEASE:
        apply(partitions, step->partition, PARTITION_LOST);
        store_lease_release(store, &name, step->epoch, NULL, NULL);
        break;
    }
}

/* An answer that comes inside its call must not start a second run. */
static void run_steps(struct partitions *partitions)
{
    if (partitions->is_stepping || partitions->is_leaving) {
        return;
    }
    partitions->is_stepping = true;
    struct partition_step step;
    while (partition_plan_next(partitions->plan, &step)) {
        do_step(partitions, &step);
    }
    partitions->is_stepping = false;
}

/* Once a second: a line for each of 64 would bury the rest. */
static void tell(struct partitions *partitions)
{
    unsigned int held = partition_plan_held(partitions->plan);
    if (partitions->gained > 0) {
        LOG(LOG_PARTITION_TAKEN, NULL, log_number("partitions", partitions->gained),
            log_number("held", held));
    }
    if (partitions->lost > 0) {
        LOG(LOG_PARTITION_LOST, NULL, log_number("partitions", partitions->lost),
            log_number("held", held));
    }
    partitions->gained = partitions->lost = 0;
}

static void on_timer(void *context)
{
    struct partitions *partitions = context;
    tell(partitions);
    partition_plan_tick(partitions->plan);
    run_steps(partitions);
}

struct partitions *partitions_create(const struct partitions_settings *settings)
{
    struct partitions *partitions = xalloc_zero(1, sizeof *partitions);
    partitions->settings = *settings;
    unsigned char first = 0;
    if (bytes_from_hex((struct text){settings->session, 2}, &first, 1) != 0) {
        first = 0;
    }
    partitions->plan = partition_plan_create(settings->session, first);
    partitions->timer = loop_timer_create(settings->loop, on_timer, partitions);
    return partitions;
}

void partitions_destroy(struct partitions **partitions)
{
    if (*partitions == NULL) {
        return;
    }
    loop_timer_destroy(&(*partitions)->timer);
    partition_plan_destroy(&(*partitions)->plan);
    free(*partitions);
    *partitions = NULL;
}

void partitions_start(struct partitions *partitions)
{
    loop_timer_start(partitions->timer, 0, READ_MS);
}

void partitions_stop(struct partitions *partitions)
{
    loop_timer_stop(partitions->timer);
    partitions->is_leaving = true;
    for (unsigned int i = 0; i < PARTITION_PLAN_COUNT; i++) {
        struct store_lease_name name = {.kind = STORE_LEASE_PARTITION, .partition = i};
        uint64_t epoch = partition_plan_epoch(partitions->plan, i);
        if (partition_plan_on_refused(partitions->plan, i) == PARTITION_LOST) {
            apply(partitions, i, PARTITION_LOST);
            store_lease_release(partitions->settings.store, &name, epoch, NULL, NULL);
        }
    }
    tell(partitions);
}

void partitions_set_coordinators(struct partitions *partitions, unsigned int count)
{
    partition_plan_set_share(partitions->plan, (PARTITION_PLAN_COUNT + count - 1) / count);
    run_steps(partitions);
}

void partitions_on_refused(struct partitions *partitions, unsigned int partition)
{
    apply(partitions, partition, partition_plan_on_refused(partitions->plan, partition));
}

unsigned int partitions_held(const struct partitions *partitions)
{
    return partition_plan_held(partitions->plan);
}

bool partitions_holds(const struct partitions *partitions, unsigned int partition)
{
    return partition_plan_holds(partitions->plan, partition);
}

unsigned int partitions_held_by(const struct partitions *partitions, const char *session)
{
    unsigned int count = 0;
    for (unsigned int i = 0; i < PARTITION_PLAN_COUNT; i++) {
        count += strcmp(partition_plan_holder(partitions->plan, i), session) == 0 ? 1 : 0;
    }
    return count;
}
