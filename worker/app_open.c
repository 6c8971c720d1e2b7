#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/net/resolver.h"
#include "common/security/identity.h"
#include "common/store/store_fleet.h"
#include "common/wire/wire_unpack.h"
#include "common/service/service_health.h"
#include "common/service/service_orders.h"
#include "common/service/service_stops.h"
#include "common/service/service_store.h"
#include "common/service/service_windows.h"
#include "worker/app_inside.h"
#include "worker/claim/ip_leases.h"
#include "worker/claim/links.h"
#include "hikyaku/v1/store.pb-c.h"
#include "worker/mailroom.h"
#include "worker/reply_rules.h"
#include "worker/shadow_files.h"
#include "worker/watch/ip_watch.h"
#include "worker/worker_ips.h"
#include "worker/worker_keys.h"
#include "worker/worker_reload.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ------------------------------------------------------------------ coordinators */

static void on_message(void *context, uint64_t link, const Hikyaku__V1__FleetMessage *message)
{
    struct app *app = context;
    mailroom_on_message(app->mailroom, link, message);
}

static void fill_credit(void *context, size_t shares, Hikyaku__V1__Credit *credit,
                        struct arena *arena)
{
    struct app *app = context;
    mailroom_fill_credit(app->mailroom, shares, credit, arena);
}

static void send_to(void *context, uint64_t link, Hikyaku__V1__FleetMessage__BodyCase body_case,
                    ProtobufCMessage *body)
{
    struct app *app = context;
    links_send(app->links, link, body_case, body);
}

static void on_credit(void *context)
{
    struct app *app = context;
    links_credit_changed(app->links);
}

/* ------------------------------------------------------------------ store and leases */

static char *copy_string(struct app *app, const char *string)
{
    return arena_printf(app->arena, "%s", string);
}

static void register_session(struct app *app)
{
    Hikyaku__V1__StoredSession session = HIKYAKU__V1__STORED_SESSION__INIT;
    struct buffer packed = {.data = NULL};
    session.role = copy_string(app, "worker");
    session.name = copy_string(app, app->config->service.name);
    session.address = copy_string(app, app->config->metrics_listen);
    session.version = copy_string(app, HIKYAKU_VERSION);
    session.format_min = 1;
    session.format_max = 1;
    session.started_unix_ms = app->started_unix_ms;
    wire_unpack_append(&session.base, &packed);
    store_fleet_register(app->store, buffer_text(&packed), NULL, NULL);
    buffer_finish(&packed);
}

static void on_ip_change(void *context)
{
    struct app *app = context;
    links_credit_changed(app->links);
    mailroom_resume(app->mailroom);
}

/* T_stop. */
static bool may_send(void *context)
{
    const struct app *app = context;
    return app->keeper != NULL && store_keeper_may_send(app->keeper);
}

static bool holds(void *context, const struct sending_ip *ip)
{
    const struct app *app = context;
    return may_send(context) && app->ip_leases != NULL && ip_leases_holds(app->ip_leases, ip);
}

/* The session stands: IPs may be leased in its name. */
static void on_session_started(void *context)
{
    struct app *app = context;
    register_session(app);
    if (app->ip_leases != NULL) {
        return;
    }
    app->ip_leases = ip_leases_create(&(struct ip_leases_settings){.loop = app->loop,
                                                                   .store = app->store,
                                                                   .keeper = app->keeper,
                                                                   .ips = &app->ips,
                                                                   .on_change = on_ip_change,
                                                                   .context = app});
}

static void on_refused(void *context, const struct store_lease_name *name)
{
    struct app *app = context;
    if (name->kind == STORE_LEASE_SESSION) {
        LOG(LOG_SESSION_LOST, NULL, log_string("session", app->session));
        app->exit_code = EXIT_FAILURE;
        mailroom_lose(app->mailroom);
        app_leave(app, "the session was taken over: this process was thought dead");
    } else if (name->kind == STORE_LEASE_IP && app->ip_leases != NULL) {
        ip_leases_on_refused(app->ip_leases, name->name);
    }
}

static void on_notice(void *context, enum store_notice_kind kind, const unsigned char campaign[16])
{
    struct app *app = context;
    if (kind == STORE_NOTICE_STOPS) {
        service_stops_look(app->stops);
    } else if (kind == STORE_NOTICE_THROTTLES) {
        service_orders_look(app->orders);
    } else if (kind == STORE_NOTICE_CONTROL) {
        mailroom_on_notice(app->mailroom, campaign);
    }
}

static void on_stops(void *context)
{
    struct app *app = context;
    mailroom_on_stops(app->mailroom);
}

static void on_orders(void *context)
{
    struct app *app = context;
    mailroom_on_orders(app->mailroom);
}

static void on_store_ready(void *context)
{
    struct app *app = context;
    LOG(LOG_READY, NULL, log_string("part", "store"));
    service_stops_look(app->stops);
    if (app->keeper == NULL) {
        const struct store_keeper_callbacks callbacks = {
            .on_started = on_session_started, .on_refused = on_refused, .context = app};
        app->keeper = store_keeper_create(app->store, &callbacks);
        store_fleet_listen(app->store, on_notice, app);
    } else {
        register_session(app); /* Redis may have come back without it */
    }
    mailroom_resume(app->mailroom);
}

static void on_store_lost(void *context)
{
    (void)context;
    LOG(LOG_NOT_READY, NULL, log_string("reason", "Redis is not reachable"));
}

static void on_store_wrong(void *context, const struct problem *problem)
{
    app_fail(context, problem->message);
}

static const char *why_not_ready(void *context)
{
    struct app *app = context;
    if (app->leaving_ms != 0) {
        return "leaving";
    }
    if (!store_is_ready(app->store)) {
        return store_why_not_ready(app->store);
    }
    size_t owned = 0;
    for (size_t i = 0; i < app->ips.count; i++) {
        owned += app->ips.items[i].state == SENDING_IP_OWNED;
    }
    if (owned == 0) {
        return "NO_SENDING_IP: no address is leased";
    }
    return links_welcomed(app->links) > 0 ? NULL : "no coordinator is reached";
}

static void set_gauges(void *context)
{
    struct app *app = context;
    mailroom_set_gauges(app->mailroom);
    service_store_set_gauges(app->store);
    metrics_set(metrics_gauge("hikyaku_worker_coordinators", "Coordinators that know this worker.",
                              NULL, TEXT("")),
                (int64_t)links_welcomed(app->links));
}

/* ------------------------------------------------------------------ opening, top to bottom */

static int open_keys(struct app *app, struct problem *problem)
{
    int error = identity_session(app->session);
    return error != 0 ? error
                      : worker_keys_read(app->config, &app->bus_key, app->server_key, problem);
}

static int open_dkim(struct app *app, struct problem *problem)
{
    const struct worker_config *config = app->config;
    if (!config->dkim.signs) {
        LOG(LOG_DKIM_UNSIGNED, NULL, log_string("setting", "dkim.sign"));
        return 0;
    }
    const struct worker_config_selector *selectors = config->dkim.selectors.items;
    size_t count = config->dkim.selectors.count;
    struct dkim_keys_choice *choices = arena_zero(app->arena, count + 1, sizeof *choices);
    for (size_t i = 0; i < count; i++) {
        choices[i] = (struct dkim_keys_choice){selectors[i].domain, selectors[i].selector,
                                               selectors[i].ed25519_selector};
    }
    const struct dkim_keys_settings settings = {
        .directory = config->dkim.directory,
        .choices = choices,
        .choice_count = count,
        .is_double = config->dkim.is_double,
        .body_form = (enum dkim_canon_form)config->dkim.body,
    };
    return dkim_keys_load(&settings, &app->dkim_keys, problem);
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

/* NULL-terminated, in the app's arena; NULL when there is none. */
static const char *const *list_of(struct app *app, const struct config_strings *strings)
{
    const char **list = arena_zero(app->arena, strings->count + 1, sizeof *list);
    for (size_t i = 0; i < strings->count; i++) {
        list[i] = strings->items[i];
    }
    return strings->count > 0 ? list : NULL;
}

static int open_dns(struct app *app, struct problem *problem)
{
    const struct worker_config *config = app->config;
    const struct resolver_settings settings = {
        .forwarders = list_of(app, &config->dns.forwarders),
        .local_data = list_of(app, &config->dns.local_data),
        .open_zones = list_of(app, &config->dns.open_zones),
        .timeout_ms = config->dns.timeout_ms,
    };
    return resolver_create(app->loop, &settings, &app->resolver, problem);
}

static void open_watch(struct app *app)
{
    app->ip_watch = ip_watch_create(
        &(struct ip_watch_settings){.loop = app->loop,
                                    .resolver = app->resolver,
                                    .ips = &app->ips,
                                    .lists = app->config->watch.block_lists.items,
                                    .list_count = app->config->watch.block_lists.count,
                                    .interval_ms = app->config->watch.interval_ms});
}

unsigned int app_open_thread_count(const struct app *app)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return app->config->threads > 0 ? (unsigned int)app->config->threads
                                    : (unsigned int)(cores > 0 ? cores : 1);
}

static int open_mailroom(struct app *app, struct problem *problem)
{
    struct shadow_rules shadow = {.classify = NULL};
    app->counters = counters_create(app->loop);
    app->windows = service_windows_create();
    int error = worker_reload_check_zone(app->windows, app->config, problem);
    error = error != 0 ? error : shadow_files_read(app->config, &shadow, problem);
    if (error != 0) {
        return error;
    }
    app->stops = service_stops_create(&(struct service_stops_settings){
        .loop = app->loop, .store = app->store, .on_change = on_stops, .context = app});
    app->orders = service_orders_create(&(struct service_orders_settings){
        .loop = app->loop, .store = app->store, .on_change = on_orders, .context = app});
    return mailroom_create(&(struct mailroom_settings){.config = app->config,
                                                       .loop = app->loop,
                                                       .store = app->store,
                                                       .session = app->session,
                                                       .resolver = app->resolver,
                                                       .ips = &app->ips,
                                                       .dkim_keys = app->dkim_keys,
                                                       .counters = app->counters,
                                                       .stops = app->stops,
                                                       .orders = app->orders,
                                                       .classify = app->classify,
                                                       .shadow = &shadow,
                                                       .windows = app->windows,
                                                       .threads = app_open_thread_count(app),
                                                       .may_send = may_send,
                                                       .holds = holds,
                                                       .send = send_to,
                                                       .on_credit = on_credit,
                                                       .context = app},
                           &app->mailroom, problem);
}

static int open_links(struct app *app, struct problem *problem)
{
    app->bus = bus_create(app->loop);
    struct links_settings settings = {
        .loop = app->loop,
        .bus = app->bus,
        .resolver = app->resolver,
        .coordinators = app->config->coordinators.items,
        .coordinator_count = app->config->coordinators.count,
        .key = &app->bus_key,
        .server_key = app->server_key,
        .name = app->config->service.name,
        .version = HIKYAKU_VERSION,
        .fill_credit = fill_credit,
        .on_message = on_message,
        .context = app,
    };
    int error = bytes_from_hex(text_of(app->session), settings.session, sizeof settings.session);
    return error != 0 ? error : links_create(&settings, &app->links, problem);
}

static const char *ready_note(void *context)
{
    const struct app *app = context;
    return service_store_note(&app->config->service);
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
    int error = open_keys(app, problem);
    error =
        error != 0 ? error : reply_rules_read(app->config->reply_rules, &app->classify, problem);
    error = error != 0 ? error : worker_ips_read(app->config, &app->ips, problem);
    error = error != 0 ? error : open_dkim(app, problem);
    error = error != 0 ? error : open_store(app, problem);
    error = error != 0 ? error : open_dns(app, problem);
    error = error != 0 ? error : open_mailroom(app, problem);
    error = error != 0 ? error : open_links(app, problem);
    if (error == 0) {
        open_watch(app);
    }
    return error != 0 ? error : open_health(app, problem);
}
