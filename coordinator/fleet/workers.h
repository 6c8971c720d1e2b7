/* The workers on the bus: handshake, credit, status, frames to them. What their frames mean for
 * offers and campaigns is the callbacks' matter. */
#ifndef HIKYAKU_COORDINATOR_FLEET_WORKERS_H
#define HIKYAKU_COORDINATOR_FLEET_WORKERS_H

#include "common/net/bus_server.h"
#include "hikyaku/v1/fleet.pb-c.h"

/** The only version of the bus' protocol so far. */
#define WORKERS_PROTOCOL 1
/** A worker that is silent so long gets nothing more (it tells its credit each second). */
#define WORKERS_SILENCE_MS 10000
/** Whoever told of itself within this is alive: the credit comes each second. */
#define WORKERS_FRESH_MS 3000
#define WORKERS_MAX 2000

struct workers;
struct worker;

struct workers_callbacks {
    /** All borrowed for the call. */
    void (*on_credit)(void *context, struct worker *worker, const Hikyaku__V1__Credit *credit);
    void (*on_result)(void *context, struct worker *worker, const Hikyaku__V1__OfferResult *result);
    void (*on_need_content)(void *context, struct worker *worker, const unsigned char campaign[16]);
    void (*on_progress)(void *context, const Hikyaku__V1__Progress *progress);
    void (*on_inquiry_answer)(void *context, struct worker *worker,
                              const Hikyaku__V1__InquiryAnswer *answer);
    /** It is gone (silent, not reachable) or says that it leaves: offer it nothing. */
    void (*on_leave)(void *context, struct worker *worker, bool is_gone);
    void *context;
};

struct workers_settings {
    struct loop *loop;                        /* borrowed */
    struct bus *bus;                          /* borrowed */
    const char *session;                      /* own, 32 hex digits; borrowed */
    const char *name;                         /* own; borrowed */
    const struct bus_server_settings *server; /* endpoint, key, admitted; for the call */
    struct workers_callbacks callbacks;
};

MUST_USE int workers_open(const struct workers_settings *settings, struct workers **ret_workers,
                          struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void workers_close(struct workers **workers);
void workers_admit(struct workers *workers, const char *const *admitted);
const char *workers_endpoint(const struct workers *workers);

/** NULL when it is not connected. */
struct worker *workers_find(struct workers *workers, const unsigned char session[BUS_PEER_BYTES]);
/** Send, or queue while the bus is full; order is kept. Frames for one who is gone are dropped. */
void workers_send(struct workers *workers, struct worker *worker,
                  Hikyaku__V1__FleetMessage__BodyCase body_case, ProtobufCMessage *body);
/** To everybody. */
void workers_send_all(struct workers *workers, Hikyaku__V1__FleetMessage__BodyCase body_case,
                      ProtobufCMessage *body);

/**
 * What its last status says of a claim ("<campaign>:<batch>").
 * @return the number of the status, counted from 1; 0: there was none, or it does not name all
 */
uint64_t workers_status_of(struct worker *worker, struct text claim, bool *ret_is_listed);

/** Ms since its last frame. */
uint64_t workers_silent_ms(const struct workers *workers, const struct worker *worker);
/** Does it tell of a room in this pool, full or not? */
bool workers_serves(const struct worker *worker, const char *pool);
/** The one of a pool with the fewest recipients in hand that stays; NULL: none. */
struct worker *workers_least_busy(const struct workers *workers, const char *pool);
const unsigned char *workers_session(const struct worker *worker);
const char *workers_name(const struct worker *worker);
/** Has it been sent this campaign's content? */
bool workers_has_content(const struct worker *worker, const unsigned char campaign[16]);
void workers_set_content(struct worker *worker, const unsigned char campaign[16], bool has);

/** For screens; texts borrowed until the loop goes on. */
struct workers_view {
    const char *name;
    char session[2 * BUS_PEER_BYTES + 1];
    const char *version;
    int64_t started_unix_ms;
    bool is_away;
    bool is_leaving;
    const Hikyaku__V1__Credit *credit; /* NULL: none yet */
};
/** Visit all. @return how many; views beyond `limit` are left out */
size_t workers_list(const struct workers *workers, struct workers_view *ret_views, size_t limit);

#endif
