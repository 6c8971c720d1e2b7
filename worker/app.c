#include "worker/app.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/resolver.h"
#include "common/store/store_fleet.h"
#include "common/service/service_health.h"
#include "common/service/service_orders.h"
#include "common/service/service_stops.h"
#include "common/service/service_windows.h"
#include "worker/app_inside.h"
#include "worker/claim/ip_leases.h"
#include "worker/claim/links.h"
#include "worker/mailroom.h"
#include "worker/watch/ip_watch.h"
#include "worker/worker_reload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Draining: how often it is looked at, and how long the last writes may take after the grace. */
#define LEAVE_STEP_MS 50
#define LEAVE_LAST_MS 5000

/* ------------------------------------------------------------------ leaving */

static void on_released(void *context, int error, uint64_t epoch)
{
    struct app *app = context;
    (void)error;
    (void)epoch;
    loop_stop(app->loop);
}

/* The lease of the session goes last: while it stands, others leave what is ours alone. */
static void on_removed(void *context, int error)
{
    struct app *app = context;
    if (error != -ECANCELED) { /* else all is being closed, the keeper first */
        store_keeper_release(app->keeper, on_released, app);
    }
}

static void release_all(struct app *app)
{
    app->is_released = true;
    mailroom_leave(app->mailroom);
    if (app->ip_leases != NULL) {
        ip_leases_release(app->ip_leases);
    }
    if (app->keeper == NULL) {
        loop_stop(app->loop);
        return;
    }
    store_fleet_remove(app->store, app->session, on_removed, app);
}

/* What is on the wire ends; then what is in doubt is written; then the leases go. */
static void on_leaving(void *context)
{
    struct app *app = context;
    uint64_t since_ms = loop_now_ms(app->loop) - app->leaving_ms;
    bool is_done = mailroom_is_empty(app->mailroom) && loop_pool_pending(app->loop) == 0;
    if (is_done && !app->is_released) {
        release_all(app);
    } else if (!app->is_stopped && since_ms >= app->config->drain_grace_ms) {
        app->is_stopped = true;
        mailroom_stop(app->mailroom);
    } else if (since_ms >= app->config->drain_grace_ms + LEAVE_LAST_MS) {
        LOG(LOG_FATAL, NULL,
            log_string("reason", "outcomes could not be written: others take the batches over"));
        app->exit_code = EXIT_FAILURE;
        loop_stop(app->loop);
    }
}

void app_leave(struct app *app, const char *reason)
{
    if (app->leaving_ms != 0) {
        return;
    }
    LOG(LOG_DRAIN, NULL, log_string("reason", reason));
    app->leaving_ms = loop_now_ms(app->loop);
    links_leave(app->links, reason);
    mailroom_drain(app->mailroom);
    loop_timer_start(app->leaving, LEAVE_STEP_MS, LEAVE_STEP_MS);
}

void app_fail(struct app *app, const char *reason)
{
    LOG(LOG_FATAL, NULL, log_string("reason", reason));
    app->exit_code = EXIT_FAILURE;
    loop_stop(app->loop);
}

static void on_signal(void *context)
{
    app_leave(context, "signal");
}

/* ------------------------------------------------------------------ reload */

static void on_reload(void *context)
{
    struct app *app = context;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct worker_reload fresh;
    if (!worker_reload_read(app->file, app->config, app->windows, arena, &fresh)) {
        return;
    }
    log_set_level((enum log_level)fresh.config.service.log_level);
    classify_replace(app->classify, &fresh.rules);
    mailroom_use(app->mailroom, &fresh.config, &fresh.shadow);
    worker_reload_finish(&fresh);
    LOG(LOG_CONFIG_RELOADED, NULL, log_string("config", app->file));
}

/* ------------------------------------------------------------------ running */

static void close_all(struct app *app)
{
    service_health_close(&app->health);
    links_destroy(&app->links);
    bus_destroy(&app->bus);
    store_keeper_destroy(&app->keeper);
    store_destroy(&app->store); /* its calls without answer are answered: who asked still lives */
    ip_leases_destroy(&app->ip_leases);
    mailroom_destroy(&app->mailroom);
    ip_watch_destroy(&app->ip_watch);
    service_stops_destroy(&app->stops);
    service_orders_destroy(&app->orders);
    service_windows_destroy(&app->windows);
    resolver_destroy(&app->resolver);
    dkim_keys_destroy(&app->dkim_keys);
    classify_destroy(&app->classify);
    counters_destroy(&app->counters);
    seal_wipe(&app->bus_key, sizeof app->bus_key);
    loop_signal_destroy(&app->terminate);
    loop_signal_destroy(&app->interrupt);
    loop_signal_destroy(&app->reload);
    loop_timer_destroy(&app->leaving);
}

static void run(struct app *app)
{
    app->leaving = loop_timer_create(app->loop, on_leaving, app);
    app->terminate = loop_signal_create(app->loop, SIGTERM, on_signal, app);
    app->interrupt = loop_signal_create(app->loop, SIGINT, on_signal, app);
    app->reload = loop_signal_create(app->loop, SIGHUP, on_reload, app);
    loop_run(app->loop);
    LOG(LOG_STOP, NULL, log_number("code", app->exit_code));
    if (!mailroom_is_idle(app->mailroom) || loop_pool_pending(app->loop) > 0) {
        _exit(app->exit_code); /* in the middle of work: what is in memory belongs to nobody now */
    }
}

int app_run(const char *file, const struct worker_config *config)
{
    struct app app = {.file = file, .config = config, .exit_code = EXIT_SUCCESS};
    struct problem problem = {.message = ""};
    log_open("hikyaku-worker", (enum log_level)config->service.log_level,
             (enum log_form)config->service.log_form);
    LOG(LOG_START, NULL, log_string("version", HIKYAKU_VERSION), log_string("config", file),
        log_string("name", config->service.name));
    app.arena = arena_create(0);
    app.started_unix_ms = clock_unix_ms();
    loop_set_pool_threads(app_open_thread_count(&app));
    app.loop = loop_create();
    if (app_open_all(&app, &problem) == 0) {
        run(&app);
    } else {
        LOG(LOG_FATAL, NULL, log_string("field", problem.field),
            log_string("reason", problem.message));
        app.exit_code = EXIT_FAILURE;
    }
    close_all(&app);
    loop_destroy(&app.loop);
    arena_destroy(&app.arena);
    return app.exit_code;
}
