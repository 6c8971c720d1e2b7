/* What operators have told of paths: bounds, pauses, ends of pauses. Pure: the list comes from the
 * store, time is an argument.
 *
 * An order is named by its kind, sending IP ("*": all of the site) and site. What is told of one
 * path goes before what is told of all IPs, number by number. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_ORDERS_H
#define HIKYAKU_COMMON_POLICY_PATH_ORDERS_H

#include "common/policy/path_bound.h"
#include "common/policy/stop_set.h"

/** Orders that a cluster may have at once. */
#define PATH_ORDERS_MAX 1000
#define PATH_ORDERS_ALL_IPS "*"
#define PATH_ORDERS_NAME_BYTES 320

enum path_order_kind {
    PATH_ORDER_BOUND = 'b',
    PATH_ORDER_SUSPEND = 's',
    PATH_ORDER_RESUME = 'r', /* ends pauses that began before it was told */
};

struct path_order {
    enum path_order_kind kind;
    const char *ip;
    const char *site;
    struct path_bound bound; /* BOUND */
    int64_t at_unix_ms;
    int64_t until_unix_ms; /* 0: until it is ended */
};

/** All that is told of one path now. */
struct path_orders_word {
    struct path_bound bound;
    const struct path_order *suspend; /* NULL: none; borrowed until the set changes */
    int64_t resumed_unix_ms;          /* pauses that began before then have ended; 0: none */
};

struct path_orders;

struct path_orders *path_orders_create(void);
/** Accepts NULL, nulls the pointer. */
void path_orders_destroy(struct path_orders **orders);
void path_orders_clear(struct path_orders *orders);
/** Add a copy; one of the same name is replaced. Beyond PATH_ORDERS_MAX it is left out. */
void path_orders_add(struct path_orders *orders, const struct path_order *order);
size_t path_orders_count(const struct path_orders *orders);
void path_orders_ask(const struct path_orders *orders, struct text ip, struct text site,
                     const struct stop_time *time, struct path_orders_word *ret_word);

/** "<kind><ip> <site>". @return false: it is too long */
bool path_orders_print_name(const struct path_order *order, char ret_name[PATH_ORDERS_NAME_BYTES]);
/**
 * Kind, IP and site of a name.
 * @param buffer  what `ret_order` points into
 * @return 0 or -EINVAL
 */
MUST_USE int path_orders_parse_name(struct text name, char buffer[PATH_ORDERS_NAME_BYTES],
                                    struct path_order *ret_order);

#endif
