#include "coordinator/access/access_watch.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/base/table.h"
#include "common/store/store_access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pairs of key and network that need not be asked of the store again. */
#define KNOWN_MAX 8192
#define PAIR_BYTES (ACCESS_ALARM_NETWORK_BYTES + 40)

struct access_watch {
    struct store *store;
    struct access_alarms *alarms;
    struct table *known;
    access_watch_fn *on_alarm;
    void *context;
};

struct access_watch *access_watch_create(struct store *store, access_watch_fn *on_alarm,
                                         void *context)
{
    struct access_watch *watch = xalloc_zero(1, sizeof *watch);
    watch->store = store;
    watch->alarms = access_alarm_create();
    watch->known = table_create();
    watch->on_alarm = on_alarm;
    watch->context = context;
    return watch;
}

void access_watch_destroy(struct access_watch **watch)
{
    if (*watch != NULL) {
        access_alarm_destroy(&(*watch)->alarms);
        table_destroy(&(*watch)->known);
        free(*watch);
        *watch = NULL;
    }
}

static void raise_alarm(const struct access_watch *watch, const struct access_watch_alarm *alarm)
{
    if (alarm->alarm == ACCESS_ALARM_NONE) {
        return;
    }
    const char *word = access_alarm_word(alarm->alarm);
    LOG(LOG_ACCESS_ALARM, NULL, log_string("alarm", word),
        log_string("principal", alarm->principal), log_string("key", alarm->key_id),
        log_string("source", alarm->source));
    metrics_add(metrics_counter("hikyaku_access_alarms_total", "Unusual uses of keys, by kind.",
                                "kind", text_of(word)),
                1);
    watch->on_alarm(watch->context, alarm);
}

static struct access_watch_alarm of(const struct access_key *key, const char *source,
                                    enum access_alarm alarm)
{
    return (struct access_watch_alarm){
        .alarm = alarm,
        .tenant = key->principal == NULL ? "" : key->principal->stored->tenant,
        .principal = key->stored->principal,
        .key_id = key->stored->id,
        .source = source};
}

/* ------------------------------------------------------------------ networks */

/* The store is asked; the book may be read anew meanwhile. */
struct asking {
    struct access_watch *watch;
    bool was_used; /* before this call: it has come from somewhere */
    char *tenant;
    char *principal;
    char *key_id;
    char *source;
    char *pair; /* as in `known` */
};

static void on_seen(void *context, int error, bool is_new)
{
    struct asking *asking = context;
    if (error != 0) { /* nobody knows whether it is new: asked again with the next call */
        (void)table_remove(asking->watch->known, text_of(asking->pair));
    }
    if (error == 0 && is_new && asking->was_used) {
        raise_alarm(asking->watch, &(struct access_watch_alarm){ACCESS_ALARM_NETWORK,
                                                                asking->tenant, asking->principal,
                                                                asking->key_id, asking->source});
    }
    free(asking->tenant);
    free(asking->principal);
    free(asking->key_id);
    free(asking->source);
    free(asking->pair);
    free(asking);
}

static void look_at_network(struct access_watch *watch, const struct access_key *key,
                            const char *source)
{
    char network[ACCESS_ALARM_NETWORK_BYTES];
    char pair[PAIR_BYTES];
    access_alarm_network(source, network);
    int size = snprintf(pair, sizeof pair, "%s|%s", key->stored->id, network);
    struct text name = {pair, (size_t)size < sizeof pair ? (size_t)size : sizeof pair - 1};
    if (table_get(watch->known, name) != NULL) {
        return;
    }
    if (table_count(watch->known) >= KNOWN_MAX) {
        table_destroy(&watch->known);
        watch->known = table_create();
    }
    (void)table_put(watch->known, name, watch);
    const struct access_watch_alarm alarm = of(key, source, ACCESS_ALARM_NETWORK);
    struct asking *asking = xalloc_zero(1, sizeof *asking);
    asking->watch = watch;
    asking->was_used = key->used_unix_ms != 0;
    asking->tenant = xalloc_string(alarm.tenant);
    asking->principal = xalloc_string(alarm.principal);
    asking->key_id = xalloc_string(alarm.key_id);
    asking->source = xalloc_string(source);
    asking->pair = xalloc_string(pair);
    store_access_see(watch->store, text_of(asking->key_id), text_of(network), on_seen, asking);
}

/* ------------------------------------------------------------------ what is told */

void access_watch_on_call(struct access_watch *watch, const struct access_key *key,
                          const char *source)
{
    enum access_alarm alarm =
        access_alarm_on_call(watch->alarms, text_of(key->stored->id), key->used_unix_ms,
                             store_now_unix_ms(watch->store));
    const struct access_watch_alarm told = of(key, source, alarm);
    raise_alarm(watch, &told);
    look_at_network(watch, key, source);
}

void access_watch_on_refusal(struct access_watch *watch, const struct access_key *key,
                             const char *source)
{
    enum access_alarm alarm = access_alarm_on_refusal(watch->alarms, text_of(key->stored->id),
                                                      store_now_unix_ms(watch->store));
    const struct access_watch_alarm told = of(key, source, alarm);
    raise_alarm(watch, &told);
}

void access_watch_on_reveal(struct access_watch *watch, const struct access_key *key,
                            const char *source)
{
    enum access_alarm alarm = access_alarm_on_reveal(watch->alarms, text_of(key->stored->id),
                                                     store_now_unix_ms(watch->store));
    const struct access_watch_alarm told = of(key, source, alarm);
    raise_alarm(watch, &told);
}
