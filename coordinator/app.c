#include "coordinator/app.h"

#include "common/base/log.h"
#include "common/net/bus_server.h"
#include "common/security/key_directory.h"
#include "common/service/service_health.h"
#include "common/service/service_windows.h"
#include "coordinator/access/access.h"
#include "coordinator/allow_list.h"
#include "coordinator/api/api.h"
#include "coordinator/app_inside.h"
#include "coordinator/audit/audit.h"
#include "coordinator/catalog/catalog.h"
#include "coordinator/explain/explain.h"
#include "coordinator/fleet/fleet.h"
#include "coordinator/fleet/fleet_reasons.h"
#include "coordinator/recovery/recovery.h"
#include "coordinator/retention/retention.h"
#include "coordinator/suppression/suppression.h"
#include "coordinator/unsubscribe/unsubscribe.h"

#include <signal.h>
#include <stdlib.h>

/* At the end: how long answers may take. */
#define LEAVE_MS 2000
#define LEAVE_STEP_MS 50
/* How long the last entries of the audit log may take: those in the file are not lost. */
#define AUDIT_LEAVE_MS 5000

/* ------------------------------------------------------------------ the end */

static void close_all(struct app *app)
{
    if (app->fleet != NULL) {
        fleet_reasons_finish(app->fleet);
    }
    if (app->catalog != NULL) {
        catalog_stop(app->catalog);
    }
    /* Then the store: its calls without answer are answered while those who asked still live. */
    store_destroy(&app->store);
    api_destroy(&app->api);
    unsubscribe_close(&app->unsubscribe);
    access_destroy(&app->access);
    suppression_destroy(&app->suppression);
    explain_destroy(&app->explain);
    audit_destroy(&app->audit);
    retention_destroy(&app->retention);
    recovery_destroy(&app->recovery);
    fleet_close(&app->fleet);
    catalog_destroy(&app->catalog);
    service_windows_destroy(&app->windows);
    tenants_destroy(&app->tenants);
    service_health_close(&app->health);
    bus_destroy(&app->bus);
    key_directory_close(&app->keys);
    loop_signal_destroy(&app->terminate);
    loop_signal_destroy(&app->interrupt);
    loop_signal_destroy(&app->reload);
    loop_timer_destroy(&app->leaving);
}

static void on_leaving(void *context)
{
    struct app *app = context;
    uint64_t length_ms = loop_now_ms(app->loop) - app->leaving_ms;
    bool has_left = length_ms >= LEAVE_MS || fleet_has_left(app->fleet);
    if (has_left && !app->is_audit_closed) {
        app->is_audit_closed = true;
        audit_stop(app->audit);
    }
    bool is_written = length_ms >= AUDIT_LEAVE_MS || audit_is_idle(app->audit);
    /* However late: what the pool works on lives in what is closed next. */
    if (has_left && is_written && loop_pool_pending(app->loop) == 0) {
        loop_stop(app->loop);
    }
}

static void leave(struct app *app, const char *reason)
{
    if (app->leaving_ms != 0) {
        return;
    }
    LOG(LOG_STOP, NULL, log_string("reason", reason));
    app->leaving_ms = loop_now_ms(app->loop);
    api_stop(app->api);
    if (app->unsubscribe != NULL) {
        unsubscribe_stop(app->unsubscribe);
    }
    if (app->retention != NULL) {
        retention_stop(app->retention);
    }
    recovery_stop(app->recovery);
    fleet_leave(app->fleet);
    loop_timer_start(app->leaving, LEAVE_STEP_MS, LEAVE_STEP_MS);
}

void app_fail(struct app *app, const char *reason)
{
    LOG(LOG_FATAL, NULL, log_string("reason", reason));
    app->exit_code = EXIT_FAILURE;
    leave(app, reason);
}

static void on_signal(void *context)
{
    leave(context, "signal");
}

/* ------------------------------------------------------------------ reload */

static int reload_parts(struct app *app, const struct coordinator_config *config,
                        struct arena *arena, struct problem *problem)
{
    const char *const *admitted = NULL;
    int error = allow_list_read(config->bus.allow_file, arena, &admitted, problem);
    if (error == 0) {
        error = key_directory_refresh(app->keys, problem);
    }
    if (error == 0) {
        error = access_read_file(app->access, config->api.bearer_key_file, problem);
    }
    if (error == 0) {
        error = api_renew(app->api, config->api.certificate_file, config->api.key_file, problem);
    }
    if (error == 0 && app->unsubscribe != NULL) {
        error = unsubscribe_renew(app->unsubscribe, config->unsubscribe.certificate_file,
                                  config->unsubscribe.key_file, problem);
    }
    if (error == 0) {
        fleet_admit(app->fleet, admitted);
        fleet_set_limits(app->fleet, app_open_limits(arena, config), config->rates.count);
        log_set_level((enum log_level)config->service.log_level);
    }
    return error;
}

static void on_reload(void *context)
{
    struct app *app = context;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct coordinator_config *config = arena_zero(arena, 1, sizeof *config);
    struct problem problem = {.message = ""};
    int error = service_config_reread(&coordinator_config_table, app->file, app->config, arena,
                                      config, &problem);
    if (error == 0) {
        error = reload_parts(app, config, arena, &problem);
    }
    if (error != 0) {
        LOG(LOG_CONFIG_REFUSED, NULL, log_string("field", problem.field),
            log_string("reason", problem.message));
        return;
    }
    const struct tenants_settings tenants = coordinator_config_tenants(config, &app->limits);
    tenants_set(app->tenants, &tenants, &arena);
    LOG(LOG_CONFIG_RELOADED, NULL, log_string("config", app->file));
}

/* ------------------------------------------------------------------ running */

static void open_signals(struct app *app)
{
    app->leaving = loop_timer_create(app->loop, on_leaving, app);
    app->terminate = loop_signal_create(app->loop, SIGTERM, on_signal, app);
    app->interrupt = loop_signal_create(app->loop, SIGINT, on_signal, app);
    app->reload = loop_signal_create(app->loop, SIGHUP, on_reload, app);
}

int app_run(const char *file, const struct coordinator_config *config)
{
    struct app app = {.file = file, .config = config, .exit_code = EXIT_SUCCESS};
    log_open("hikyaku-coordinator", (enum log_level)config->service.log_level,
             (enum log_form)config->service.log_form);
    LOG(LOG_START, NULL, log_string("version", HIKYAKU_VERSION), log_string("config", file),
        log_string("name", config->service.name));
    coordinator_config_limits(config, &app.limits);
    app.arena = arena_create(0);
    if (config->threads > 0) {
        loop_set_pool_threads((unsigned int)config->threads);
    }
    app.loop = loop_create();
    app.windows = service_windows_create();
    struct problem problem = {.message = ""};
    if (app_open_all(&app, &problem) == 0) {
        open_signals(&app);
        loop_run(app.loop);
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
