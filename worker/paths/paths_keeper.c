#include "worker/paths/paths_keeper.h"

#include "common/store/store_paths.h"
#include "worker/paths/paths_history.h"
#include "worker/paths/paths_orders.h"
#include "worker/paths/shadow.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MS 1000
/* Where path_state.h puts the rate, and what told the ceiling: these alone are no news. */
#define RATE_AT 2
#define RATE_BYTES 4
#define BASIS_AT 10
#define BASIS_BYTES 2

/* An IP's states that were asked for. */
struct loading {
    struct paths *paths;
    struct sending_ip *ip;
    uint64_t epoch;
};

/* One call's states: what the store will hold when it is answered. */
struct saving {
    struct paths *paths;
    uint16_t ip; /* number */
    size_t count;
    struct {
        struct path *path; /* held */
        struct paths_memory memory;
    } items[STORE_PATHS_SAVED_MAX];
};

static struct path_state_now now_of(const struct paths *paths)
{
    return (struct path_state_now){loop_now_ms(paths->settings.loop),
                                   store_now_unix_ms(paths->settings.store) / 1000};
}

static void remember(struct paths *paths, const char *key, const struct paths_memory *memory)
{
    struct paths_memory *known = table_get(paths->memories, text_of(key));
    if (memory->size == 0) {
        free(table_remove(paths->memories, text_of(key)));
        return;
    }
    if (known == NULL) {
        known = xalloc_zero(1, sizeof *known);
        (void)table_put(paths->memories, text_of(key), known);
    }
    *known = *memory;
}

void paths_keeper_recall(struct paths *paths, struct path *path)
{
    const struct paths_memory *memory = table_get(paths->memories, text_of(path->key));
    if (memory != NULL) {
        const struct path_state_now now = now_of(paths);
        struct text bytes = {(const char *)memory->bytes, memory->size};
        /* What cannot be read is written over. */
        (void)!path_state_read(&path->control, bytes, path->ip->was_taken_over, &now);
    }
}

/* ---------------------------------------------------------------- reading */

static void take_state(const struct loading *loading, const struct store_ip_site *state)
{
    char key[PATHS_SITE_BYTES + 8];
    struct paths_memory memory = {.size = state->state.size};
    if (state->site.size >= PATHS_SITE_BYTES || memory.size > sizeof memory.bytes ||
        memory.size == 0) {
        return;
    }
    memcpy(memory.bytes, state->state.data, memory.size);
    paths_key(loading->ip, state->site, key);
    remember(loading->paths, key, &memory);
    struct path *path = table_get(loading->paths->table, text_of(key));
    if (path != NULL) {
        paths_keeper_recall(loading->paths, path);
        shadow_forget(loading->paths->shadow, path);
        paths_orders_obey(loading->paths, path);
    }
}

static void on_loaded(void *context, int error, const struct store_ip_site *states, size_t count)
{
    struct loading *loading = context;
    struct paths *paths = loading->paths;
    uint16_t number = loading->ip->number;
    paths->loading_epoch[number] = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        take_state(loading, &states[i]);
    }
    if (error == 0 || error == -EPROTO) {
        paths->loaded_epoch[number] = loading->epoch;
    }
    free(loading);
}

static void load(struct paths *paths, struct sending_ip *ip)
{
    struct loading *loading = xalloc_zero(1, sizeof *loading);
    *loading = (struct loading){paths, ip, ip->epoch};
    paths->loading_epoch[ip->number] = ip->epoch;
    store_paths_load(paths->settings.store, text_of(ip->text), on_loaded, loading);
}

/* ---------------------------------------------------------------- writing */

static uint32_t rate_in(const struct paths_memory *memory)
{
    uint32_t rate = 0;
    for (size_t i = 0; i < RATE_BYTES; i++) {
        rate = rate << 8 | memory->bytes[RATE_AT + i];
    }
    return rate;
}

static bool is_news(const struct paths_memory *known, const struct paths_memory *memory)
{
    static const struct paths_memory nothing;
    known = known != NULL ? known : &nothing;
    if (known->size != memory->size) {
        return true;
    }
    struct paths_memory other = *memory;
    memcpy(other.bytes + RATE_AT, known->bytes + RATE_AT, RATE_BYTES);
    memcpy(other.bytes + BASIS_AT, known->bytes + BASIS_AT, BASIS_BYTES);
    double rate = rate_in(memory);
    return memcmp(other.bytes, known->bytes, known->size) != 0 ||
           fabs(rate - rate_in(known)) > 0.1 * rate;
}

static void on_saved(void *context, int error, size_t full)
{
    struct saving *saving = context;
    struct paths *paths = saving->paths;
    paths->is_saving[saving->ip] = false;
    for (size_t i = 0; i < saving->count; i++) {
        struct path *path = saving->items[i].path;
        path->is_changed = path->is_changed || (error != 0 && error != -ESTALE);
        if (error == 0) {
            path->is_over_store = full > 0;
            remember(paths, path->key, &saving->items[i].memory);
        }
        paths_release(paths, path);
    }
    free(saving);
}

/* Does the path have something new to keep? Then it stands in `saving`. */
static void look_at(struct paths *paths, struct path *path, const struct path_state_now *now,
                    struct saving *saving)
{
    struct paths_memory *memory = &saving->items[saving->count].memory;
    memset(memory, 0, sizeof *memory);
    memory->size = path_state_write(&path->control, now, memory->bytes);
    path->is_changed = false;
    if (!path->is_over_store && is_news(table_get(paths->memories, text_of(path->key)), memory)) {
        saving->items[saving->count++].path = path;
        path->holders++;
    }
}

static void save(struct paths *paths, const struct sending_ip *ip)
{
    struct saving *saving = xalloc_zero(1, sizeof *saving);
    struct store_ip_site states[STORE_PATHS_SAVED_MAX];
    const struct path_state_now now = now_of(paths);
    struct table_walk walk;
    saving->paths = paths;
    saving->ip = ip->number;
    struct path *path = table_first(paths->table, &walk);
    for (; path != NULL && saving->count < STORE_PATHS_SAVED_MAX; path = table_next(&walk)) {
        if (path->ip == ip && path->is_changed) {
            look_at(paths, path, &now, saving);
        }
    }
    if (saving->count == 0) {
        free(saving);
        return;
    }
    for (size_t i = 0; i < saving->count; i++) {
        struct paths_memory *memory = &saving->items[i].memory;
        states[i].site = text_of(saving->items[i].path->site);
        states[i].state = (struct text){(const char *)memory->bytes, memory->size};
    }
    const struct store_paths_save call = {text_of(ip->text), ip->epoch, states, saving->count};
    paths->is_saving[ip->number] = true;
    store_paths_save(paths->settings.store, &call, on_saved, saving);
}

static void on_keep(void *context)
{
    struct paths *paths = context;
    paths_on_orders(paths); /* some end by themselves */
    for (size_t i = 0; i < paths->settings.ips->count && store_is_ready(paths->settings.store);
         i++) {
        struct sending_ip *ip = &paths->settings.ips->items[i];
        if (ip->state != SENDING_IP_OWNED) {
            continue;
        }
        if (paths->loaded_epoch[i] == ip->epoch) {
            if (!paths->is_saving[i]) {
                save(paths, ip);
            }
        } else if (paths->loading_epoch[i] == 0) {
            load(paths, ip);
        }
    }
    paths_history_write(paths);
}

void paths_keeper_start(struct paths *paths)
{
    if (paths->settings.store != NULL) {
        paths->timer = loop_timer_create(paths->settings.loop, on_keep, paths);
        loop_timer_start(paths->timer, 100, KEEP_MS);
    }
}
