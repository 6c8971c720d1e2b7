/* Drives the campaigns of the partitions held: loads them, starts them when their time has come,
 * brings their due batches into the ready queues, sweeps what was cancelled or has expired, frees
 * the claims of dead sessions, finds claims that a live one does not know. All of it by transitions
 * of the store, so that two drivers of one partition cost work, never exactness. */
#ifndef HIKYAKU_COORDINATOR_FLEET_DRIVER_H
#define HIKYAKU_COORDINATOR_FLEET_DRIVER_H

#include "common/policy/breaker.h"
#include "common/store/store_batch.h"
#include "common/store/store_fleet.h"
#include "coordinator/catalog/catalog.h"
#include "coordinator/fleet/claim_watch.h"
#include "coordinator/fleet/sessions.h"
#include "coordinator/schedule/suspects.h"

struct driver;
struct service_stops;
struct service_windows;

/** A claim that its worker does not know. */
struct driver_unknown {
    struct store_batch_name name;
    uint64_t epoch;
    const char *tenant;
};

struct driver_settings {
    struct breaker_limits breaker;
    uint32_t canary_deferred_permille; /* more of a canary deferred is too much */
    struct loop *loop;                 /* borrowed, as all below */
    struct store *store;               /* */
    struct catalog *catalog;           /* */
    struct ready *ready;               /* */
    struct sessions *sessions;         /* */
    const struct service_stops *stops; /* */
    struct service_windows *windows;   /* */
    /** Batches wait that did not wait before. */
    void (*on_waiting)(void *context);
    /** A suspect batch is due: it does not go into the ready queues. */
    void (*on_suspect)(void *context, const struct suspect *suspect);
    /** Does a worker that was taken over still speak? Then it was only cut off from the store. */
    bool (*is_heard)(void *context, const char *session);
    /** A campaign's control word changed. @param word  enum store_word */
    void (*on_word)(void *context, const unsigned char campaign[16], uint8_t word);
    /** Nobody approved a campaign in time: it is a draft again. */
    void (*on_lapsed)(void *context, const char *campaign_id, struct text tenant);
    /** What the worker of a session says of a claim: claim_watch.h. */
    struct claim_watch_report (*report_of)(void *context, const char *session, struct text claim);
    /** The worker of a session lacks a claim: ask it to give it back. All borrowed for the call. */
    void (*on_unknown)(void *context, const char *session, const struct driver_unknown *unknown);
    /** Nothing may be driven: gate OPERATOR_STOP. */
    bool (*is_stopped)(void *context);
    void *context;
};

struct driver *driver_create(const struct driver_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void driver_destroy(struct driver **driver);

void driver_start(struct driver *driver);
void driver_stop(struct driver *driver);

void driver_gain(struct driver *driver, unsigned int partition);
/** Its campaigns leave the memory. */
void driver_lose(struct driver *driver, unsigned int partition);

/** A hint came: look at the campaign soon. */
void driver_on_notice(struct driver *driver, enum store_notice_kind kind,
                      const unsigned char campaign[16]);
/** A session died or became known: look at all claims again. */
void driver_on_life(struct driver *driver);
/** The operator stops changed: nothing is offered before it was held against them. */
void driver_on_stops(struct driver *driver);
/** Look at the campaign and what is due of it again. */
void driver_refresh(struct driver *driver, const unsigned char campaign[16]);
/** A shared limit holds it: nothing of it is offered for so long. */
void driver_limits_set(struct driver *driver, const unsigned char campaign[16], enum gate gate,
                       uint64_t wait_ms);
/** Which limit holds it now; GATE_NONE: none. */
enum gate driver_limits_ask(const struct driver *driver, const unsigned char campaign[16]);
/** A batch of it was taken from the ready queues: fetch more in time. */
void driver_on_taken(struct driver *driver, const unsigned char campaign[16]);

/** The loaded campaign, borrowed until the loop goes on; NULL when it is not driven here. */
struct catalog_campaign *driver_campaign(struct driver *driver, const unsigned char campaign[16]);
/** Campaigns in memory. */
size_t driver_campaign_count(const struct driver *driver);
/** Recipients of these campaigns that stand under QUARANTINED. */
uint64_t driver_quarantined(const struct driver *driver);
/** Its keys cannot be read: gate KEY_UNAVAILABLE. */
bool driver_lacks_key(const struct driver *driver, const unsigned char campaign[16]);
/** Redis' clock and ours differ by too much: nothing starts or expires. */
bool driver_doubts_clock(const struct driver *driver);
bool driver_is_stopped(const struct driver *driver);

#endif
