/* What operators have told of paths, as this process knows it: read from Redis each second, and at
 * once on notice. While Redis is away what was known holds; before the first answer nothing may be
 * sent. */
#ifndef HIKYAKU_COMMON_SERVICE_SERVICE_ORDERS_H
#define HIKYAKU_COMMON_SERVICE_SERVICE_ORDERS_H

#include "common/net/loop.h"
#include "common/policy/path_orders.h"
#include "common/store/store.h"

struct service_orders;

struct service_orders_settings {
    struct loop *loop;   /* borrowed */
    struct store *store; /* borrowed */
    /** They are known now, or others than before. */
    void (*on_change)(void *context);
    void *context;
};

struct service_orders *service_orders_create(const struct service_orders_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void service_orders_destroy(struct service_orders **orders);

/** Read them now. */
void service_orders_look(struct service_orders *orders);
/** Redis has told them once. */
bool service_orders_are_known(const struct service_orders *orders);
/** All that is told of a path now. */
void service_orders_ask(const struct service_orders *orders, struct text ip, struct text site,
                        struct path_orders_word *ret_word);

#endif
