#include "coordinator/suppression/suppression_feeds.h"

#include "common/base/log.h"
#include "coordinator/suppression/suppression_feed.h"

#include <stdlib.h>
#include <string.h>

#define PARTITIONS 64
#define TICK_MS 250
/* A stream is looked at so often; so many in one tick, where there are many tenants. */
#define LOOK_MS 1000
#define LOOKS_MAX 512
/* Told in the log, and how often. */
#define BEHIND_MS 60000

struct owner {
    char *name; /* owned */
    struct suppression_feed feeds[PARTITIONS];
};

struct suppression_feeds {
    struct suppression_settings settings;
    struct suppression_feed_parts parts;
    struct loop_timer *timer;
    struct owner **owners;
    size_t count;
    size_t turn; /* of all streams */
    uint64_t told_ms;
};

static struct owner *create_owner(struct suppression_feeds *feeds, const char *name)
{
    struct owner *owner = xalloc_zero(1, sizeof *owner);
    owner->name = text_to_string(text_of(name));
    for (unsigned int i = 0; i < PARTITIONS; i++) {
        owner->feeds[i] = (struct suppression_feed){
            .parts = &feeds->parts, .partition = i, .tenant = text_of(owner->name)};
    }
    return owner;
}

static bool is_known(const struct suppression_feeds *feeds, const char *name)
{
    for (size_t i = 0; i < feeds->count; i++) {
        if (strcmp(feeds->owners[i]->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A reload may bring new ones; none ever goes. */
static void know_tenants(struct suppression_feeds *feeds)
{
    const struct tenant *tenant;
    for (size_t i = 0; (tenant = tenants_at(feeds->settings.tenants, i)) != NULL; i++) {
        if (!is_known(feeds, tenant->name)) {
            feeds->owners = xalloc_resize(feeds->owners, feeds->count + 1, sizeof(struct owner *));
            feeds->owners[feeds->count++] = create_owner(feeds, tenant->name);
        }
    }
}

static void look(struct suppression_feeds *feeds, struct suppression_feed *feed, uint64_t now_ms)
{
    if (!feeds->settings.drives(feeds->settings.context, feed->partition)) {
        suppression_feed_forget(feed);
        return;
    }
    if (feed->current_ms == 0) {
        feed->current_ms = now_ms;
    }
    if (now_ms - feed->begun_ms >= LOOK_MS) {
        suppression_feed_read(feed);
    }
}

static void tell_lag(struct suppression_feeds *feeds, uint64_t now_ms)
{
    uint64_t lag_ms = suppression_feeds_lag_ms(feeds);
    if (lag_ms >= BEHIND_MS && now_ms - feeds->told_ms >= BEHIND_MS) {
        feeds->told_ms = now_ms;
        LOG(LOG_SUPPRESSION_BEHIND, NULL, log_number("seconds", (int64_t)(lag_ms / 1000)));
    }
}

static void on_tick(void *context)
{
    struct suppression_feeds *feeds = context;
    uint64_t now_ms = loop_now_ms(feeds->parts.loop);
    if (!store_is_ready(feeds->parts.store)) {
        return;
    }
    know_tenants(feeds);
    size_t all = feeds->count * PARTITIONS;
    size_t looks = all < LOOKS_MAX ? all : LOOKS_MAX;
    for (size_t i = 0; i < looks; i++) {
        size_t place = feeds->turn++ % all;
        look(feeds, &feeds->owners[place / PARTITIONS]->feeds[place % PARTITIONS], now_ms);
    }
    tell_lag(feeds, now_ms);
}

uint64_t suppression_feeds_lag_ms(const struct suppression_feeds *feeds)
{
    uint64_t now_ms = loop_now_ms(feeds->parts.loop);
    uint64_t lag_ms = 0;
    for (size_t i = 0; i < feeds->count * PARTITIONS; i++) {
        const struct suppression_feed *feed = &feeds->owners[i / PARTITIONS]->feeds[i % PARTITIONS];
        if (feed->current_ms != 0 && now_ms - feed->current_ms > lag_ms) {
            lag_ms = now_ms - feed->current_ms;
        }
    }
    return lag_ms;
}

struct suppression_feeds *suppression_feeds_create(const struct suppression_settings *settings)
{
    struct suppression_feeds *feeds = xalloc_zero(1, sizeof *feeds);
    feeds->settings = *settings;
    feeds->parts = (struct suppression_feed_parts){.loop = settings->loop,
                                                   .store = settings->store,
                                                   .catalog = settings->catalog,
                                                   .seal = seal_create(0)};
    feeds->timer = loop_timer_create(settings->loop, on_tick, feeds);
    loop_timer_start(feeds->timer, TICK_MS, TICK_MS);
    return feeds;
}

void suppression_feeds_destroy(struct suppression_feeds **feeds)
{
    if (*feeds == NULL) {
        return;
    }
    loop_timer_destroy(&(*feeds)->timer);
    for (size_t i = 0; i < (*feeds)->count; i++) {
        for (unsigned int k = 0; k < PARTITIONS; k++) {
            suppression_feed_finish(&(*feeds)->owners[i]->feeds[k]);
        }
        free((*feeds)->owners[i]->name);
        free((*feeds)->owners[i]);
    }
    free((*feeds)->owners);
    seal_destroy(&(*feeds)->parts.seal);
    free(*feeds);
    *feeds = NULL;
}
