#include "coordinator/recovery/recovery.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/security/identity.h"
#include "coordinator/recovery/recovery_walk.h"

#include <stdlib.h>

#define LOOK_MS 1000
/* Partitions at once. */
#define WALKS_MAX 8

struct recovery {
    struct recovery_settings settings;
    struct loop_timer *timer;
    struct metric *waits;
    bool is_stopping;
    bool is_known; /* `mark` is of the store that is there */
    bool is_reading;
    bool is_stale; /* what is being read is of before the last on_store_ready */
    struct store_restored mark;
    enum store_restored_state told;
    unsigned int walks;
    bool is_walked[IDENTITY_PARTITIONS]; /* under way, or its end is being told */
};

/* ---------------------------------------------------------------- walks */

struct finish_call {
    struct recovery *recovery;
    unsigned int partition;
};

static void on_finished(void *context, int error)
{
    (void)error; /* the mark says whether it is done; else it is walked again */
    struct finish_call *call = context;
    call->recovery->is_walked[call->partition] = false;
    call->recovery->walks--;
    recovery_look(call->recovery);
    free(call);
}

static void on_walked(void *context, unsigned int partition, int error,
                      const struct recovery_walk_counts *counts)
{
    struct recovery *recovery = context;
    LOG(LOG_RESTORED_PARTITION, NULL, log_number("partition", (int64_t)partition),
        log_number("error", error), log_number("campaigns", (int64_t)counts->campaigns),
        log_number("batches", (int64_t)counts->batches),
        log_number("changed", (int64_t)counts->rows));
    if (error != 0) {
        recovery->is_walked[partition] = false;
        recovery->walks--;
        return;
    }
    struct finish_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct finish_call){.recovery = recovery, .partition = partition};
    store_restored_finish(recovery->settings.store, partition, on_finished, call);
}

static void start_walks(struct recovery *recovery)
{
    const struct recovery_settings *settings = &recovery->settings;
    for (unsigned int i = 0; i < IDENTITY_PARTITIONS && recovery->walks < WALKS_MAX; i++) {
        bool is_done = (recovery->mark.done >> i & 1) != 0;
        if (is_done || recovery->is_walked[i] || !settings->drives(settings->context, i)) {
            continue;
        }
        recovery->is_walked[i] = true;
        recovery->walks++;
        recovery_walk_start(&(struct recovery_walk_settings){.store = settings->store,
                                                             .tenants = settings->tenants,
                                                             .partition = i,
                                                             .decision = recovery->mark.decision},
                            on_walked, recovery);
    }
}

/* ---------------------------------------------------------------- the mark */

static const char *const state_names[] = {
    [STORE_RESTORED_NONE] = "none",
    [STORE_RESTORED_LOADING] = "loading",
    [STORE_RESTORED_WAITING] = "waiting",
    [STORE_RESTORED_DECIDED] = "decided",
};

static void tell(struct recovery *recovery)
{
    if (recovery->told != recovery->mark.state) {
        recovery->told = recovery->mark.state;
        LOG(LOG_RESTORED, NULL, log_string("state", state_names[recovery->mark.state]),
            log_string("backup", recovery->mark.id));
    }
}

static void on_mark(void *context, int error, const struct store_restored *mark)
{
    struct recovery *recovery = context;
    recovery->is_reading = false;
    if (recovery->is_stale) {
        recovery->is_stale = false;
        recovery_look(recovery);
        return;
    }
    if (error != 0) {
        recovery->is_known = false; /* until it can be read */
        return;
    }
    recovery->is_known = true;
    recovery->mark = *mark;
    metrics_set(recovery->waits, mark->state == STORE_RESTORED_NONE ? 0 : 1);
    tell(recovery);
    if (mark->state == STORE_RESTORED_DECIDED && !recovery->is_stopping) {
        start_walks(recovery);
    }
}

void recovery_look(struct recovery *recovery)
{
    if (!recovery->is_reading && store_is_ready(recovery->settings.store)) {
        recovery->is_reading = true;
        store_restored_read(recovery->settings.store, on_mark, recovery);
    }
}

static void on_timer(void *context)
{
    recovery_look(context);
}

void recovery_on_store_ready(struct recovery *recovery)
{
    recovery->is_known = false;
    recovery->is_stale = recovery->is_reading;
    recovery_look(recovery);
}

struct recovery *recovery_create(const struct recovery_settings *settings)
{
    struct recovery *recovery = xalloc_zero(1, sizeof *recovery);
    recovery->settings = *settings;
    recovery->waits = metrics_gauge(
        "hikyaku_restored",
        "1: the store was loaded from a backup and waits: for an operator, or for the rest.", NULL,
        TEXT(""));
    recovery->timer = loop_timer_create(settings->loop, on_timer, recovery);
    loop_timer_start(recovery->timer, LOOK_MS, LOOK_MS);
    return recovery;
}

void recovery_destroy(struct recovery **recovery)
{
    if (*recovery == NULL) {
        return;
    }
    loop_timer_destroy(&(*recovery)->timer);
    free(*recovery);
    *recovery = NULL;
}

void recovery_stop(struct recovery *recovery)
{
    recovery->is_stopping = true;
}

bool recovery_is_stopped(const struct recovery *recovery)
{
    return !recovery->is_known || recovery->mark.state != STORE_RESTORED_NONE;
}

bool recovery_is_closed(const struct recovery *recovery)
{
    return !recovery->is_known || recovery->mark.state == STORE_RESTORED_LOADING;
}

const struct store_restored *recovery_mark(const struct recovery *recovery)
{
    return recovery->is_known ? &recovery->mark : NULL;
}

const char *recovery_note(const struct recovery *recovery)
{
    if (!recovery->is_known) {
        return NULL;
    }
    switch (recovery->mark.state) {
    case STORE_RESTORED_LOADING:
        return "RESTORED: a backup is being loaded";
    case STORE_RESTORED_WAITING:
        return "RESTORED: the store was loaded from a backup; nothing is sent or taken until "
               "`hikyaku restore resume`";
    case STORE_RESTORED_DECIDED:
        return "RESTORED: partitions are brought in order";
    case STORE_RESTORED_NONE:
    default:
        return NULL;
    }
}
