#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/net/bus_server.h"
#include "common/policy/provider_table.h"
#include "common/security/key_directory.h"
#include "common/security/key_file.h"
#include "common/service/service_health.h"
#include "common/service/service_store.h"
#include "common/service/service_windows.h"
#include "coordinator/access/access.h"
#include "coordinator/allow_list.h"
#include "coordinator/api/api.h"
#include "coordinator/app_inside.h"
#include "coordinator/audit/audit.h"
#include "coordinator/catalog/catalog.h"
#include "coordinator/explain/explain.h"
#include "coordinator/fleet/fleet.h"
#include "coordinator/fleet/fleet_gauges.h"
#include "coordinator/fleet/fleet_reasons.h"
#include "coordinator/fleet/fleet_view.h"
#include "coordinator/recovery/recovery.h"
#include "coordinator/retention/retention.h"
#include "coordinator/suppression/suppression.h"
#include "coordinator/unsubscribe/unsubscribe.h"

#include <errno.h>
#include <stdio.h>

#define SECRET_BYTES_MAX 4096

/* ------------------------------------------------------------------ what the parts tell */

static void on_store_ready(void *context)
{
    struct app *app = context;
    LOG(LOG_READY, NULL, log_string("part", "store"));
    recovery_on_store_ready(app->recovery);
    fleet_on_store_ready(app->fleet);
    access_look(app->access);
}

static void on_store_lost(void *context)
{
    (void)context;
    LOG(LOG_NOT_READY, NULL, log_string("reason", "Redis is not reachable"));
}

static void on_store_wrong(void *context, const struct problem *problem)
{
    struct app *app = context;
    app_fail(app, problem->message);
}

static void on_session_lost(void *context)
{
    app_fail(context, "the session was taken over: this process was thought dead");
}

static void on_lapsed(void *context, const char *campaign_id, struct text tenant)
{
    const struct app *app = context;
    OWNED(buffer_finish) struct buffer target = {0};
    buffer_printf(&target, "campaign_id=%s", campaign_id);
    audit_write(app->audit,
                &(struct audit_entry){.at_unix_ms = clock_unix_ms(),
                                      .tenant = tenant,
                                      .call = TEXT("approval.lapsed"),
                                      .target = buffer_text(&target),
                                      .result = TEXT("ok")},
                NULL, NULL);
}

static const char *why_not_ready(void *context)
{
    const struct app *app = context;
    if (app->leaving_ms != 0) {
        return "leaving";
    }
    if (!store_is_ready(app->store)) {
        return store_why_not_ready(app->store);
    }
    if (recovery_is_closed(app->recovery)) {
        const char *note = recovery_note(app->recovery);
        return note != NULL ? note : "the mark of a restore is not read yet";
    }
    if (!access_is_read(app->access)) {
        return "principals and keys are not read yet";
    }
    return fleet_is_ready(app->fleet) ? NULL : "the session is not registered yet";
}

static const char *ready_note(void *context)
{
    const struct app *app = context;
    const char *note = recovery_note(app->recovery);
    return note != NULL ? note : service_store_note(&app->config->service);
}

static bool is_stopped(void *context)
{
    const struct app *app = context;
    return recovery_is_stopped(app->recovery);
}

static void fill_fleet(void *context, struct arena *arena, Hikyaku__V1__GetFleetResponse *response)
{
    const struct app *app = context;
    fleet_view_fill(app->fleet, arena, recovery_note(app->recovery), response);
}

static struct api_gate find_gate(void *context, const struct store_campaign *campaign,
                                 struct arena *arena)
{
    const struct app *app = context;
    struct fleet_view_why why = {.text = ""};
    enum gate gate = fleet_view_gate(app->fleet, campaign, arena, &why);
    return (struct api_gate){.gate = gate,
                             .until_unix_ms = why.until_unix_ms,
                             .why = why.text,
                             .is_idle = recovery_is_stopped(app->recovery)};
}

/* In the audit log, beside what was done with the key. */
static void on_alarm(void *context, const struct access_watch_alarm *alarm)
{
    const struct app *app = context;
    audit_write(app->audit,
                &(struct audit_entry){.at_unix_ms = store_now_unix_ms(app->store),
                                      .tenant = text_of(alarm->tenant),
                                      .principal = text_of(alarm->principal),
                                      .key_id = text_of(alarm->key_id),
                                      .source = text_of(alarm->source),
                                      .call = TEXT("audit.alarm"),
                                      .result = TEXT("alarm"),
                                      .rule = text_of(access_alarm_word(alarm->alarm))},
                NULL, NULL);
}

static void set_gauges(void *context)
{
    const struct app *app = context;
    fleet_gauges_set(app->fleet);
    api_set_gauges(app->api);
    suppression_set_gauges(app->suppression);
    if (app->unsubscribe != NULL) {
        unsubscribe_set_gauges(app->unsubscribe);
    }
    service_store_set_gauges(app->store);
}

/* ------------------------------------------------------------------ opening, top to bottom */

const struct limit_rule *app_open_limits(struct arena *arena,
                                         const struct coordinator_config *config)
{
    const struct coordinator_rate *rates = config->rates.items;
    struct limit_rule *limits = arena_zero(arena, config->rates.count, sizeof *limits);
    for (size_t i = 0; i < config->rates.count; i++) {
        limits[i] = (struct limit_rule){.kind = (enum limit_kind)rates[i].kind,
                                        .name = rates[i].name,
                                        .messages = rates[i].messages,
                                        .per_ms = rates[i].per_ms};
    }
    return limits;
}

static void open_tenants(struct app *app)
{
    const struct tenants_settings settings = coordinator_config_tenants(app->config, &app->limits);
    app->tenants = tenants_create();
    tenants_set(app->tenants, &settings, NULL);
}

static int open_keys(struct app *app, struct problem *problem)
{
    int error = identity_session(app->session);
    if (error != 0) {
        problem_set(problem, "", "random", "the system gives no random bytes");
        return error;
    }
    return key_directory_open(app->config->keys_directory, &app->keys, problem);
}

static int open_store(struct app *app, struct problem *problem)
{
    const struct store_callbacks callbacks = {.on_ready = on_store_ready,
                                              .on_lost = on_store_lost,
                                              .on_wrong = on_store_wrong,
                                              .context = app};
    return service_store_open(app->loop, &app->config->service, app->session, &callbacks,
                              &app->store, problem);
}

static enum catalog_fate fate_of(void *context, const char *session)
{
    const struct app *app = context;
    return app->fleet == NULL ? CATALOG_UNKNOWN : fleet_fate(app->fleet, session);
}

static void open_catalog(struct app *app)
{
    app->catalog = catalog_create(&(struct catalog_settings){
        .loop = app->loop,
        .store = app->store,
        .directory = app->keys,
        .limits = &app->limits,
        .find_provider = provider_table_find,
        .fate_of = fate_of,
        .fate_context = app,
    });
}

static int open_fleet_with(struct app *app, const struct bus_server_settings *server,
                           struct problem *problem)
{
    const struct coordinator_config *config = app->config;
    return fleet_open(
        &(struct fleet_settings){
            .loop = app->loop,
            .store = app->store,
            .catalog = app->catalog,
            .bus = app->bus,
            .windows = app->windows,
            .server = server,
            .session = app->session,
            .cluster = config->service.cluster,
            .name = config->service.name,
            .address = config->api.listen,
            .version = HIKYAKU_VERSION,
            .transactional_permille = (uint32_t)config->transactional_share,
            .breaker = {.least = (uint32_t)config->breaker.after,
                        .bounced_permille = (uint32_t)config->breaker.bounced_permille,
                        .unknown_permille = (uint32_t)config->breaker.unknown_permille,
                        .complained_permille = (uint32_t)config->breaker.complained_permille},
            .canary_deferred_permille = (uint32_t)config->breaker.canary_deferred_permille,
            .limits = app_open_limits(app->arena, config),
            .limit_count = config->rates.count,
            .on_session_lost = on_session_lost,
            .on_lapsed = on_lapsed,
            .is_stopped = is_stopped,
            .context = app,
        },
        &app->fleet, problem);
}

static int open_fleet(struct app *app, struct problem *problem)
{
    const struct coordinator_config *config = app->config;
    struct key_file_secret secret = {.data = NULL};
    struct bus_key_pair key;
    const char *const *admitted = NULL;
    int error = key_file_read(config->bus.key_file, SECRET_BYTES_MAX, &secret, problem);
    if (error == 0) {
        struct text text = {(const char *)secret.data, secret.size};
        error = bus_key_pair_of(text_trim(text), &key, problem);
        if (error != 0) {
            problem_prefix(problem, "bus.key_file");
        }
    }
    key_file_wipe(&secret);
    if (error == 0) {
        error = allow_list_read(config->bus.allow_file, app->arena, &admitted, problem);
    }
    if (error == 0) {
        app->bus = bus_create(app->loop);
        const struct bus_server_settings server = {
            .endpoint = arena_printf(app->arena, "tcp://%s", config->bus.listen),
            .key = &key,
            .admitted = admitted};
        error = open_fleet_with(app, &server, problem);
    }
    seal_wipe(&key, sizeof key);
    return error;
}

static bool drives(void *context, unsigned int partition)
{
    const struct app *app = context;
    return app->fleet != NULL && fleet_drives(app->fleet, partition);
}

static void open_recovery(struct app *app)
{
    app->recovery = recovery_create(&(struct recovery_settings){.loop = app->loop,
                                                                .store = app->store,
                                                                .tenants = app->tenants,
                                                                .drives = drives,
                                                                .context = app});
}

static void open_retention(struct app *app)
{
    const struct coordinator_config *config = app->config;
    const struct coordinator_retention *own = &config->retention;
    const struct coordinator_limits *limits = &config->limits;
    app->retention = retention_create(&(struct retention_settings){
        .loop = app->loop,
        .store = app->store,
        .catalog = app->catalog,
        .keys = app->keys,
        .tenants = app->tenants,
        .name = config->service.name,
        .archive = config->archive.directory,
        .times = {.events_ms = own->events_ms,
                  .event_bytes = own->event_bytes,
                  .rows_ms = own->rows_ms,
                  .content_ms = own->content_ms,
                  .drafts_ms = own->drafts_ms,
                  .stubs_ms = own->stubs_ms,
                  .archive_ms = config->archive.after_ms,
                  .life_ms = limits->campaign_schedule_days * DAY_MS +
                             limits->campaign_expires_max_ms + own->drafts_ms},
        .drives = drives,
        .is_stopped = is_stopped,
        .context = app,
    });
    retention_start(app->retention);
}

/* NULL-terminated, in the app's arena. */
static const char *const *list_of(struct app *app, const struct config_strings *strings)
{
    const char **list = arena_zero(app->arena, strings->count + 1, sizeof *list);
    for (size_t i = 0; i < strings->count; i++) {
        list[i] = strings->items[i];
    }
    return list;
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static int listen_api(struct app *app, struct problem *problem)
{
    const struct coordinator_config *config = app->config;
    int error = 0;
    if (or_empty(config->api.listen)[0] != '\0') {
        const struct api_listen tcp = {.endpoint = config->api.listen,
                                       .certificate_file = config->api.certificate_file,
                                       .key_file = config->api.key_file};
        error = api_listen(app->api, &tcp, problem);
    }
    if (error == 0 && config->api.socket != NULL) {
        const struct api_listen local = {
            .endpoint = arena_printf(app->arena, "unix:%s", config->api.socket)};
        error = api_listen(app->api, &local, problem);
    }
    return error;
}

static void open_suppression(struct app *app)
{
    app->suppression = suppression_create(&(struct suppression_settings){.loop = app->loop,
                                                                         .store = app->store,
                                                                         .catalog = app->catalog,
                                                                         .keys = app->keys,
                                                                         .tenants = app->tenants,
                                                                         .drives = drives,
                                                                         .context = app});
}

static int open_api(struct app *app, struct problem *problem)
{
    const struct coordinator_config *config = app->config;
    app->audit = audit_create(&(struct audit_settings){
        .loop = app->loop,
        .store = app->store,
        .session = app->session,
        .name = config->service.name,
        .directory = config->audit.directory,
    });
    app->access = access_create(&(struct access_settings){
        .loop = app->loop,
        .store = app->store,
        .tenants = app->tenants,
        .keys = app->keys,
        .on_alarm = on_alarm,
        .context = app,
    });
    app->explain = explain_create(&(struct explain_settings){.store = app->store,
                                                             .catalog = app->catalog,
                                                             .fleet = app->fleet,
                                                             .windows = app->windows});
    app->api = api_create(&(struct api_settings){
        .loop = app->loop,
        .store = app->store,
        .catalog = app->catalog,
        .keys = app->keys,
        .windows = app->windows,
        .recovery = app->recovery,
        .access = app->access,
        .explain = app->explain,
        .inquiries = fleet_reasons_inquiries(app->fleet),
        .audit = app->audit,
        .suppression = app->suppression,
        .limits = &app->limits,
        .tenants = app->tenants,
        .pools = list_of(app, &config->pools),
        .from_domains = list_of(app, &config->from_domains),
        .find_provider = provider_table_find,
        .fill_fleet = fill_fleet,
        .find_gate = find_gate,
        .fleet_context = app,
    });
    int error = access_read_file(app->access, config->api.bearer_key_file, problem);
    return error != 0 ? error : listen_api(app, problem);
}

static bool is_unsubscribe_closed(void *context)
{
    const struct app *app = context;
    return recovery_is_closed(app->recovery);
}

static int open_unsubscribe(struct app *app, struct problem *problem)
{
    const struct coordinator_config *config = app->config;
    if (config->unsubscribe.listen == NULL) {
        return 0;
    }
    return unsubscribe_open(
        &(struct unsubscribe_settings){
            .loop = app->loop,
            .store = app->store,
            .keys = app->keys,
            .suppression = app->suppression,
            .audit = app->audit,
            .endpoint = config->unsubscribe.listen,
            .certificate_file = config->unsubscribe.certificate_file,
            .key_file = config->unsubscribe.key_file,
            .is_behind_proxy = config->unsubscribe.is_behind_proxy,
            .connections = (unsigned int)config->unsubscribe.connections,
            .is_closed = is_unsubscribe_closed,
            .context = app,
        },
        &app->unsubscribe, problem);
}

static int open_health(struct app *app, struct problem *problem)
{
    return service_health_open(
        &(struct service_health_settings){.loop = app->loop,
                                          .endpoint = app->config->metrics_listen,
                                          .why_not_ready = why_not_ready,
                                          .note = ready_note,
                                          .set_gauges = set_gauges,
                                          .context = app},
        &app->health, problem);
}

int app_open_all(struct app *app, struct problem *problem)
{
    open_tenants(app);
    int error = open_keys(app, problem);
    if (error == 0) {
        error = open_store(app, problem);
    }
    if (error == 0) {
        open_recovery(app);
        open_catalog(app);
        error = open_fleet(app, problem);
    }
    if (error == 0) {
        open_retention(app);
        open_suppression(app);
    }
    if (error == 0) {
        error = open_api(app, problem);
    }
    if (error == 0) {
        error = open_unsubscribe(app, problem);
    }
    if (error == 0) {
        error = open_health(app, problem);
    }
    return error;
}
