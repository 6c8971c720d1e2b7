#include "common/policy/path_orders.h"

#include "common/base/arena.h"
#include "common/base/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct path_orders {
    struct arena *arena;   /* holds the orders and their texts */
    struct table *by_name; /* of struct path_order */
};

struct path_orders *path_orders_create(void)
{
    struct path_orders *orders = xalloc_zero(1, sizeof *orders);
    orders->arena = arena_create(0);
    orders->by_name = table_create();
    return orders;
}

void path_orders_destroy(struct path_orders **orders)
{
    if (*orders == NULL) {
        return;
    }
    table_destroy(&(*orders)->by_name);
    arena_destroy(&(*orders)->arena);
    free(*orders);
    *orders = NULL;
}

void path_orders_clear(struct path_orders *orders)
{
    table_destroy(&orders->by_name);
    orders->by_name = table_create();
    arena_reset(orders->arena);
}

static bool print_name(enum path_order_kind kind, struct text ip, struct text site,
                       char ret_name[PATH_ORDERS_NAME_BYTES])
{
    int size = snprintf(ret_name, PATH_ORDERS_NAME_BYTES, "%c%.*s %.*s", (int)kind, TEXT_PRINT(ip),
                        TEXT_PRINT(site));
    if (size < 0 || size >= PATH_ORDERS_NAME_BYTES) {
        return false;
    }
    text_lower_ascii(ret_name, (size_t)size);
    return true;
}

bool path_orders_print_name(const struct path_order *order, char ret_name[PATH_ORDERS_NAME_BYTES])
{
    return print_name(order->kind, text_of(order->ip), text_of(order->site), ret_name);
}

int path_orders_parse_name(struct text name, char buffer[PATH_ORDERS_NAME_BYTES],
                           struct path_order *ret_order)
{
    size_t space = text_find(name, ' ');
    bool is_good = name.size < PATH_ORDERS_NAME_BYTES && space > 1 && space + 1 < name.size &&
                   memchr(name.data, '\0', name.size) == NULL &&
                   strchr("bsr", name.data[0]) != NULL;
    if (!is_good) {
        return -EINVAL;
    }
    (void)snprintf(buffer, PATH_ORDERS_NAME_BYTES, "%.*s", TEXT_PRINT(name));
    buffer[space] = '\0';
    ret_order->kind = (enum path_order_kind)name.data[0];
    ret_order->ip = buffer + 1;
    ret_order->site = buffer + space + 1;
    return 0;
}

void path_orders_add(struct path_orders *orders, const struct path_order *order)
{
    char name[PATH_ORDERS_NAME_BYTES];
    if (!path_orders_print_name(order, name)) {
        return;
    }
    struct path_order *known = table_get(orders->by_name, text_of(name));
    if (known == NULL && table_count(orders->by_name) < PATH_ORDERS_MAX) {
        known = arena_zero(orders->arena, 1, sizeof *known);
        (void)table_put(orders->by_name, text_of(name), known);
    }
    if (known != NULL) {
        *known = *order;
        known->ip = arena_printf(orders->arena, "%s", order->ip);
        known->site = arena_printf(orders->arena, "%s", order->site);
    }
}

size_t path_orders_count(const struct path_orders *orders)
{
    return table_count(orders->by_name);
}

static const struct path_order *find(const struct path_orders *orders, enum path_order_kind kind,
                                     struct text ip, struct text site, const struct stop_time *time)
{
    char name[PATH_ORDERS_NAME_BYTES];
    const struct path_order *order =
        print_name(kind, ip, site, name) ? table_get(orders->by_name, text_of(name)) : NULL;
    bool holds = order != NULL && (order->until_unix_ms == 0 || time->is_doubted ||
                                   time->now_unix_ms < order->until_unix_ms);
    return holds ? order : NULL;
}

static void overlay(struct path_bound *bound, const struct path_order *order)
{
    if (order != NULL) {
        const struct path_bound *told = &order->bound;
        bound->rate_least = told->rate_least > 0 ? told->rate_least : bound->rate_least;
        bound->rate_most = told->rate_most > 0 ? told->rate_most : bound->rate_most;
        bound->messages = told->messages > 0 ? told->messages : bound->messages;
        bound->connections_most =
            told->connections_most > 0 ? told->connections_most : bound->connections_most;
    }
}

void path_orders_ask(const struct path_orders *orders, struct text ip, struct text site,
                     const struct stop_time *time, struct path_orders_word *ret_word)
{
    const struct text ips[] = {TEXT(PATH_ORDERS_ALL_IPS), ip};
    *ret_word = (struct path_orders_word){.suspend = NULL};
    for (size_t i = 0; path_orders_count(orders) > 0 && i < 2; i++) {
        const struct path_order *suspend = find(orders, PATH_ORDER_SUSPEND, ips[i], site, time);
        const struct path_order *resume = find(orders, PATH_ORDER_RESUME, ips[i], site, time);
        overlay(&ret_word->bound, find(orders, PATH_ORDER_BOUND, ips[i], site, time));
        bool is_longer =
            suspend != NULL && (ret_word->suspend == NULL || suspend->until_unix_ms == 0 ||
                                (ret_word->suspend->until_unix_ms != 0 &&
                                 suspend->until_unix_ms > ret_word->suspend->until_unix_ms));
        ret_word->suspend = is_longer ? suspend : ret_word->suspend;
        if (resume != NULL && resume->at_unix_ms > ret_word->resumed_unix_ms) {
            ret_word->resumed_unix_ms = resume->at_unix_ms;
        }
    }
}
