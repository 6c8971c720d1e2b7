/* The coordinator's fleet: sessions, partitions, driver, workers and offers, wired together. One
 * handle for the program, the API and the screens. */
#ifndef HIKYAKU_COORDINATOR_FLEET_FLEET_H
#define HIKYAKU_COORDINATOR_FLEET_FLEET_H

#include "common/net/bus_server.h"
#include "common/policy/breaker.h"
#include "coordinator/catalog/catalog.h"
#include "coordinator/schedule/limit_rules.h"

struct fleet;
struct service_windows;

struct fleet_settings {
    struct loop *loop;                        /* borrowed, as all below */
    struct store *store;                      /* */
    struct catalog *catalog;                  /* */
    struct bus *bus;                          /* */
    struct service_windows *windows;          /* */
    const struct bus_server_settings *server; /* endpoint, key, admitted; for the call */
    const char *session;                      /* own, 32 hex digits */
    const char *cluster;
    const char *name;
    const char *address; /* for screens: where its API listens */
    const char *version;
    uint32_t transactional_permille;   /* share while both lanes wait */
    struct breaker_limits breaker;     /* when a campaign is paused by itself */
    uint32_t canary_deferred_permille; /* the same, of its canary */
    const struct limit_rule *limits;   /* for the call */
    size_t limit_count;
    /** Somebody took this process' session: it must end. */
    void (*on_session_lost)(void *context);
    /** Nobody approved a campaign in time: it is a draft again. */
    void (*on_lapsed)(void *context, const char *campaign_id, struct text tenant);
    /** Nothing may be driven: gate OPERATOR_STOP. */
    bool (*is_stopped)(void *context);
    void *context;
};

MUST_USE int fleet_open(const struct fleet_settings *settings, struct fleet **ret_fleet,
                        struct problem *problem);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void fleet_close(struct fleet **fleet);

/** The store is ready, for the first time or again. */
void fleet_on_store_ready(struct fleet *fleet);
/** SIGTERM: offer nothing more, give the partitions up, leave the registry. */
void fleet_leave(struct fleet *fleet);
/** After fleet_leave(): the session's lease is given up, or cannot be. */
bool fleet_has_left(const struct fleet *fleet);
/** The shared limits of the configuration; copied. */
void fleet_set_limits(struct fleet *fleet, const struct limit_rule *limits, size_t count);
/** Public keys of workers that may connect. */
void fleet_admit(struct fleet *fleet, const char *const *admitted);
/** The session is registered: partitions are driven. */
bool fleet_is_ready(const struct fleet *fleet);
/** This coordinator drives the partition. */
bool fleet_drives(const struct fleet *fleet, unsigned int partition);
/** What has become of a session, for the catalog. */
enum catalog_fate fleet_fate(const struct fleet *fleet, const char *session);
/** The bus endpoint with its real port. */
const char *fleet_endpoint(const struct fleet *fleet);

#endif
