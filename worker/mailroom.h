/* Where the mail goes through: claims -> outbox -> pipeline -> smtp -> report -> claims, wired.
 * What lies around it (store, leases, coordinators, signals) is app.c's. */
#ifndef HIKYAKU_WORKER_MAILROOM_H
#define HIKYAKU_WORKER_MAILROOM_H

#include "common/net/resolver.h"
#include "common/policy/classify.h"
#include "common/store/store.h"
#include "worker/counters.h"
#include "worker/pipeline/dkim_keys.h"
#include "worker/worker_config.h"

struct mailroom;
struct service_orders;
struct service_stops;
struct shadow_rules;
struct service_windows;

struct mailroom_settings {
    const struct worker_config *config; /* borrowed, like all of these */
    struct loop *loop;
    struct store *store;
    const char *session; /* own, 32 hex digits */
    struct resolver *resolver;
    struct sending_ips *ips;
    struct dkim_keys *dkim_keys; /* NULL: nothing is signed */
    struct counters *counters;
    const struct service_stops *stops;
    const struct service_orders *orders;
    struct classify *classify;   /* what replies mean */
    struct shadow_rules *shadow; /* what is tried: taken, emptied */
    struct service_windows *windows;
    unsigned int threads;
    /** May anything be started (T_stop)? */
    bool (*may_send)(void *context);
    /** May this IP complete a message? Reads the lease clock afresh. */
    bool (*holds)(void *context, const struct sending_ip *ip);
    /** Send to one coordinator. */
    void (*send)(void *context, uint64_t link, Hikyaku__V1__FleetMessage__BodyCase body_case,
                 ProtobufCMessage *body);
    /** What can be taken has changed. */
    void (*on_credit)(void *context);
    void *context;
};

/** @return 0, or an error of the TLS library */
MUST_USE int mailroom_create(const struct mailroom_settings *settings, struct mailroom **ret_room,
                             struct problem *problem);
/** It is idle. Accepts NULL, nulls the pointer. */
void mailroom_destroy(struct mailroom **room);

/** A message of a coordinator. */
void mailroom_on_message(struct mailroom *room, uint64_t link,
                         const Hikyaku__V1__FleetMessage *message);
/** The control word of a campaign may have changed. */
void mailroom_on_notice(struct mailroom *room, const unsigned char campaign[16]);
/** The operator stops changed: give back what they hold. */
void mailroom_on_stops(struct mailroom *room);
/** What operators tell of paths has changed. */
void mailroom_on_orders(struct mailroom *room);
/** SIGHUP: other profiles of providers, other plans of warm-up, other trials in shadow (taken). */
void mailroom_use(struct mailroom *room, const struct worker_config *config,
                  struct shadow_rules *shadow);
/** Rooms, status and claims, for a coordinator. */
void mailroom_fill_credit(struct mailroom *room, size_t shares, Hikyaku__V1__Credit *credit,
                          struct arena *arena);
void mailroom_set_gauges(struct mailroom *room);
/** Store or sending IPs are there again: go on. */
void mailroom_resume(struct mailroom *room);

/** The session is lost, and with it all claims: what is known of messages that went out becomes
 *  evidence. */
void mailroom_lose(struct mailroom *room);
/** Take nothing more, give back what has not started, finish what is on the wire. */
void mailroom_drain(struct mailroom *room);
/** Wait no longer: abort what stands before its dot; doubt behind it is written as doubt. */
void mailroom_stop(struct mailroom *room);
/** It is empty, the leases go: what sending IPs had reserved and not used goes back. */
void mailroom_leave(struct mailroom *room);
/** No mail is in it. */
bool mailroom_is_empty(const struct mailroom *room);
/** Nor does it wait for anything: it may be destroyed. */
bool mailroom_is_idle(const struct mailroom *room);

#endif
