#include "coordinator/fleet/fleet_inside.h"

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/wire/wire_unpack.h"

#include <stdlib.h>
#include <string.h>

/* What sessions tell. */

static void on_registry(void *context, unsigned int coordinators)
{
    struct fleet *fleet = context;
    if (fleet->partitions != NULL) {
        partitions_set_coordinators(fleet->partitions, coordinators);
    }
}

static void on_life(void *context)
{
    struct fleet *fleet = context;
    driver_on_life(fleet->driver);
}

/* What the keeper and the partitions tell. */

static void on_gained(void *context, unsigned int partition)
{
    struct fleet *fleet = context;
    driver_gain(fleet->driver, partition);
}

static bool is_dead(void *context, const char *session)
{
    const struct fleet *fleet = context;
    return sessions_ask(fleet->sessions, session) == SESSION_DEAD;
}

static void on_lost(void *context, unsigned int partition)
{
    struct fleet *fleet = context;
    driver_lose(fleet->driver, partition);
}

static void register_session(struct fleet *fleet)
{
    static char role[] = "coordinator";
    const struct fleet_settings *settings = &fleet->settings;
    char *name = xalloc_string(settings->name);
    char *address = xalloc_string(settings->address);
    char *version = xalloc_string(settings->version);
    Hikyaku__V1__StoredSession session = HIKYAKU__V1__STORED_SESSION__INIT;
    session.role = role;
    session.name = name;
    session.address = address;
    session.version = version;
    session.format_min = 1;
    session.format_max = 1;
    session.started_unix_ms = fleet->started_unix_ms;
    struct buffer packed = {.data = NULL};
    wire_unpack_append(&session.base, &packed);
    store_fleet_register(settings->store, buffer_text(&packed), NULL, NULL);
    buffer_finish(&packed);
    free(name);
    free(address);
    free(version);
}

static void on_started(void *context)
{
    struct fleet *fleet = context;
    if (fleet->is_registered || fleet->is_leaving) {
        return;
    }
    fleet->is_registered = true;
    register_session(fleet);
    sessions_start(fleet->sessions);
    partitions_start(fleet->partitions);
    driver_start(fleet->driver);
}

static void on_refused(void *context, const struct store_lease_name *name)
{
    struct fleet *fleet = context;
    if (name->kind == STORE_LEASE_PARTITION) {
        partitions_on_refused(fleet->partitions, name->partition);
    } else if (name->kind == STORE_LEASE_SESSION && !fleet->is_leaving) {
        fleet->is_registered = false;
        fleet->settings.on_session_lost(fleet->settings.context);
    }
}

/* What the driver tells. */

static void on_waiting(void *context)
{
    struct fleet *fleet = context;
    offers_kick(fleet->offers);
}

static void on_suspect(void *context, const struct suspect *suspect)
{
    struct fleet *fleet = context;
    suspect_offers_see(fleet->suspects, suspect);
}

static bool is_heard(void *context, const char *session)
{
    const struct fleet *fleet = context;
    unsigned char bytes[BUS_PEER_BYTES];
    if (bytes_from_hex(text_of(session), bytes, sizeof bytes) != 0) {
        return false;
    }
    const struct worker *worker = workers_find(fleet->workers, bytes);
    return worker != NULL && workers_silent_ms(fleet->workers, worker) < WORKERS_FRESH_MS;
}

static void on_word(void *context, const unsigned char campaign[16], uint8_t word)
{
    struct fleet *fleet = context;
    unsigned char id[16];
    memcpy(id, campaign, sizeof id);
    Hikyaku__V1__Control control = HIKYAKU__V1__CONTROL__INIT;
    control.campaign_id = (ProtobufCBinaryData){sizeof id, id};
    control.word = word;
    workers_send_all(fleet->workers, HIKYAKU__V1__FLEET_MESSAGE__BODY_CONTROL, &control.base);
}

static void on_lapsed(void *context, const char *campaign_id, struct text tenant)
{
    const struct fleet *fleet = context;
    fleet->settings.on_lapsed(fleet->settings.context, campaign_id, tenant);
}

static struct worker *worker_of(const struct fleet *fleet, const char *session)
{
    unsigned char peer[BUS_PEER_BYTES];
    if (bytes_from_hex(text_of(session), peer, sizeof peer) != 0) {
        return NULL;
    }
    return workers_find(fleet->workers, peer);
}

static struct claim_watch_report report_of(void *context, const char *session, struct text claim)
{
    struct worker *worker = worker_of(context, session);
    struct claim_watch_report report = {.number = 0};
    if (worker != NULL) {
        report.number = workers_status_of(worker, claim, &report.is_listed);
    }
    return report;
}

static void on_unknown(void *context, const char *session, const struct driver_unknown *unknown)
{
    struct fleet *fleet = context;
    struct worker *worker = worker_of(fleet, session);
    if (worker == NULL) {
        return;
    }
    unsigned char id[16];
    memcpy(id, unknown->name.campaign, sizeof id);
    char *tenant = xalloc_string(unknown->tenant);
    Hikyaku__V1__ReturnClaim message = HIKYAKU__V1__RETURN_CLAIM__INIT;
    message.campaign_id = (ProtobufCBinaryData){sizeof id, id};
    message.batch = unknown->name.number;
    message.epoch = unknown->epoch;
    message.tenant = tenant;
    workers_send(fleet->workers, worker, HIKYAKU__V1__FLEET_MESSAGE__BODY_RETURN_CLAIM,
                 &message.base);
    free(tenant);
}

static bool is_stopped(void *context)
{
    const struct fleet *fleet = context;
    return fleet->settings.is_stopped(fleet->settings.context);
}

static void on_notice(void *context, enum store_notice_kind kind, const unsigned char campaign[16])
{
    struct fleet *fleet = context;
    if (kind == STORE_NOTICE_STOPS) {
        service_stops_look(fleet->stops);
        return;
    }
    driver_on_notice(fleet->driver, kind, campaign);
}

static void on_stops(void *context)
{
    struct fleet *fleet = context;
    driver_on_stops(fleet->driver);
}

/* What workers tell. */

static void on_credit(void *context, struct worker *worker, const Hikyaku__V1__Credit *credit)
{
    struct fleet *fleet = context;
    offers_on_credit(fleet->offers, worker, credit);
}

static void on_result(void *context, struct worker *worker, const Hikyaku__V1__OfferResult *result)
{
    struct fleet *fleet = context;
    offers_on_result(fleet->offers, worker, result);
    suspect_offers_on_result(fleet->suspects, result);
}

static void on_need_content(void *context, struct worker *worker, const unsigned char campaign[16])
{
    struct fleet *fleet = context;
    offers_on_need_content(fleet->offers, worker, campaign);
}

static void on_progress(void *context, const Hikyaku__V1__Progress *progress)
{
    struct fleet *fleet = context;
    struct tokens_batch batch = {.number = progress->batch};
    memcpy(batch.campaign, progress->campaign_id.data, sizeof batch.campaign);
    tokens_progress(fleet->tokens, &batch,
                    progress->delivered + progress->deferred + progress->bounced + progress->other,
                    progress->finished);
    if (progress->finished) {
        suspect_offers_on_finished(fleet->suspects, progress->campaign_id.data, progress->batch);
        driver_refresh(fleet->driver, progress->campaign_id.data);
    }
}

static void on_inquiry_answer(void *context, struct worker *worker,
                              const Hikyaku__V1__InquiryAnswer *answer)
{
    struct fleet *fleet = context;
    inquiries_on_answer(fleet->inquiries, worker, answer);
}

static void on_leave(void *context, struct worker *worker, bool is_gone)
{
    struct fleet *fleet = context;
    offers_on_leave(fleet->offers, worker, is_gone);
}

static int open_workers(struct fleet *fleet, struct problem *problem)
{
    const struct workers_settings settings = {.loop = fleet->settings.loop,
                                              .bus = fleet->settings.bus,
                                              .session = fleet->settings.session,
                                              .name = fleet->settings.name,
                                              .server = fleet->settings.server,
                                              .callbacks = {.on_credit = on_credit,
                                                            .on_result = on_result,
                                                            .on_need_content = on_need_content,
                                                            .on_progress = on_progress,
                                                            .on_inquiry_answer = on_inquiry_answer,
                                                            .on_leave = on_leave,
                                                            .context = fleet}};
    return workers_open(&settings, &fleet->workers, problem);
}

int fleet_open(const struct fleet_settings *settings, struct fleet **ret_fleet,
               struct problem *problem)
{
    struct fleet *fleet = xalloc_zero(1, sizeof *fleet);
    fleet->settings = *settings;
    fleet->started_unix_ms = clock_unix_ms();
    int error = open_workers(fleet, problem);
    if (error != 0) {
        free(fleet);
        return error;
    }
    fleet->settings.server = NULL;
    fleet->inquiries = inquiries_create(settings->loop, fleet->workers);
    fleet->ready = ready_create(
        &(struct ready_settings){.transactional_permille = settings->transactional_permille});
    fleet->sessions = sessions_create(&(struct sessions_settings){.loop = settings->loop,
                                                                  .store = settings->store,
                                                                  .own = settings->session,
                                                                  .on_registry = on_registry,
                                                                  .on_life = on_life,
                                                                  .context = fleet});
    fleet->stops = service_stops_create(&(struct service_stops_settings){
        .loop = settings->loop, .store = settings->store, .on_change = on_stops, .context = fleet});
    fleet->driver = driver_create(
        &(struct driver_settings){.loop = settings->loop,
                                  .store = settings->store,
                                  .catalog = settings->catalog,
                                  .ready = fleet->ready,
                                  .sessions = fleet->sessions,
                                  .stops = fleet->stops,
                                  .windows = settings->windows,
                                  .breaker = settings->breaker,
                                  .canary_deferred_permille = settings->canary_deferred_permille,
                                  .on_waiting = on_waiting,
                                  .on_suspect = on_suspect,
                                  .is_heard = is_heard,
                                  .on_word = on_word,
                                  .on_lapsed = on_lapsed,
                                  .report_of = report_of,
                                  .on_unknown = on_unknown,
                                  .is_stopped = is_stopped,
                                  .context = fleet});
    fleet->tokens = tokens_create(
        &(struct tokens_settings){.loop = settings->loop,
                                  .store = settings->store,
                                  .share_permille = settings->transactional_permille});
    tokens_set_rules(fleet->tokens, settings->limits, settings->limit_count);
    fleet->offers = offers_create(&(struct offers_settings){.loop = settings->loop,
                                                            .store = settings->store,
                                                            .catalog = settings->catalog,
                                                            .ready = fleet->ready,
                                                            .tokens = fleet->tokens});
    offers_connect(fleet->offers, fleet->driver, fleet->workers);
    fleet->suspects =
        suspect_offers_create(&(struct suspect_offers_settings){.loop = settings->loop,
                                                                .store = settings->store,
                                                                .session = settings->session,
                                                                .sessions = fleet->sessions,
                                                                .workers = fleet->workers,
                                                                .offers = fleet->offers});
    store_fleet_listen(settings->store, on_notice, fleet);
    *ret_fleet = fleet;
    return 0;
}

void fleet_close(struct fleet **fleet)
{
    if (*fleet == NULL) {
        return;
    }
    inquiries_destroy(&(*fleet)->inquiries);
    workers_close(&(*fleet)->workers);
    suspect_offers_destroy(&(*fleet)->suspects);
    offers_destroy(&(*fleet)->offers);
    tokens_destroy(&(*fleet)->tokens);
    driver_destroy(&(*fleet)->driver);
    service_stops_destroy(&(*fleet)->stops);
    partitions_destroy(&(*fleet)->partitions);
    sessions_destroy(&(*fleet)->sessions);
    ready_destroy(&(*fleet)->ready);
    free(*fleet);
    *fleet = NULL;
}

void fleet_on_store_ready(struct fleet *fleet)
{
    if (fleet->is_leaving) {
        return;
    }
    service_stops_look(fleet->stops);
    if (fleet->keeper != NULL) {
        /* Redis may have come back without it. */
        register_session(fleet);
        return;
    }
    const struct store_keeper_callbacks callbacks = {
        .on_started = on_started, .on_refused = on_refused, .context = fleet};
    fleet->keeper = store_keeper_create(fleet->settings.store, &callbacks);
    fleet->partitions =
        partitions_create(&(struct partitions_settings){.loop = fleet->settings.loop,
                                                        .store = fleet->settings.store,
                                                        .keeper = fleet->keeper,
                                                        .session = fleet->settings.session,
                                                        .is_dead = is_dead,
                                                        .on_gained = on_gained,
                                                        .on_lost = on_lost,
                                                        .context = fleet});
}

static void on_released(void *context, int error, uint64_t epoch)
{
    (void)error;
    (void)epoch;
    struct fleet *fleet = context;
    fleet->has_left = true;
}

/* The lease of the session goes last: while it stands, others leave what is ours alone. */
static void on_own_lease(void *context, int error, const struct lease_beat *beat, uint64_t took_ms)
{
    (void)took_ms;
    struct fleet *fleet = context;
    const struct store_lease_name name = {.kind = STORE_LEASE_SESSION,
                                          .name = fleet->settings.session};
    if (error != 0) {
        fleet->has_left = true;
        return;
    }
    store_lease_release(fleet->settings.store, &name, beat->epoch, on_released, fleet);
}

void fleet_leave(struct fleet *fleet)
{
    fleet->is_leaving = true;
    offers_stop(fleet->offers);
    suspect_offers_stop(fleet->suspects);
    driver_stop(fleet->driver);
    sessions_stop(fleet->sessions);
    if (fleet->partitions != NULL) {
        partitions_stop(fleet->partitions);
        store_fleet_remove(fleet->settings.store, fleet->settings.session, NULL, NULL);
    }
    store_keeper_destroy(&fleet->keeper);
    if (!fleet->is_registered) {
        fleet->has_left = true;
        return;
    }
    const struct store_lease_name name = {.kind = STORE_LEASE_SESSION,
                                          .name = fleet->settings.session};
    store_lease_read(fleet->settings.store, &name, on_own_lease, fleet);
}

bool fleet_has_left(const struct fleet *fleet)
{
    return fleet->has_left;
}

void fleet_set_limits(struct fleet *fleet, const struct limit_rule *limits, size_t count)
{
    tokens_set_rules(fleet->tokens, limits, count);
}

void fleet_admit(struct fleet *fleet, const char *const *admitted)
{
    workers_admit(fleet->workers, admitted);
}

bool fleet_is_ready(const struct fleet *fleet)
{
    return fleet->is_registered && !fleet->is_leaving;
}

bool fleet_drives(const struct fleet *fleet, unsigned int partition)
{
    return fleet->partitions != NULL && partitions_holds(fleet->partitions, partition);
}

const char *fleet_endpoint(const struct fleet *fleet)
{
    return workers_endpoint(fleet->workers);
}

enum catalog_fate fleet_fate(const struct fleet *fleet, const char *session)
{
    if (sessions_ask(fleet->sessions, session) != SESSION_DEAD) {
        return CATALOG_UNKNOWN;
    }
    return sessions_has_left(fleet->sessions, session) ? CATALOG_LEFT : CATALOG_DIED;
}
