/* The due batches of a campaign: into the ready queues, or swept. */
#include "coordinator/fleet/driver_inside.h"

#include <stdlib.h>
#include <string.h>

/* Batches of a container that are looked through for expired ones. */
#define EXPIRED_LIMIT 2048

struct list_call {
    struct driver_campaign *campaign;
    enum driver_list_kind kind;
    enum outcome outcome;
    size_t limit;
};

static void on_swept(void *context, int error, uint32_t changed, uint8_t campaign_state)
{
    (void)error; /* claimed meanwhile, or the store is away: the next listing has it again */
    (void)changed;
    (void)campaign_state;
    struct driver_campaign *campaign = context;
    campaign->sweeps--;
    bool is_last = campaign->sweeps == 0;
    if (driver_campaign_answered(campaign) && is_last) {
        driver_campaign_look_soon(campaign);
    }
}

static void sweep(struct driver_campaign *campaign, uint32_t number, enum outcome outcome)
{
    struct driver *driver = campaign->driver;
    if (driver->sweeps_left == 0 || campaign->sweeps >= DRIVER_SWEEPS_AT_ONCE) {
        return;
    }
    driver->sweeps_left--;
    campaign->sweeps++;
    if (campaign->ready != NULL) {
        ready_forget_batch(driver->settings.ready, campaign->ready, number);
    }
    struct store_batch_name name = {.number = number};
    memcpy(name.campaign, campaign->id, sizeof name.campaign);
    store_batch_sweep(driver->settings.store, &name, text_of(campaign->tenant), outcome, on_swept,
                      driver_campaign_hold(campaign));
}

static bool is_expired(const struct store_due *batch, const struct drive_time *time)
{
    return !time->is_doubted && batch->expires_unix_ms != 0 &&
           time->now_unix_ms >= batch->expires_unix_ms;
}

/* Its claims died twice since it came into the queues. */
static void take_suspect(struct driver_campaign *campaign, const struct store_due *batch)
{
    const struct driver_settings *settings = &campaign->driver->settings;
    if (campaign->ready == NULL || batch->row_count == 0) {
        return;
    }
    ready_forget_batch(settings->ready, campaign->ready, batch->number);
    struct suspect suspect = {.number = batch->number,
                              .rows = batch->row_count,
                              .lane = driver_campaign_lane(campaign),
                              .pool = campaign->pool};
    memcpy(suspect.campaign, campaign->id, sizeof suspect.campaign);
    campaign->suspects++;
    settings->on_suspect(settings->context, &suspect);
}

/* @return true when it did not wait before */
static bool take_due(struct driver_campaign *campaign, const struct store_due *batch,
                     const struct drive_time *time)
{
    if (is_expired(batch, time)) {
        sweep(campaign, batch->number, OUTCOME_EXPIRED);
        return false;
    }
    if (batch->is_suspect) {
        take_suspect(campaign, batch);
        return false;
    }
    /* It may have left the queues while the list was on its way. */
    return campaign->ready != NULL && batch->row_count > 0 &&
           ready_add_batch(campaign->driver->settings.ready, campaign->ready, batch->number,
                           batch->row_count, batch->group);
}

static bool take_batches(struct driver_campaign *campaign, const struct list_call *call,
                         const struct store_due *batches, size_t count)
{
    struct drive_time time = driver_campaign_time(campaign->driver);
    bool is_more = false;
    for (size_t i = 0; i < count; i++) {
        if (call->kind == DRIVER_LIST_DUE) {
            is_more = take_due(campaign, &batches[i], &time) || is_more;
        } else if (call->kind == DRIVER_LIST_ALL || is_expired(&batches[i], &time)) {
            sweep(campaign, batches[i].number, call->outcome);
        }
    }
    return is_more;
}

static void on_due(void *context, int error, const struct store_due *batches, size_t count,
                   int64_t next_unix_s)
{
    (void)next_unix_s; /* each second looks again */
    struct list_call *call = context;
    struct driver_campaign *campaign = call->campaign;
    struct driver *driver = campaign->driver;
    campaign->is_listing = false;
    if (driver_campaign_answered(campaign) && error == 0) {
        (void)driver_campaign_hold(campaign);
        if (call->kind == DRIVER_LIST_DUE) {
            campaign->has_more = count >= call->limit;
            campaign->suspects = 0;
        }
        bool is_more = take_batches(campaign, call, batches, count);
        (void)driver_campaign_answered(campaign);
        if (is_more) {
            driver->settings.on_waiting(driver->settings.context);
        }
    }
    free(call);
}

/* How many to ask for: those in memory come first in the list again. */
static size_t limit_of(const struct driver_campaign *campaign, enum driver_list_kind kind)
{
    switch (kind) {
    case DRIVER_LIST_DUE:
        return (size_t)ready_waiting(campaign->ready) + ready_taken(campaign->ready) +
               campaign->suspects + DRIVER_AHEAD_HIGH;
    case DRIVER_LIST_EXPIRED:
        return EXPIRED_LIMIT;
    case DRIVER_LIST_ALL:
    default:
        return DRIVER_SWEEPS_AT_ONCE;
    }
}

void driver_list_start(struct driver_campaign *campaign, enum driver_list_kind kind,
                       enum outcome outcome)
{
    if (campaign->is_listing || (kind != DRIVER_LIST_DUE && campaign->sweeps > 0)) {
        return;
    }
    if (kind == DRIVER_LIST_DUE && ready_waiting(campaign->ready) >= DRIVER_AHEAD_HIGH) {
        campaign->has_more = true;
        return;
    }
    campaign->is_listing = true;
    struct list_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct list_call){.campaign = driver_campaign_hold(campaign),
                               .kind = kind,
                               .outcome = outcome,
                               .limit = limit_of(campaign, kind)};
    struct store *store = campaign->driver->settings.store;
    bool is_canary = kind == DRIVER_LIST_DUE && campaign->canary_batches > 0;
    /* Due times are told by Redis' clock. */
    int64_t until_unix_s = kind == DRIVER_LIST_DUE ? store_now_unix_ms(store) / 1000 : INT64_MAX;
    if (is_canary) {
        call->limit = SIZE_MAX; /* nothing more is to come */
        store_batch_due_first(store, campaign->id, until_unix_s, campaign->canary_batches, on_due,
                              call);
        return;
    }
    store_batch_due(store, campaign->id, until_unix_s, call->limit, on_due, call);
}
