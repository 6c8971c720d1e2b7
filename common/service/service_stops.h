/* The operator stops as this process knows them: read from Redis each second, and at once on
 * notice. While Redis is away the last ones known hold; before the first answer nothing may be
 * sent. */
#ifndef HIKYAKU_COMMON_SERVICE_SERVICE_STOPS_H
#define HIKYAKU_COMMON_SERVICE_SERVICE_STOPS_H

#include "common/net/loop.h"
#include "common/policy/stop_set.h"
#include "common/store/store.h"

struct service_stops;

struct service_stops_settings {
    struct loop *loop;   /* borrowed */
    struct store *store; /* borrowed */
    /** They are known now, or others than before. */
    void (*on_change)(void *context);
    void *context;
};

struct service_stops *service_stops_create(const struct service_stops_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void service_stops_destroy(struct service_stops **stops);

/** Read them now: a notice came, or the store is there again. */
void service_stops_look(struct service_stops *stops);
/** Redis has told them once. */
bool service_stops_are_known(const struct service_stops *stops);
/** The stop that holds a letter now, borrowed until the loop goes on; NULL: none does. */
const struct stop *service_stops_find(const struct service_stops *stops,
                                      const struct stop_question *question);
/** For screens: all, those whose time is over too. */
const struct stop_set *service_stops_all(const struct service_stops *stops);
/** The time that ends them: Redis' clock, unless it is in doubt. */
struct stop_time service_stops_time(const struct store *store);

#endif
