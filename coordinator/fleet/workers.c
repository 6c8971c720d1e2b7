#include "coordinator/fleet/workers.h"

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "common/net/loop.h"
#include "common/wire/wire_fleet.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/fleet/worker_outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 1000
/* How soon a full queue is tried again. */
#define DRAIN_MS 2
/* One that is away is shown for so long. */
#define AWAY_SHOWN_MS (5 * 60 * 1000)
/* Campaigns whose content a worker is known to have; beyond it is sent anew. */
#define CONTENTS_MAX 4096
/* A status names no more claims than so. */
#define STATUS_CLAIMS_MAX 1000
#define FRAME_ARENA_BYTES ((size_t)32 * 1024 * 1024)

struct worker {
    unsigned char session[BUS_PEER_BYTES];
    char session_text[2 * BUS_PEER_BYTES + 1];
    char *name;
    char *version;
    int64_t started_unix_ms;
    uint64_t heard_ms;
    uint64_t away_ms; /* since when */
    bool is_away;
    bool is_leaving;
    struct arena *credit_arena; /* holds `credit` */
    const Hikyaku__V1__Credit *credit;
    uint64_t statuses;      /* that came */
    uint64_t named_status;  /* the one that `named` is made of */
    struct table *named;    /* claims of it; NULL: nobody has asked yet */
    struct table *contents; /* by campaign id; the value is the worker itself */
    struct worker_outbox *outbox;
};

struct workers {
    struct workers_settings settings;
    struct bus_server *server;
    struct table *table; /* by session */
    struct arena *arena; /* of one frame */
    struct buffer frame; /* of one frame going out */
    struct loop_timer *timer;
    struct loop_timer *drain; /* while an outbox holds frames */
};

static struct text session_key(const unsigned char session[BUS_PEER_BYTES])
{
    return (struct text){(const char *)session, BUS_PEER_BYTES};
}

static void free_worker(struct worker *worker)
{
    free(worker->name);
    free(worker->version);
    arena_destroy(&worker->credit_arena);
    table_destroy(&worker->contents);
    table_destroy(&worker->named);
    worker_outbox_destroy(&worker->outbox);
    free(worker);
}

static void set_away(struct workers *workers, struct worker *worker)
{
    if (worker->is_away) {
        return;
    }
    LOG(LOG_WORKER_AWAY, NULL, log_string("worker", worker->name),
        log_string("session", worker->session_text));
    worker->is_away = true;
    worker->away_ms = loop_now_ms(workers->settings.loop);
    worker_outbox_clear(worker->outbox);
    table_destroy(&worker->contents);
    worker->contents = table_create();
    workers->settings.callbacks.on_leave(workers->settings.callbacks.context, worker, true);
}

/* One that cannot be reached is away. @return false: it is full, try later */
static bool send_now(struct workers *workers, struct worker *worker, struct text frame)
{
    int error = bus_server_send(workers->server, worker->session, frame);
    if (error == -EAGAIN) {
        if (!loop_timer_is_active(workers->drain)) {
            loop_timer_start(workers->drain, DRAIN_MS, 0);
        }
        return false;
    }
    if (error != 0) {
        set_away(workers, worker);
    }
    return true;
}

static void flush(struct workers *workers, struct worker *worker)
{
    struct text frame;
    while (worker_outbox_first(worker->outbox, &frame) && send_now(workers, worker, frame)) {
        if (!worker->is_away) { /* else it was emptied */
            worker_outbox_drop_first(worker->outbox);
        }
    }
}

static void on_drain(void *context)
{
    struct workers *workers = context;
    struct table_walk walk;
    struct worker *worker = table_first(workers->table, &walk);
    for (; worker != NULL; worker = table_next(&walk)) {
        flush(workers, worker);
    }
}

static void send_frame(struct workers *workers, struct worker *worker)
{
    if (worker->is_away) {
        return;
    }
    struct text frame = buffer_text(&workers->frame);
    struct text first;
    if (!worker_outbox_first(worker->outbox, &first) && send_now(workers, worker, frame)) {
        return;
    }
    if (!worker_outbox_add(worker->outbox, frame)) {
        set_away(workers, worker); /* it takes nothing off the bus */
    }
}

void workers_send(struct workers *workers, struct worker *worker,
                  Hikyaku__V1__FleetMessage__BodyCase body_case, ProtobufCMessage *body)
{
    buffer_clear(&workers->frame);
    wire_fleet_append(body_case, body, &workers->frame);
    send_frame(workers, worker);
}

void workers_send_all(struct workers *workers, Hikyaku__V1__FleetMessage__BodyCase body_case,
                      ProtobufCMessage *body)
{
    buffer_clear(&workers->frame);
    wire_fleet_append(body_case, body, &workers->frame);
    struct table_walk walk;
    struct worker *worker = table_first(workers->table, &walk);
    for (; worker != NULL; worker = table_next(&walk)) {
        send_frame(workers, worker);
    }
}

/* To a peer that is not, or not any more, among the workers: an answer that may get lost. */
static void refuse(struct workers *workers, const unsigned char peer[BUS_PEER_BYTES], char *reason)
{
    Hikyaku__V1__Refused refused = HIKYAKU__V1__REFUSED__INIT;
    refused.reason = reason;
    buffer_clear(&workers->frame);
    wire_fleet_append(HIKYAKU__V1__FLEET_MESSAGE__BODY_REFUSED, &refused.base, &workers->frame);
    int error = bus_server_send(workers->server, peer, buffer_text(&workers->frame));
    LOG(LOG_WORKER_REFUSED, NULL, log_string("reason", reason), log_number("error", error));
}

/* The session must be the routing id: nobody speaks for another. */
static bool is_own_session(const Hikyaku__V1__Hello *hello,
                           const unsigned char peer[BUS_PEER_BYTES])
{
    struct text given = {(const char *)hello->session.data, hello->session.len};
    unsigned char bytes[BUS_PEER_BYTES];
    if (given.size == BUS_PEER_BYTES) {
        return memcmp(given.data, peer, BUS_PEER_BYTES) == 0;
    }
    return bytes_from_hex(given, bytes, sizeof bytes) == 0 &&
           memcmp(bytes, peer, BUS_PEER_BYTES) == 0;
}

static struct worker *obtain(struct workers *workers, const unsigned char peer[BUS_PEER_BYTES])
{
    struct worker *worker = table_get(workers->table, session_key(peer));
    if (worker != NULL) {
        return worker;
    }
    worker = xalloc_zero(1, sizeof *worker);
    memcpy(worker->session, peer, sizeof worker->session);
    bytes_to_hex(peer, BUS_PEER_BYTES, worker->session_text);
    worker->credit_arena = arena_create(0);
    worker->contents = table_create();
    worker->outbox = worker_outbox_create();
    (void)table_put(workers->table, session_key(peer), worker);
    return worker;
}

static void welcome(struct workers *workers, struct worker *worker)
{
    unsigned char session[BUS_PEER_BYTES];
    if (bytes_from_hex(text_of(workers->settings.session), session, sizeof session) != 0) {
        return;
    }
    Hikyaku__V1__Welcome message = HIKYAKU__V1__WELCOME__INIT;
    message.protocol = WORKERS_PROTOCOL;
    message.session = (ProtobufCBinaryData){.data = session, .len = sizeof session};
    char *name = xalloc_string(workers->settings.name);
    message.name = name;
    workers_send(workers, worker, HIKYAKU__V1__FLEET_MESSAGE__BODY_WELCOME, &message.base);
    free(name);
}

static void on_hello(struct workers *workers, const unsigned char peer[BUS_PEER_BYTES],
                     const Hikyaku__V1__Hello *hello)
{
    static char other_protocol[] = "no version of the protocol in common";
    static char other_session[] = "the session is not the routing id";
    static char too_many[] = "too many workers";
    if (hello->protocol_min > WORKERS_PROTOCOL || hello->protocol_max < WORKERS_PROTOCOL) {
        refuse(workers, peer, other_protocol);
        return;
    }
    if (!is_own_session(hello, peer)) {
        refuse(workers, peer, other_session);
        return;
    }
    bool is_known = table_get(workers->table, session_key(peer)) != NULL;
    if (!is_known && table_count(workers->table) >= WORKERS_MAX) {
        refuse(workers, peer, too_many);
        return;
    }
    struct worker *worker = obtain(workers, peer);
    free(worker->name);
    free(worker->version);
    worker->name = xalloc_string(hello->name);
    worker->version = xalloc_string(hello->version);
    worker->started_unix_ms = hello->started_unix_ms;
    worker->heard_ms = loop_now_ms(workers->settings.loop);
    worker->is_away = false;
    worker->is_leaving = false;
    /* It may be a new connection: what the old one was sent may be lost. */
    table_destroy(&worker->contents);
    worker->contents = table_create();
    LOG(LOG_WORKER_WELCOME, NULL, log_string("worker", worker->name),
        log_string("session", worker->session_text), log_string("version", worker->version));
    welcome(workers, worker);
}

static void on_credit(struct workers *workers, struct worker *worker,
                      const Hikyaku__V1__Credit *credit)
{
    arena_reset(worker->credit_arena);
    ProtobufCMessage *copy = wire_unpack_copy(&credit->base, worker->credit_arena);
    worker->credit = (const Hikyaku__V1__Credit *)(const void *)copy;
    worker->statuses += worker->credit->status != NULL ? 1 : 0;
    if (!worker->is_leaving) {
        workers->settings.callbacks.on_credit(workers->settings.callbacks.context, worker, credit);
    }
}

static void on_body(struct workers *workers, struct worker *worker,
                    const Hikyaku__V1__FleetMessage *message)
{
    const struct workers_callbacks *callbacks = &workers->settings.callbacks;
    void *context = callbacks->context;
    if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_CREDIT) {
        on_credit(workers, worker, message->credit);
    } else if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER_RESULT) {
        callbacks->on_result(context, worker, message->offer_result);
    } else if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_NEED_CONTENT) {
        const unsigned char *campaign = message->need_content->campaign_id.data;
        workers_set_content(worker, campaign, false);
        callbacks->on_need_content(context, worker, campaign);
    } else if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_PROGRESS) {
        callbacks->on_progress(context, message->progress);
    } else if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_INQUIRY_ANSWER) {
        callbacks->on_inquiry_answer(context, worker, message->inquiry_answer);
    } else if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_LEAVING) {
        worker->is_leaving = true;
        callbacks->on_leave(context, worker, false);
    }
    /* What only a coordinator says is no business of ours. */
}

static void on_frame(void *context, const unsigned char peer[BUS_PEER_BYTES], struct text frame)
{
    static char hello_first[] = "hello_first";
    struct workers *workers = context;
    arena_reset(workers->arena);
    Hikyaku__V1__FleetMessage *message = NULL;
    struct problem problem;
    if (wire_fleet_read(frame, workers->arena, &message, &problem) != 0) {
        LOG(LOG_FRAME_REFUSED, NULL, log_string("field", problem.field),
            log_string("rule", problem.rule));
        return;
    }
    if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_HELLO) {
        on_hello(workers, peer, message->hello);
        return;
    }
    struct worker *worker = table_get(workers->table, session_key(peer));
    if (worker == NULL) {
        /* It spoke to a coordinator that lived here before. */
        refuse(workers, peer, hello_first);
        return;
    }
    worker->is_away = false; /* silent for long, but there */
    worker->heard_ms = loop_now_ms(workers->settings.loop);
    on_body(workers, worker, message);
}

static void on_timer(void *context)
{
    struct workers *workers = context;
    uint64_t now_ms = loop_now_ms(workers->settings.loop);
    struct table_walk walk;
    struct worker *worker = table_first(workers->table, &walk);
    for (; worker != NULL; worker = table_next(&walk)) {
        if (!worker->is_away && now_ms - worker->heard_ms >= WORKERS_SILENCE_MS) {
            set_away(workers, worker);
        }
        if (worker->is_away && now_ms - worker->away_ms >= AWAY_SHOWN_MS) {
            (void)table_remove(workers->table, session_key(worker->session));
            free_worker(worker);
        }
    }
}

int workers_open(const struct workers_settings *settings, struct workers **ret_workers,
                 struct problem *problem)
{
    struct workers *workers = xalloc_zero(1, sizeof *workers);
    workers->settings = *settings;
    workers->settings.server = NULL;
    struct bus_server_settings server = *settings->server;
    server.on_frame = on_frame;
    server.context = workers;
    int error = bus_server_open(settings->bus, &server, &workers->server, problem);
    if (error != 0) {
        free(workers);
        return error;
    }
    workers->table = table_create();
    workers->arena = arena_create(FRAME_ARENA_BYTES);
    workers->timer = loop_timer_create(settings->loop, on_timer, workers);
    workers->drain = loop_timer_create(settings->loop, on_drain, workers);
    loop_timer_start(workers->timer, TICK_MS, TICK_MS);
    *ret_workers = workers;
    return 0;
}

void workers_close(struct workers **workers)
{
    if (*workers == NULL) {
        return;
    }
    bus_server_close(&(*workers)->server);
    struct table_walk walk;
    struct worker *worker = table_first((*workers)->table, &walk);
    for (; worker != NULL; worker = table_next(&walk)) {
        free_worker(worker);
    }
    table_destroy(&(*workers)->table);
    arena_destroy(&(*workers)->arena);
    buffer_finish(&(*workers)->frame);
    loop_timer_destroy(&(*workers)->timer);
    loop_timer_destroy(&(*workers)->drain);
    free(*workers);
    *workers = NULL;
}

void workers_admit(struct workers *workers, const char *const *admitted)
{
    bus_server_admit(workers->server, admitted);
}

const char *workers_endpoint(const struct workers *workers)
{
    return bus_server_endpoint(workers->server);
}

struct worker *workers_find(struct workers *workers, const unsigned char session[BUS_PEER_BYTES])
{
    struct worker *worker = table_get(workers->table, session_key(session));
    return worker == NULL || worker->is_away ? NULL : worker;
}

/* Made when first asked for: most statuses are never looked at. */
static void name_claims(struct worker *worker, const Hikyaku__V1__WorkerStatus *status)
{
    table_destroy(&worker->named);
    worker->named = table_create();
    worker->named_status = worker->statuses;
    for (size_t i = 0; i < status->n_claims; i++) {
        (void)table_put(worker->named, text_of(status->claims[i]), worker);
    }
}

uint64_t workers_status_of(struct worker *worker, struct text claim, bool *ret_is_listed)
{
    const Hikyaku__V1__WorkerStatus *status =
        worker->credit == NULL ? NULL : worker->credit->status;
    if (status == NULL) {
        return 0;
    }
    if (worker->named == NULL || worker->named_status != worker->statuses) {
        name_claims(worker, status);
    }
    *ret_is_listed = table_get(worker->named, claim) != NULL;
    return status->n_claims < STATUS_CLAIMS_MAX || *ret_is_listed ? worker->statuses : 0;
}

uint64_t workers_silent_ms(const struct workers *workers, const struct worker *worker)
{
    return loop_now_ms(workers->settings.loop) - worker->heard_ms;
}

bool workers_serves(const struct worker *worker, const char *pool)
{
    for (size_t i = 0; worker->credit != NULL && i < worker->credit->n_rooms; i++) {
        if (strcmp(worker->credit->rooms[i]->pool, pool) == 0) {
            return true;
        }
    }
    return false;
}

static uint64_t in_hand(const struct worker *worker)
{
    return worker->credit->status == NULL ? 0 : worker->credit->status->in_flight;
}

struct worker *workers_least_busy(const struct workers *workers, const char *pool)
{
    struct worker *least = NULL;
    struct table_walk walk;
    struct worker *worker = table_first(workers->table, &walk);
    for (; worker != NULL; worker = table_next(&walk)) {
        bool is_fit = !worker->is_away && !worker->is_leaving && workers_serves(worker, pool) &&
                      workers_silent_ms(workers, worker) < WORKERS_FRESH_MS;
        if (is_fit && (least == NULL || in_hand(worker) < in_hand(least))) {
            least = worker;
        }
    }
    return least;
}

const unsigned char *workers_session(const struct worker *worker)
{
    return worker->session;
}

const char *workers_name(const struct worker *worker)
{
    return worker->name;
}

bool workers_has_content(const struct worker *worker, const unsigned char campaign[16])
{
    return table_get(worker->contents, (struct text){(const char *)campaign, 16}) != NULL;
}

void workers_set_content(struct worker *worker, const unsigned char campaign[16], bool has)
{
    struct text key = {(const char *)campaign, 16};
    if (!has) {
        (void)table_remove(worker->contents, key);
        return;
    }
    if (table_count(worker->contents) >= CONTENTS_MAX) {
        table_destroy(&worker->contents);
        worker->contents = table_create();
    }
    (void)table_put(worker->contents, key, worker);
}

size_t workers_list(const struct workers *workers, struct workers_view *ret_views, size_t limit)
{
    size_t count = 0;
    struct table_walk walk;
    const struct worker *worker = table_first(workers->table, &walk);
    for (; worker != NULL && count < limit; worker = table_next(&walk)) {
        struct workers_view *view = &ret_views[count++];
        *view = (struct workers_view){.name = worker->name,
                                      .version = worker->version,
                                      .started_unix_ms = worker->started_unix_ms,
                                      .is_away = worker->is_away,
                                      .is_leaving = worker->is_leaving,
                                      .credit = worker->credit};
        memcpy(view->session, worker->session_text, sizeof view->session);
    }
    return count;
}
