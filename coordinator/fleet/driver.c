#include "coordinator/fleet/driver_inside.h"

#include "common/net/loop.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define TICK_MS 1000
/* Claims are looked through so often even if no death was heard of. */
#define CLAIMS_TICKS 5
/* Doubt that has lasted long enough ends within so many ticks. */
#define DOUBT_TICKS 2

struct active_call {
    struct driver *driver;
    unsigned int partition;
};

/* One that a notice named may be younger than the set that was read: two sets must lack it. */
static void drop_unlisted(struct driver_partition *partition)
{
    struct driver_campaign *after = NULL;
    for (struct driver_campaign *campaign = partition->campaigns; campaign != NULL;
         campaign = after) {
        after = campaign->next;
        if (campaign->misses >= 2) {
            driver_campaign_drop(campaign);
        }
    }
}

static void look_at_all(struct driver_partition *partition)
{
    struct driver_campaign *after = NULL;
    for (struct driver_campaign *campaign = partition->campaigns; campaign != NULL;
         campaign = after) {
        after = campaign->next;
        driver_campaign_look(campaign);
    }
}

static void on_active(void *context, int error, const unsigned char (*ids)[16], size_t count)
{
    struct active_call *call = context;
    struct driver *driver = call->driver;
    struct driver_partition *partition = &driver->partitions[call->partition];
    free(call);
    partition->is_listing = false;
    if (error != 0 || !partition->is_held) {
        return;
    }
    struct driver_campaign *campaign;
    for (campaign = partition->campaigns; campaign != NULL; campaign = campaign->next) {
        campaign->misses++;
    }
    for (size_t i = 0; i < count; i++) {
        driver_campaign_obtain(driver, ids[i])->misses = 0;
    }
    drop_unlisted(partition);
    look_at_all(partition);
}

static void list_active(struct driver *driver, unsigned int number)
{
    struct driver_partition *partition = &driver->partitions[number];
    if (!partition->is_held || partition->is_listing) {
        return;
    }
    partition->is_listing = true;
    struct active_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct active_call){.driver = driver, .partition = number};
    store_campaign_active(driver->settings.store, number, on_active, call);
}

static void on_tick(void *context)
{
    struct driver *driver = context;
    driver->ticks++;
    driver->sweeps_left = DRIVER_SWEEPS_PER_TICK;
    if (!store_is_ready(driver->settings.store)) {
        return;
    }
    for (unsigned int i = 0; i < IDENTITY_PARTITIONS; i++) {
        list_active(driver, i);
        if (driver->partitions[i].wants_claims || driver->ticks % CLAIMS_TICKS == 0) {
            driver_claims_look(driver, i);
        }
        if (driver->ticks % DOUBT_TICKS == i % DOUBT_TICKS) {
            driver_doubt_look(driver, i);
        }
    }
}

static void on_soon(void *context)
{
    driver_campaign_look_at_dirty(context);
}

struct driver *driver_create(const struct driver_settings *settings)
{
    struct driver *driver = xalloc_zero(1, sizeof *driver);
    driver->settings = *settings;
    driver->campaigns = table_create();
    driver->tick = loop_timer_create(settings->loop, on_tick, driver);
    driver->soon = loop_timer_create(settings->loop, on_soon, driver);
    driver->limits = loop_timer_create(settings->loop, driver_limits_on_timer, driver);
    driver->sweeps_left = DRIVER_SWEEPS_PER_TICK;
    for (unsigned int i = 0; i < IDENTITY_PARTITIONS; i++) {
        driver->partitions[i].watch = claim_watch_create();
    }
    return driver;
}

void driver_destroy(struct driver **driver)
{
    if (*driver == NULL) {
        return;
    }
    for (unsigned int i = 0; i < IDENTITY_PARTITIONS; i++) {
        driver_lose(*driver, i);
        claim_watch_destroy(&(*driver)->partitions[i].watch);
    }
    loop_timer_destroy(&(*driver)->tick);
    loop_timer_destroy(&(*driver)->soon);
    loop_timer_destroy(&(*driver)->limits);
    table_destroy(&(*driver)->campaigns);
    free(*driver);
    *driver = NULL;
}

void driver_start(struct driver *driver)
{
    loop_timer_start(driver->tick, 0, TICK_MS);
}

void driver_stop(struct driver *driver)
{
    loop_timer_stop(driver->tick);
    loop_timer_stop(driver->soon);
    loop_timer_stop(driver->limits);
}

void driver_gain(struct driver *driver, unsigned int partition)
{
    driver->partitions[partition].is_held = true;
    driver->partitions[partition].wants_claims = true;
    list_active(driver, partition);
}

void driver_lose(struct driver *driver, unsigned int partition)
{
    driver->partitions[partition].is_held = false;
    driver->partitions[partition].wants_claims = false;
    while (driver->partitions[partition].campaigns != NULL) {
        driver_campaign_drop(driver->partitions[partition].campaigns);
    }
}

void driver_on_notice(struct driver *driver, enum store_notice_kind kind,
                      const unsigned char campaign[16])
{
    if (kind == STORE_NOTICE_SESSION) {
        driver_on_life(driver);
        return;
    }
    if (kind == STORE_NOTICE_PATHS) {
        driver_hasten_all(driver);
        return;
    }
    if (driver->partitions[identity_partition(campaign)].is_held) {
        driver_campaign_look_soon(driver_campaign_obtain(driver, campaign));
    }
}

void driver_on_life(struct driver *driver)
{
    for (unsigned int i = 0; i < IDENTITY_PARTITIONS; i++) {
        driver_claims_look(driver, i);
    }
}

void driver_on_stops(struct driver *driver)
{
    struct table_walk walk;
    struct driver_campaign *campaign = table_first(driver->campaigns, &walk);
    for (; campaign != NULL; campaign = table_next(&walk)) {
        driver_campaign_doubt(campaign);
    }
}

void driver_refresh(struct driver *driver, const unsigned char id[16])
{
    struct driver_campaign *campaign = driver_campaign_find(driver, id);
    if (campaign != NULL) {
        driver_campaign_look_soon(campaign);
    }
}

void driver_on_taken(struct driver *driver, const unsigned char id[16])
{
    struct driver_campaign *campaign = driver_campaign_find(driver, id);
    if (campaign != NULL && campaign->has_more && campaign->ready != NULL &&
        ready_waiting(campaign->ready) < DRIVER_AHEAD_LOW) {
        driver_campaign_look_soon(campaign);
    }
}

struct catalog_campaign *driver_campaign(struct driver *driver, const unsigned char id[16])
{
    struct driver_campaign *campaign = driver_campaign_find(driver, id);
    return campaign == NULL ? NULL : campaign->loaded;
}

size_t driver_campaign_count(const struct driver *driver)
{
    return table_count(driver->campaigns);
}

uint64_t driver_quarantined(const struct driver *driver)
{
    uint64_t count = 0;
    struct table_walk walk;
    const struct driver_campaign *campaign = table_first(driver->campaigns, &walk);
    for (; campaign != NULL; campaign = table_next(&walk)) {
        count += campaign->quarantined;
    }
    return count;
}

bool driver_lacks_key(const struct driver *driver, const unsigned char id[16])
{
    const struct driver_campaign *campaign = driver_campaign_find(driver, id);
    return campaign != NULL && campaign->lacks_key;
}

bool driver_is_stopped(const struct driver *driver)
{
    return driver->settings.is_stopped(driver->settings.context);
}

bool driver_doubts_clock(const struct driver *driver)
{
    return driver_campaign_time(driver).is_doubted;
}
