#include "coordinator/persons/person_walk.h"

#include "common/net/loop.h"
#include "common/store/store_campaign.h"
#include "coordinator/events/event_batches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 256
#define CHUNK_SHIFT 16

struct person_walk {
    struct person_walk_settings settings;
    struct event_batches *batches; /* owned: what it opens is nobody else's cache */
    char *tenant;                  /* owned */
    struct person_walk_counts counts;
    /* Campaigns, the newest first; a page of them. */
    unsigned char ids[PAGE][16];
    size_t id_count;
    unsigned char before[PAGE][16]; /* of the page before: its oldest ones come again */
    size_t before_count;
    size_t at;
    int64_t until_ms; /* the page holds those created until then */
    int64_t oldest_ms;
    /* The campaign in work. */
    struct catalog_campaign *campaign;  /* a reference */
    struct store_chunk_marker *markers; /* owned */
    size_t marker_count;
    size_t marker_at;
    uint32_t ordinal;
    /* The batch in work. */
    struct store_batch_name name;
    struct person_batch batch; /* that was told */
    uint16_t positions[ROWS_PER_BATCH_MAX];
    struct wire_store_ref refs[ROWS_PER_BATCH_MAX];
    bool is_telling; /* inside on_batch */
    bool is_told;    /* and it was answered there */
    int told_error;
};

static void next_campaign(struct person_walk *walk);
static void next_batch(void *context);

static void leave_campaign(struct person_walk *walk)
{
    catalog_release(&walk->campaign);
    free(walk->markers);
    walk->markers = NULL;
    walk->marker_count = 0;
    walk->marker_at = 0;
    walk->ordinal = 0;
}

static void end(struct person_walk *walk, int error)
{
    leave_campaign(walk);
    event_batches_destroy(&walk->batches);
    walk->settings.on_done(walk->settings.context, error, &walk->counts);
    free(walk->tenant);
    free(walk);
}

/* ------------------------------------------------------------------ batches of a campaign */

void person_walk_go_on(struct person_walk *walk, int error)
{
    if (walk->is_telling) {
        walk->is_told = true;
        walk->told_error = error;
    } else if (error != 0) {
        end(walk, error);
    } else {
        loop_defer(walk->settings.loop, next_batch, walk);
    }
}

static void tell(struct person_walk *walk, size_t count)
{
    walk->batch = (struct person_batch){.campaign = walk->campaign,
                                        .name = walk->name,
                                        .positions = walk->positions,
                                        .count = count,
                                        .refs = walk->refs};
    walk->counts.batches++;
    walk->is_telling = true;
    walk->is_told = false;
    walk->settings.on_batch(walk->settings.context, walk, &walk->batch);
    walk->is_telling = false;
    if (walk->is_told) {
        person_walk_go_on(walk, walk->told_error);
    }
}

/* -ENOENT: its rows have left. -EBADMSG, -EPROTO: what nobody can open names nobody. */
static bool is_over(int error)
{
    return error == -ENOENT || error == -EBADMSG || error == -EPROTO;
}

static void on_refs(void *context, int error, const struct wire_store_ref *refs, size_t count)
{
    struct person_walk *walk = context;
    size_t found = 0;
    if (error != 0 && !is_over(error)) {
        end(walk, error);
        return;
    }
    walk->counts.left_out += error == -EBADMSG || error == -EPROTO;
    for (size_t i = 0; error == 0 && i < count && i < ROWS_PER_BATCH_MAX; i++) {
        if (person_set_has(walk->settings.set, refs[i].address_hash)) {
            walk->positions[found] = (uint16_t)i;
            walk->refs[found++] = refs[i];
        }
    }
    if (found > 0) {
        tell(walk, found);
    } else {
        loop_defer(walk->settings.loop, next_batch, walk);
    }
}

static void next_batch(void *context)
{
    struct person_walk *walk = context;
    if (!walk->settings.is_wanted(walk->settings.context)) {
        end(walk, -ECANCELED);
        return;
    }
    while (walk->marker_at < walk->marker_count &&
           walk->ordinal == walk->markers[walk->marker_at].batches) {
        walk->marker_at++;
        walk->ordinal = 0;
    }
    if (walk->marker_at == walk->marker_count) {
        leave_campaign(walk);
        walk->at++;
        next_campaign(walk);
        return;
    }
    memcpy(walk->name.campaign, walk->campaign->id, sizeof walk->name.campaign);
    walk->name.number = walk->markers[walk->marker_at].number << CHUNK_SHIFT | walk->ordinal++;
    event_batches_find(walk->batches, walk->campaign, &walk->name, on_refs, walk);
}

static void on_markers(void *context, int error, const struct store_chunk_marker *markers,
                       size_t count)
{
    struct person_walk *walk = context;
    if (error != 0 && error != -ENOENT) {
        end(walk, error);
        return;
    }
    walk->marker_count = error == 0 ? count : 0;
    walk->markers = xalloc_zero(walk->marker_count + 1, sizeof *markers);
    if (walk->marker_count > 0) {
        memcpy(walk->markers, markers, walk->marker_count * sizeof *markers);
    }
    next_batch(walk);
}

/* ------------------------------------------------------------------ campaigns of the partition */

static void skip_campaign(struct person_walk *walk)
{
    walk->at++;
    next_campaign(walk);
}

static bool is_unreadable(int error)
{
    return error == -EOWNERDEAD || error == -ENOKEY || error == -EPROTO || error == -EBADMSG ||
           error == -ENOENT;
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct person_walk *walk = context;
    if (error != 0 && !is_unreadable(error)) {
        end(walk, error);
        return;
    }
    if (error != 0) {
        walk->counts.unreadable += error == -ENOKEY || error == -ENOENT;
        walk->counts.left_out += error != -ENOKEY && error != -ENOENT;
        skip_campaign(walk);
        return;
    }
    walk->campaign = campaign;
    walk->counts.campaigns++;
    person_set_aim(walk->settings.set, &campaign->token_key);
    store_campaign_markers(walk->settings.store, campaign->id, on_markers, walk);
}

static bool was_before(const struct person_walk *walk, const unsigned char id[16])
{
    for (size_t i = 0; i < walk->before_count; i++) {
        if (memcmp(walk->before[i], id, sizeof walk->before[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct person_walk *walk = context;
    if (error != 0 && error != -ENOENT && error != -EPROTO) {
        end(walk, error);
        return;
    }
    if (error == 0) {
        walk->oldest_ms = campaign->created_unix_ms;
    }
    if (error != 0 || !text_equal(campaign->tenant, text_of(walk->tenant)) ||
        was_before(walk, walk->ids[walk->at])) {
        skip_campaign(walk);
        return;
    }
    catalog_load(walk->settings.catalog, walk->ids[walk->at], on_loaded, walk);
}

static void on_ids(void *context, int error, const unsigned char (*ids)[16], size_t count)
{
    struct person_walk *walk = context;
    if (error != 0) {
        end(walk, error);
        return;
    }
    if (count > 0) {
        memcpy(walk->ids, ids, count * sizeof walk->ids[0]);
    }
    walk->id_count = count;
    walk->at = 0;
    next_campaign(walk);
}

static void list(struct person_walk *walk)
{
    walk->oldest_ms = walk->until_ms;
    store_campaign_list(walk->settings.store, walk->settings.partition, 0, walk->until_ms, PAGE,
                        on_ids, walk);
}

static void step_campaign(void *context)
{
    struct person_walk *walk = context;
    if (!walk->settings.is_wanted(walk->settings.context)) {
        end(walk, -ECANCELED);
    } else {
        store_campaign_get(walk->settings.store, walk->ids[walk->at], on_header, walk);
    }
}

/* By time, not by rank: a campaign that leaves meanwhile hides no other one. */
static void next_campaign(struct person_walk *walk)
{
    if (walk->at < walk->id_count) {
        loop_defer(walk->settings.loop, step_campaign, walk);
        return;
    }
    if (walk->id_count < PAGE) {
        end(walk, 0);
        return;
    }
    memcpy(walk->before, walk->ids, sizeof walk->before);
    walk->before_count = walk->id_count;
    walk->until_ms = walk->oldest_ms < walk->until_ms ? walk->oldest_ms : walk->until_ms - 1;
    list(walk);
}

static void begin(void *context)
{
    list(context);
}

void person_walk_start(const struct person_walk_settings *settings)
{
    struct person_walk *walk = xalloc_zero(1, sizeof *walk);
    walk->settings = *settings;
    walk->tenant = text_to_string(settings->tenant);
    walk->batches = event_batches_create(settings->store);
    walk->until_ms = INT64_MAX;
    loop_defer(settings->loop, begin, walk);
}
