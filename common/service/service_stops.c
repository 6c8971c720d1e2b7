#include "common/service/service_stops.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/store/store_stops.h"
#include "common/wire/wire_store.h"

#include <errno.h>
#include <stdlib.h>

#define LOOK_MS 1000
/* I10: by a clock that differs by more no stop ends. */
#define SKEW_MAX_MS 60000

struct service_stops {
    struct service_stops_settings settings;
    struct stop_set *set;
    struct arena *arena; /* while an answer is read */
    struct buffer seen;  /* the last answer, to tell a change */
    struct loop_timer *timer;
    struct metric *gauge;
    uint64_t holding; /* which of them hold: planned ones begin, others end by themselves */
    bool is_known;
    bool is_looking;
    bool looks_again; /* asked for while an answer was awaited: that one may be too old */
};

/* @return how many hold */
static size_t note_holding(struct service_stops *stops)
{
    const struct stop_time time = service_stops_time(stops->settings.store);
    size_t count = 0;
    stops->holding = 0;
    for (size_t i = 0; i < stop_set_count(stops->set); i++) {
        bool holds = stop_set_holds(stop_set_at(stops->set, i), &time);
        count += holds;
        stops->holding = (stops->holding + holds) * 0x9e3779b97f4a7c15; /* their places, mixed */
    }
    metrics_set(stops->gauge, (int64_t)count);
    return count;
}

/* Planned ones begin while the list stays as it is. */
static void on_timer(void *context)
{
    struct service_stops *stops = context;
    uint64_t before = stops->holding;
    size_t count = note_holding(stops);
    if (stops->is_known && stops->holding != before) {
        LOG(LOG_STOPS_CHANGED, NULL, log_number("count", (int64_t)count));
        stops->settings.on_change(stops->settings.context);
    }
    service_stops_look(stops);
}

struct service_stops *service_stops_create(const struct service_stops_settings *settings)
{
    struct service_stops *stops = xalloc_zero(1, sizeof *stops);
    stops->settings = *settings;
    stops->set = stop_set_create();
    stops->arena = arena_create(0);
    stops->gauge = metrics_gauge("hikyaku_operator_stops", "Operator stops that are in force.",
                                 NULL, TEXT(""));
    stops->timer = loop_timer_create(settings->loop, on_timer, stops);
    loop_timer_start(stops->timer, 0, LOOK_MS);
    return stops;
}

void service_stops_destroy(struct service_stops **stops)
{
    if (*stops == NULL) {
        return;
    }
    loop_timer_destroy(&(*stops)->timer);
    stop_set_destroy(&(*stops)->set);
    arena_destroy(&(*stops)->arena);
    buffer_finish(&(*stops)->seen);
    free(*stops);
    *stops = NULL;
}

/* What cannot be read has kind 0, which stops everything. */
static void add(struct service_stops *stops, const struct store_stop *given)
{
    Hikyaku__V1__StoredStop *stored = NULL;
    struct stop stop = {.target = "", .reason = "", .author = ""};
    if (wire_store_read_stop(given->packed, stops->arena, &stored) == 0) {
        stop.kind = (enum stop_kind)stored->kind;
        stop.target = stored->target;
        stop.reason = stored->reason;
        stop.author = stored->author;
        stop.at_unix_ms = stored->at_unix_ms;
        stop.from_unix_ms = stored->from_unix_ms;
        stop.until_unix_ms = given->until_unix_ms;
    }
    stop_set_add(stops->set, &stop);
}

static bool is_same(struct service_stops *stops, int error, const struct store_stop *given,
                    size_t count)
{
    struct buffer told = {0};
    buffer_append_byte(&told, error == 0 ? '1' : '0');
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&told, "%zu %lld ", given[i].packed.size, (long long)given[i].until_unix_ms);
        buffer_append_text(&told, given[i].packed);
    }
    bool is_same = text_equal(buffer_text(&told), buffer_text(&stops->seen));
    buffer_finish(&stops->seen);
    stops->seen = told;
    return is_same;
}

static void take(struct service_stops *stops, int error, const struct store_stop *given,
                 size_t count)
{
    bool was_known = stops->is_known;
    if (is_same(stops, error, given, count) && was_known) {
        return;
    }
    stop_set_clear(stops->set);
    arena_reset(stops->arena);
    for (size_t i = 0; i < count; i++) {
        add(stops, &given[i]);
    }
    if (error != 0) {
        add(stops, &(struct store_stop){.until_unix_ms = 0});
    }
    stops->is_known = true;
    size_t holding = note_holding(stops);
    if (was_known || stop_set_count(stops->set) > 0) {
        LOG(LOG_STOPS_CHANGED, NULL, log_number("count", (int64_t)holding));
    }
    stops->settings.on_change(stops->settings.context);
}

static void on_stops(void *context, int error, const struct store_stop *given, size_t count)
{
    struct service_stops *stops = context;
    stops->is_looking = false;
    if (error == 0 || error == -EPROTO) {
        take(stops, error, given, count);
    }
    if (stops->looks_again && error != -ECANCELED) {
        stops->looks_again = false;
        service_stops_look(stops);
    }
}

void service_stops_look(struct service_stops *stops)
{
    if (stops->is_looking) {
        stops->looks_again = true;
        return;
    }
    if (store_is_ready(stops->settings.store)) {
        stops->is_looking = true;
        store_stops_read(stops->settings.store, STORE_STOPS, on_stops, stops);
    }
}

bool service_stops_are_known(const struct service_stops *stops)
{
    return stops->is_known;
}

struct stop_time service_stops_time(const struct store *store)
{
    int64_t skew_ms = store_clock_skew_ms(store);
    return (struct stop_time){.now_unix_ms = store_now_unix_ms(store),
                              .is_doubted = skew_ms > SKEW_MAX_MS || skew_ms < -SKEW_MAX_MS};
}

const struct stop *service_stops_find(const struct service_stops *stops,
                                      const struct stop_question *question)
{
    if (stop_set_count(stops->set) == 0) {
        return NULL;
    }
    struct stop_time time = service_stops_time(stops->settings.store);
    return stop_set_find(stops->set, question, &time);
}

const struct stop_set *service_stops_all(const struct service_stops *stops)
{
    return stops->set;
}
