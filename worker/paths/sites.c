#include "worker/paths/sites.h"

#include "common/base/clock.h"
#include "common/base/table.h"
#include "common/net/loop.h"
#include "common/store/store_pauses.h"
#include "common/store/store_stops.h"
#include "common/store/store_tokens.h"
#include "worker/paths/senders.h"
#include "worker/paths/site_share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define SITE_BYTES SENDERS_NAME_BYTES /* names of senders stand among them */
/* Limits and pauses hold in any window of so many ms, and in a minute where that is too few. */
#define WINDOW_MS 10000
#define TICK_MS 50
#define PAUSES_MS 1000
/* Who hears of a pause waits a tenth longer, but at least so much: who was told tries first, and
 * may be told again. */
#define LATER_LEAST_MS 2000
/* What is left of a pause that is worth beginning one. */
#define PAUSE_LEAST_MS 500

enum kind { KIND_MESSAGES, KIND_CONNECTIONS, KIND_COUNT };

struct site_entry {
    struct sites *sites; /* borrowed */
    uint32_t holders;
    struct site_share shares[KIND_COUNT];
    bool is_limited; /* in the list of those that have a limit, or had one */
    struct site_entry *prev;
    struct site_entry *next;
    int64_t paused_until_unix_ms; /* as heard last */
    char rule[PATH_SUSPENSION_RULE_BYTES];
    char name[SITE_BYTES];
};

struct sites {
    struct sites_settings settings;
    struct table *entries;      /* by name */
    struct site_entry *limited; /* list */
    struct loop_timer *tick;    /* while there are limits */
    struct loop_timer *pauses;
    bool is_reading;
};

/* What a site may take; counted by a clock that goes on while the machine stands still. */
static uint64_t now_ms(void)
{
    return clock_boottime_ms();
}

/* ---------------------------------------------------------------- places */

static void pump(struct site_entry *site);

static void on_told(struct site_entry *site, enum kind kind, int error, bool is_full,
                    uint64_t wait_ms)
{
    struct site_share *share = &site->shares[kind];
    bool had_none = share->spare == 0;
    site_share_on_answer(share, error, is_full, wait_ms, now_ms());
    if (had_none && share->spare > 0) {
        site->sites->settings.on_room(site->sites->settings.context);
    }
    pump(site);
}

static void on_messages(void *context, int error, bool is_full, uint64_t wait_ms)
{
    on_told(context, KIND_MESSAGES, error, is_full, wait_ms);
}

static void on_connections(void *context, int error, bool is_full, uint64_t wait_ms)
{
    on_told(context, KIND_CONNECTIONS, error, is_full, wait_ms);
}

static void tell(struct site_entry *site, enum kind kind)
{
    struct store *store = site->sites->settings.store;
    struct site_share *share = &site->shares[kind];
    struct site_share_call call;
    if (store == NULL || !store_is_ready(store) || !site_share_next(share, now_ms(), &call)) {
        return;
    }
    /* A site's TRANSACTIONAL mail goes first at each worker; places are not kept apart for it. */
    const struct store_tokens told = {
        .name = {.site = text_of(site->name), .is_open = kind == KIND_CONNECTIONS},
        .lane = STORE_TOKENS_BULK,
        .asked = (uint32_t)call.asked,
        .window_ms = share->limit.window_ms,
        .most = share->limit.most,
        .most_of_lane = share->limit.most,
        .on_way = {[STORE_TOKENS_BULK] = call.on_way},
        .ended = {[STORE_TOKENS_BULK] = call.ended},
    };
    store_tokens_ask(store, &told, kind == KIND_MESSAGES ? on_messages : on_connections, site);
}

static void pump(struct site_entry *site)
{
    tell(site, KIND_MESSAGES);
    tell(site, KIND_CONNECTIONS);
}

static bool is_idle(const struct site_share *share)
{
    return !share->is_calling && share->used + share->spare + share->ended == 0;
}

static void leave_limited(struct site_entry *site)
{
    DL_DELETE(site->sites->limited, site);
}

static void forget_if_unused(struct site_entry *site)
{
    struct sites *sites = site->sites;
    bool is_paused = site->paused_until_unix_ms != 0;
    if (site->holders > 0 || is_paused || !is_idle(&site->shares[KIND_MESSAGES]) ||
        !is_idle(&site->shares[KIND_CONNECTIONS])) {
        return;
    }
    if (site->is_limited) {
        leave_limited(site);
    }
    (void)table_remove(sites->entries, text_of(site->name));
    free(site);
}

static void on_tick(void *context)
{
    struct sites *sites = context;
    struct site_entry *next;
    for (struct site_entry *site = sites->limited; site != NULL; site = next) {
        next = site->next;
        pump(site);
        forget_if_unused(site);
    }
    if (sites->limited == NULL) {
        loop_timer_stop(sites->tick);
    }
}

static struct site_share_limit messages_of(uint32_t per_minute)
{
    uint32_t part = per_minute / (MINUTE_MS / WINDOW_MS);
    return part > 0 ? (struct site_share_limit){part, WINDOW_MS}
                    : (struct site_share_limit){per_minute, MINUTE_MS};
}

static void use(struct site_share *share, struct site_share_limit limit)
{
    if (share->limit.most != limit.most || share->limit.window_ms != limit.window_ms) {
        site_share_use(share, limit);
    }
}

void sites_use(struct sites *sites, struct site_entry *site, const struct path_profile *profile)
{
    use(&site->shares[KIND_MESSAGES], messages_of(profile->site_per_minute_most));
    use(&site->shares[KIND_CONNECTIONS],
        (struct site_share_limit){profile->site_connections_most, 0});
    bool is_limited = profile->site_per_minute_most > 0 || profile->site_connections_most > 0;
    if (is_limited && !site->is_limited) {
        site->is_limited = true;
        DL_APPEND(sites->limited, site);
        if (!loop_timer_is_active(sites->tick)) {
            loop_timer_start(sites->tick, TICK_MS, TICK_MS);
        }
    }
}

static struct site_entry *obtain(struct sites *sites, struct text name)
{
    struct site_entry *site = table_get(sites->entries, name);
    if (site == NULL) {
        site = xalloc_zero(1, sizeof *site);
        site->sites = sites;
        (void)snprintf(site->name, sizeof site->name, "%.*s", TEXT_PRINT(name));
        (void)table_put(sites->entries, text_of(site->name), site);
    }
    return site;
}

struct site_entry *sites_hold(struct sites *sites, const char *name,
                              const struct path_profile *profile)
{
    struct site_entry *site = obtain(sites, text_of(name));
    site->holders++;
    sites_use(sites, site, profile);
    return site;
}

void sites_release(struct site_entry *site)
{
    site->holders--;
    forget_if_unused(site);
}

/* Without the store a connection limit is this worker's own; nobody sends without it anyhow. */
static bool may(struct sites *sites, struct site_entry *site, enum kind kind)
{
    struct site_share *share = &site->shares[kind];
    if (share->limit.most == 0) {
        return true;
    }
    if (sites->settings.store == NULL) {
        return kind == KIND_MESSAGES || share->used < share->limit.most;
    }
    bool has = site_share_wants(share, now_ms());
    tell(site, kind);
    return has;
}

bool sites_may_send(struct sites *sites, struct site_entry *site)
{
    return may(sites, site, KIND_MESSAGES);
}

bool sites_may_connect(struct sites *sites, struct site_entry *site)
{
    return may(sites, site, KIND_CONNECTIONS);
}

uint64_t sites_wait_ms(const struct site_entry *site)
{
    const struct site_share *share = &site->shares[KIND_MESSAGES];
    bool is_limited = share->limit.most > 0 && site->sites->settings.store != NULL;
    return is_limited && !site_share_has(share, now_ms()) ? site_share_wait_ms(share, now_ms()) : 0;
}

/* What begins is counted without a limit too: one may come with a reload. */
static void begin(struct site_share *share)
{
    site_share_begin(share, share->limit.most > 0 ? now_ms() : 0);
}

void sites_feed(struct site_entry *site, enum path_event_kind kind)
{
    if (kind == PATH_EVENT_STARTED) {
        begin(&site->shares[KIND_MESSAGES]);
    } else if (kind == PATH_EVENT_ANSWERED || kind == PATH_EVENT_GIVEN_UP) {
        site_share_end(&site->shares[KIND_MESSAGES]);
    } else if (kind == PATH_EVENT_OPENED) {
        begin(&site->shares[KIND_CONNECTIONS]);
    } else if (kind == PATH_EVENT_CLOSED) {
        site_share_end(&site->shares[KIND_CONNECTIONS]);
    }
}

/* ---------------------------------------------------------------- pauses */

struct pausing {
    struct sites *sites;
    char name[SITE_BYTES];
};

/* Its own pause is known here already, and ends before the others'. */
static void on_pause_set(void *context, int error, int64_t until_unix_ms)
{
    struct pausing *pausing = context;
    struct site_entry *site = table_get(pausing->sites->entries, text_of(pausing->name));
    if (error == 0 && site != NULL && until_unix_ms > site->paused_until_unix_ms) {
        site->paused_until_unix_ms = until_unix_ms;
    }
    free(pausing);
}

void sites_pause(struct sites *sites, struct site_entry *site, uint64_t pause_ms, const char *rule)
{
    const struct store_pause pause = {.site = text_of(site->name), .rule = text_of(rule)};
    if (sites->settings.store == NULL || !store_is_ready(sites->settings.store)) {
        return; /* this worker's paths know; the next reply that blames the site tells the others */
    }
    (void)snprintf(site->rule, sizeof site->rule, "%s", rule);
    struct pausing *pausing = xalloc_zero(1, sizeof *pausing);
    pausing->sites = sites;
    (void)snprintf(pausing->name, sizeof pausing->name, "%s", site->name);
    store_pauses_set(sites->settings.store, &pause, pause_ms, on_pause_set, pausing);
}

static uint64_t left_ms(const struct sites *sites, int64_t until_unix_ms)
{
    int64_t left = sites->settings.store == NULL
                       ? 0
                       : until_unix_ms - store_now_unix_ms(sites->settings.store);
    return left > 0 ? (uint64_t)left : 0;
}

void sites_pause_name(struct sites *sites, const char *name, uint64_t pause_ms, const char *rule)
{
    if (sites->settings.store == NULL || !store_is_ready(sites->settings.store)) {
        return; /* as above */
    }
    struct site_entry *entry = obtain(sites, text_of(name));
    int64_t until_unix_ms = store_now_unix_ms(sites->settings.store) + (int64_t)pause_ms;
    /* So that its own pause is no news. */
    if (until_unix_ms > entry->paused_until_unix_ms) {
        entry->paused_until_unix_ms = until_unix_ms;
    }
    sites_pause(sites, entry, pause_ms, rule);
}

static uint64_t later(uint64_t pause_ms)
{
    uint64_t more_ms = pause_ms / 10;
    return pause_ms + (more_ms > LATER_LEAST_MS ? more_ms : LATER_LEAST_MS);
}

uint64_t sites_paused_ms(const struct sites *sites, const struct site_entry *site,
                         const char **ret_rule)
{
    uint64_t left = left_ms(sites, site->paused_until_unix_ms);
    *ret_rule = site->rule;
    return left >= PAUSE_LEAST_MS ? later(left) : 0;
}

/* News only: a pause that was heard of goes its way at the paths. */
static void hear(struct sites *sites, const struct store_stop *pause)
{
    uint64_t left = left_ms(sites, pause->until_unix_ms);
    if (pause->name.size == 0 || pause->name.size >= SITE_BYTES || left < PAUSE_LEAST_MS) {
        return;
    }
    struct site_entry *site = obtain(sites, pause->name);
    if (pause->until_unix_ms <= site->paused_until_unix_ms) {
        return;
    }
    site->paused_until_unix_ms = pause->until_unix_ms;
    (void)snprintf(site->rule, sizeof site->rule, "%.*s", TEXT_PRINT(pause->packed));
    sites->settings.on_pause(sites->settings.context, site->name, later(left), site->rule);
}

static void forget_pauses(struct sites *sites)
{
    struct table_walk walk;
    struct site_entry *site = table_first(sites->entries, &walk);
    for (; site != NULL; site = table_next(&walk)) {
        if (site->paused_until_unix_ms != 0 && left_ms(sites, site->paused_until_unix_ms) == 0) {
            site->paused_until_unix_ms = 0;
            forget_if_unused(site);
        }
    }
}

static void on_pauses(void *context, int error, const struct store_stop *pauses, size_t count)
{
    struct sites *sites = context;
    sites->is_reading = false;
    for (size_t i = 0; error == 0 && i < count; i++) {
        hear(sites, &pauses[i]);
    }
    if (error == 0) {
        forget_pauses(sites);
    }
}

static void on_read_pauses(void *context)
{
    struct sites *sites = context;
    if (!sites->is_reading && store_is_ready(sites->settings.store)) {
        sites->is_reading = true;
        store_stops_read(sites->settings.store, STORE_PAUSES, on_pauses, sites);
    }
}

/* ---------------------------------------------------------------- all of them */

struct sites *sites_create(const struct sites_settings *settings)
{
    struct sites *sites = xalloc_zero(1, sizeof *sites);
    sites->settings = *settings;
    sites->entries = table_create();
    sites->tick = loop_timer_create(settings->loop, on_tick, sites);
    sites->pauses = loop_timer_create(settings->loop, on_read_pauses, sites);
    if (settings->store != NULL) {
        loop_timer_start(sites->pauses, 0, PAUSES_MS);
    }
    return sites;
}

void sites_destroy(struct sites **sites)
{
    if (*sites == NULL) {
        return;
    }
    loop_timer_destroy(&(*sites)->tick);
    loop_timer_destroy(&(*sites)->pauses);
    struct table_walk walk;
    struct site_entry *site = table_first((*sites)->entries, &walk);
    for (; site != NULL; site = table_next(&walk)) {
        free(site);
    }
    table_destroy(&(*sites)->entries);
    free(*sites);
    *sites = NULL;
}
