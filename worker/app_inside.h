/* The worker's parts, and what its two halves share. Internal to this folder. */
#ifndef HIKYAKU_WORKER_APP_INSIDE_H
#define HIKYAKU_WORKER_APP_INSIDE_H

#include "common/base/arena.h"
#include "common/net/bus.h"
#include "common/net/loop.h"
#include "common/security/identity.h"
#include "worker/worker_config.h"
#include "worker/worker_ips.h"

struct app {
    const char *file;
    const struct worker_config *config; /* borrowed */
    struct arena *arena;                /* lives as long as the app */
    char session[IDENTITY_SESSION_LENGTH + 1];
    int64_t started_unix_ms;
    int exit_code;

    struct loop *loop;
    struct sending_ips ips;
    struct store *store;
    struct store_keeper *keeper;
    struct ip_leases *ip_leases;
    struct resolver *resolver;
    struct dkim_keys *dkim_keys; /* NULL: nothing is signed */
    struct counters *counters;
    struct service_stops *stops;
    struct service_orders *orders;
    struct classify *classify;
    struct service_windows *windows;
    struct mailroom *mailroom;
    struct ip_watch *ip_watch;
    struct bus *bus;
    struct bus_key_pair bus_key;
    char server_key[BUS_KEY_LENGTH + 1];
    struct links *links;
    struct service_health *health;

    struct loop_signal *terminate;
    struct loop_signal *interrupt;
    struct loop_signal *reload;
    struct loop_timer *leaving;
    uint64_t leaving_ms; /* since when; 0: not */
    bool is_stopped;     /* the grace is over */
    bool is_released;    /* leases and session are given back */
};

/** Begin to drain. */
void app_leave(struct app *app, const char *reason);
/** End at once: nothing can be saved. Whoever takes the session over knows what was marked. */
void app_fail(struct app *app, const char *reason);

/** Open every part, top to bottom. @return 0 or -errno with a problem */
MUST_USE int app_open_all(struct app *app, struct problem *problem);

/** Of the pool: as configured, or one a core. */
unsigned int app_open_thread_count(const struct app *app);

#endif
