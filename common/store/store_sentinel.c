#include "common/store/store_sentinel.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/store_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MS SECOND_MS
#define SILENCE_MS (3 * SECOND_MS)
#define BELIEVED_MS (5 * SECOND_MS)

struct watcher {
    struct store_sentinel *sentinel;
    struct store_link *link;
    size_t nth;
    bool is_asking;
    bool is_told; /* that it does not answer well: once */
};

struct store_sentinel {
    store_sentinel_moved_fn *on_moved;
    void *context;
    char *user;
    char *password;
    char *master;
    struct store_command command;
    struct loop_timer *timer;
    char host[256]; /* as told last */
    uint16_t port;
    size_t count;
    struct watcher *watchers;
    struct store_sentinel_place *places;
};

int store_sentinel_read(const redisReply *reply, struct store_sentinel_place *ret_place)
{
    struct store_sentinel_place place = {.port = 0};
    for (size_t i = 0; i + 1 < store_reply_count(reply); i += 2) {
        struct text name = store_reply_text(store_reply_at(reply, i));
        const redisReply *value = store_reply_at(reply, i + 1);
        struct text text = store_reply_text(value);
        if (text_equal(name, TEXT("ip")) && text.size > 0 && text.size < sizeof(place.host) &&
            memchr(text.data, '\0', text.size) == NULL) {
            memcpy(place.host, text.data, text.size);
        } else if (text_equal(name, TEXT("port"))) {
            uint64_t port = store_reply_number(value);
            place.port = port <= UINT16_MAX ? (uint16_t)port : 0;
        } else if (text_equal(name, TEXT("config-epoch"))) {
            place.epoch = store_reply_number(value);
        }
    }
    if (place.host[0] == '\0' || place.port == 0) {
        return -EPROTO;
    }
    *ret_place = place;
    return 0;
}

const struct store_sentinel_place *store_sentinel_choose(const struct store_sentinel_place *places,
                                                         size_t count, uint64_t now_ms)
{
    const struct store_sentinel_place *best = NULL;
    for (size_t i = 0; i < count; i++) {
        bool is_fresh = places[i].port != 0 && now_ms - places[i].said_ms <= BELIEVED_MS;
        if (is_fresh && (best == NULL || places[i].epoch > best->epoch)) {
            best = &places[i];
        }
    }
    return best;
}

static void choose(struct store_sentinel *sentinel)
{
    const struct store_sentinel_place *best =
        store_sentinel_choose(sentinel->places, sentinel->count, clock_monotonic_ms());
    if (best == NULL || (best->port == sentinel->port && strcmp(best->host, sentinel->host) == 0)) {
        return;
    }
    (void)snprintf(sentinel->host, sizeof(sentinel->host), "%s", best->host);
    sentinel->port = best->port;
    LOG(LOG_STORE_PRIMARY, NULL, log_string("host", best->host), log_number("port", best->port),
        log_number("epoch", (int64_t)best->epoch));
    sentinel->on_moved(sentinel->context, sentinel->host, sentinel->port);
}

static void tell(struct watcher *watcher, const char *reason)
{
    if (!watcher->is_told) {
        watcher->is_told = true;
        LOG(LOG_STORE_UNREACHABLE, NULL, log_string("link", "sentinel"),
            log_number("sentinel", (int64_t)watcher->nth), log_string("reason", reason));
    }
}

static void on_place(void *object, int error, const redisReply *reply)
{
    struct watcher *watcher = object;
    struct store_sentinel_place *place = &watcher->sentinel->places[watcher->nth];
    watcher->is_asking = false;
    if (error == 0 && store_sentinel_read(reply, place) == 0) {
        watcher->is_told = false;
        place->said_ms = clock_monotonic_ms();
        choose(watcher->sentinel);
    } else if (reply != NULL) {
        tell(watcher, error == -EACCES ? "refuses this user and password"
                                       : "does not know a primary of this name");
    }
}

static void ask(struct watcher *watcher)
{
    struct store_command *command = &watcher->sentinel->command;
    if (watcher->is_asking || !store_link_is_ready(watcher->link)) {
        return;
    }
    watcher->is_asking = true;
    store_command_begin(command, "SENTINEL");
    store_command_add_string(command, "MASTER");
    store_command_add_string(command, watcher->sentinel->master);
    store_link_send(watcher->link, command, on_place, watcher);
}

static void on_timer(void *context)
{
    struct store_sentinel *sentinel = context;
    for (size_t i = 0; i < sentinel->count; i++) {
        ask(&sentinel->watchers[i]);
    }
}

static void on_logged_in(void *object, int error, const redisReply *reply)
{
    struct watcher *watcher = object;
    (void)reply;
    if (error == 0 && store_link_is_early(watcher->link)) {
        store_link_set_ready(watcher->link);
        ask(watcher);
    } else if (error == -EACCES || error == -EIO) {
        tell(watcher, "refuses this user and password");
        store_link_drop(watcher->link);
    } else {
        store_link_drop(watcher->link);
    }
}

static void on_connected(void *context, struct store_link *link)
{
    const struct watcher *watcher = context;
    struct store_sentinel *sentinel = watcher->sentinel;
    if (sentinel->password == NULL) {
        store_command_begin(&sentinel->command, "PING");
    } else {
        store_command_begin(&sentinel->command, "AUTH");
        if (sentinel->user != NULL) {
            store_command_add_string(&sentinel->command, sentinel->user);
        }
        store_command_add_string(&sentinel->command, sentinel->password);
    }
    store_link_send_early(link, &sentinel->command, on_logged_in, context);
}

static void on_lost(void *context, struct store_link *link, bool was_ready)
{
    struct watcher *watcher = context;
    (void)link;
    (void)was_ready;
    tell(watcher, "no connection");
}

static void on_latency(void *context, uint64_t ms)
{
    (void)context;
    (void)ms;
}

static char *copy_or_null(const char *string)
{
    return string == NULL ? NULL : xalloc_string(string);
}

struct store_sentinel *store_sentinel_create(struct loop *loop,
                                             const struct store_settings *settings,
                                             store_sentinel_moved_fn *on_moved, void *context)
{
    struct store_sentinel *sentinel = xalloc_zero(1, sizeof(*sentinel));
    sentinel->on_moved = on_moved;
    sentinel->context = context;
    sentinel->user = copy_or_null(settings->sentinel_user);
    sentinel->password = copy_or_null(settings->sentinel_password);
    sentinel->master = xalloc_string(settings->master);
    sentinel->count = settings->sentinel_count;
    sentinel->watchers = xalloc_zero(sentinel->count, sizeof(sentinel->watchers[0]));
    sentinel->places = xalloc_zero(sentinel->count, sizeof(sentinel->places[0]));
    sentinel->timer = loop_timer_create(loop, on_timer, sentinel);
    loop_timer_start(sentinel->timer, ASK_MS, ASK_MS);
    for (size_t i = 0; i < sentinel->count; i++) {
        struct watcher *watcher = &sentinel->watchers[i];
        watcher->sentinel = sentinel;
        watcher->nth = i;
        watcher->link = store_link_create(loop, &(struct store_link_settings){
                                                    .endpoint = settings->sentinels[i],
                                                    .timeout_ms = SILENCE_MS,
                                                    .tls = settings->tls,
                                                    .on_connected = on_connected,
                                                    .on_lost = on_lost,
                                                    .on_latency = on_latency,
                                                    .context = watcher,
                                                });
    }
    return sentinel;
}

void store_sentinel_destroy(struct store_sentinel **sentinel)
{
    struct store_sentinel *old = *sentinel;
    *sentinel = NULL;
    if (old == NULL) {
        return;
    }
    for (size_t i = 0; i < old->count; i++) {
        store_link_destroy(&old->watchers[i].link);
    }
    loop_timer_destroy(&old->timer);
    store_command_finish(&old->command);
    if (old->password != NULL) {
        explicit_bzero(old->password, strlen(old->password));
    }
    free(old->password);
    free(old->user);
    free(old->master);
    free(old->watchers);
    free(old->places);
    free(old);
}
