#include "common/service/service_orders.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/service/service_stops.h"
#include "common/store/store_stops.h"
#include "common/wire/wire_store.h"

#include <errno.h>
#include <stdlib.h>

#define LOOK_MS 1000

struct service_orders {
    struct service_orders_settings settings;
    struct path_orders *set;
    struct arena *arena; /* while an answer is read */
    struct buffer seen;  /* the last answer, to tell a change */
    struct loop_timer *timer;
    struct metric *gauge;
    bool is_known;
    bool is_looking;
    bool looks_again; /* asked for while an answer was awaited: that one may be too old */
};

static void on_timer(void *context)
{
    service_orders_look(context);
}

struct service_orders *service_orders_create(const struct service_orders_settings *settings)
{
    struct service_orders *orders = xalloc_zero(1, sizeof *orders);
    orders->settings = *settings;
    orders->set = path_orders_create();
    orders->arena = arena_create(0);
    orders->gauge =
        metrics_gauge("hikyaku_path_orders", "What operators have told of paths: bounds, pauses.",
                      NULL, TEXT(""));
    orders->timer = loop_timer_create(settings->loop, on_timer, orders);
    loop_timer_start(orders->timer, 0, LOOK_MS);
    return orders;
}

void service_orders_destroy(struct service_orders **orders)
{
    if (*orders == NULL) {
        return;
    }
    loop_timer_destroy(&(*orders)->timer);
    path_orders_destroy(&(*orders)->set);
    arena_destroy(&(*orders)->arena);
    buffer_finish(&(*orders)->seen);
    free(*orders);
    *orders = NULL;
}

/* A pause is obeyed whatever it says besides: its name and end are enough. */
static void add(struct service_orders *orders, const struct store_stop *given)
{
    char name[PATH_ORDERS_NAME_BYTES];
    struct path_order order = {.until_unix_ms = given->until_unix_ms};
    Hikyaku__V1__StoredPathOrder *stored = NULL;
    if (path_orders_parse_name(given->name, name, &order) != 0) {
        return;
    }
    if (wire_store_read_path_order(given->packed, orders->arena, &stored) == 0) {
        order.at_unix_ms = stored->at_unix_ms;
        order.bound = (struct path_bound){
            .rate_least = stored->per_minute_least / 60.0,
            .rate_most = stored->per_minute_most / 60.0,
            .connections_most = stored->connections_most,
            .messages = stored->messages_per_connection,
        };
    }
    path_orders_add(orders->set, &order);
}

static bool is_same(struct service_orders *orders, const struct store_stop *given, size_t count)
{
    struct buffer told = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&told, "%zu %zu %lld ", given[i].name.size, given[i].packed.size,
                      (long long)given[i].until_unix_ms);
        buffer_append_text(&told, given[i].name);
        buffer_append_text(&told, given[i].packed);
    }
    bool is_same = text_equal(buffer_text(&told), buffer_text(&orders->seen));
    buffer_finish(&orders->seen);
    orders->seen = told;
    return is_same;
}

static void take(struct service_orders *orders, const struct store_stop *given, size_t count)
{
    bool was_known = orders->is_known;
    if (is_same(orders, given, count) && was_known) {
        return;
    }
    path_orders_clear(orders->set);
    arena_reset(orders->arena);
    for (size_t i = 0; i < count; i++) {
        add(orders, &given[i]);
    }
    orders->is_known = true;
    metrics_set(orders->gauge, (int64_t)count);
    if (was_known || count > 0) {
        LOG(LOG_ORDERS_CHANGED, NULL, log_number("count", (int64_t)count));
    }
    orders->settings.on_change(orders->settings.context);
}

/* What cannot be read (of a later version) changes nothing: stops are the switch for all. */
static void on_orders(void *context, int error, const struct store_stop *given, size_t count)
{
    struct service_orders *orders = context;
    orders->is_looking = false;
    if (error == 0) {
        take(orders, given, count);
    } else if (error == -EPROTO) {
        LOG(LOG_ORDERS_DAMAGED, NULL, log_number("error", error));
        orders->is_known = true;
    }
    if (orders->looks_again && error != -ECANCELED) {
        orders->looks_again = false;
        service_orders_look(orders);
    }
}

void service_orders_look(struct service_orders *orders)
{
    if (orders->is_looking) {
        orders->looks_again = true;
    } else if (store_is_ready(orders->settings.store)) {
        orders->is_looking = true;
        store_stops_read(orders->settings.store, STORE_THROTTLES, on_orders, orders);
    }
}

bool service_orders_are_known(const struct service_orders *orders)
{
    return orders->is_known;
}

void service_orders_ask(const struct service_orders *orders, struct text ip, struct text site,
                        struct path_orders_word *ret_word)
{
    struct stop_time time = service_stops_time(orders->settings.store);
    path_orders_ask(orders->set, ip, site, &time, ret_word);
}
