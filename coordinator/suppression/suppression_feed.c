#include "coordinator/suppression/suppression_feed.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/store/store_cursors.h"
#include "common/store/store_suppression.h"
#include "common/wire/wire_store.h"
#include "coordinator/suppression/suppression_bounces.h"

#include <errno.h>
#include <string.h>

/* Entries of one answer. */
#define ENTRIES_MAX 32
#define CURSOR "suppression"

static void work(struct suppression_feed *feed);

/* Another reading begins where this one did. */
static void stop(struct suppression_feed *feed)
{
    feed->is_busy = false;
    feed->has_place = false;
}

static void on_kept(void *context, int error)
{
    struct suppression_feed *feed = context;
    feed->is_busy = false;
    if (error != 0) {
        feed->has_place = false;
        return;
    }
    feed->place = feed->last;
    if (feed->has_more) {
        suppression_feed_read(feed);
    } else {
        feed->current_ms = feed->begun_ms;
    }
}

static void next(struct suppression_feed *feed)
{
    feed->at++;
    work(feed);
}

static void on_listed(void *context, int error, struct text statuses)
{
    struct suppression_feed *feed = context;
    size_t added = 0;
    if (error != 0) {
        stop(feed);
        return;
    }
    for (size_t i = 0; i < statuses.size; i++) {
        added += statuses.data[i] == STORE_SUPPRESSION_CHANGED;
    }
    metrics_add(metrics_counter("hikyaku_suppressed_bounces_total",
                                "Addresses that came on the suppression list by a reply.", NULL,
                                TEXT("")),
                added);
    next(feed);
}

static void take_details(struct suppression_feed *feed, const struct store_event_entry *entry,
                         const struct catalog_campaign *campaign)
{
    OWNED(buffer_finish) struct buffer plain = {0};
    OWNED(buffer_finish) struct buffer records = {0};
    Hikyaku__V1__StoredEventDetails *details = NULL;
    struct store_suppression bounces[STORE_SUPPRESSIONS_MAX];
    struct seal_name name = {.kind = SEAL_EVENTS, .batch = entry->name.number};
    memcpy(name.campaign, entry->name.campaign, sizeof name.campaign);
    int error = seal_decrypt(feed->parts->seal, campaign->data_key, &name, entry->sealed_details,
                             WIRE_STORE_PLAIN_BYTES_MAX, &plain);
    if (error == 0) {
        error = wire_store_read_event_details(buffer_text(&plain), feed->arena, &details);
    }
    seal_wipe(plain.data, plain.size);
    if (error != 0) {
        LOG(LOG_SUPPRESSION_SKIPPED, NULL, log_string("campaign", campaign->id_text),
            log_number("batch", entry->name.number), log_number("error", error));
    }
    size_t count = error == 0 ? suppression_bounces_find(details, &records, bounces) : 0;
    if (count == 0) {
        next(feed);
        return;
    }
    const struct store_suppression_list list = {feed->tenant, TEXT(STORE_SUPPRESSION_ALL)};
    store_suppression_add(feed->parts->store, &list, bounces, count, on_listed, feed);
}

/* What is gone, or can never be read, holds nobody up. */
static bool is_for_good(int error)
{
    return error == -ENOENT || error == -ENOKEY || error == -EPROTO || error == -EBADMSG ||
           error == -EOWNERDEAD;
}

static void on_campaign(void *context, int error, struct catalog_campaign *campaign)
{
    struct suppression_feed *feed = context;
    const struct store_event_entry *entry = &feed->entries[feed->at];
    if (error == 0) {
        take_details(feed, entry, campaign);
        catalog_release(&campaign);
    } else if (is_for_good(error)) {
        LOG(LOG_SUPPRESSION_SKIPPED, NULL, log_string("campaign", ""),
            log_number("batch", entry->name.number), log_number("error", error));
        next(feed);
    } else {
        stop(feed);
    }
}

static void work_once(void *context)
{
    struct suppression_feed *feed = context;
    if (feed->at < feed->count) {
        catalog_load(feed->parts->catalog, feed->entries[feed->at].name.campaign, on_campaign,
                     feed);
        return;
    }
    store_cursors_write(feed->parts->store,
                        &(struct store_cursor){feed->partition, TEXT(CURSOR), feed->tenant},
                        &feed->last, on_kept, feed);
}

/* Campaigns in memory are answered at once: the loop's queue takes the place of recursion. */
static void work(struct suppression_feed *feed)
{
    loop_defer(feed->parts->loop, work_once, feed);
}

static void keep(struct suppression_feed *feed, const struct store_event_entry *entry)
{
    struct store_event_entry *kept = &feed->entries[feed->count++];
    *kept = *entry;
    kept->changes = NULL;
    kept->count = 0;
    kept->sealed_details = arena_text(feed->arena, entry->sealed_details);
}

static void on_entries(void *context, int error, const struct store_event_entry *entries,
                       size_t count)
{
    struct suppression_feed *feed = context;
    if (error != 0) {
        stop(feed);
        return;
    }
    if (count == 0) {
        feed->is_busy = false;
        feed->current_ms = feed->begun_ms;
        return;
    }
    arena_reset(feed->arena);
    feed->entries = arena_zero(feed->arena, count, sizeof *feed->entries);
    feed->count = feed->at = 0;
    feed->has_more = count == ENTRIES_MAX;
    feed->last = entries[count - 1].place;
    for (size_t i = 0; i < count; i++) {
        if (suppression_bounces_has(&entries[i])) {
            keep(feed, &entries[i]);
        }
    }
    work(feed);
}

static void read_entries(struct suppression_feed *feed)
{
    const struct store_events_next asked = {.tenant = feed->tenant,
                                            .partition = feed->partition,
                                            .after = feed->place,
                                            .limit = ENTRIES_MAX};
    store_events_after(feed->parts->store, &asked, on_entries, feed);
}

static void on_cursor(void *context, int error, const struct store_event_place *place)
{
    struct suppression_feed *feed = context;
    if (error != 0 && error != -ENOENT) {
        stop(feed);
        return;
    }
    feed->place = error == 0 ? *place : (struct store_event_place){0, 0};
    feed->has_place = true;
    read_entries(feed);
}

void suppression_feed_read(struct suppression_feed *feed)
{
    if (feed->is_busy) {
        return;
    }
    feed->is_busy = true;
    feed->begun_ms = loop_now_ms(feed->parts->loop);
    if (feed->arena == NULL) {
        feed->arena = arena_create(0);
    }
    if (feed->has_place) {
        read_entries(feed);
    } else {
        store_cursors_read(feed->parts->store,
                           &(struct store_cursor){feed->partition, TEXT(CURSOR), feed->tenant},
                           on_cursor, feed);
    }
}

void suppression_feed_forget(struct suppression_feed *feed)
{
    if (!feed->is_busy) {
        feed->has_place = false;
        feed->current_ms = 0;
    }
}

void suppression_feed_finish(struct suppression_feed *feed)
{
    arena_destroy(&feed->arena);
}
