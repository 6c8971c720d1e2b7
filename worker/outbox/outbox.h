/* Letters on their way out: filed under the servers of their domain, written out shortly before a
 * connection wants them, spoken over connections that are kept busy. A dead domain holds nobody up:
 * until a server has greeted, a destination has one connection and one draft. */
#ifndef HIKYAKU_WORKER_OUTBOX_OUTBOX_H
#define HIKYAKU_WORKER_OUTBOX_OUTBOX_H

#include "worker/claim/claim.h"
#include "worker/paths/paths.h"
#include "worker/paths/sending_ips.h"
#include "worker/paths/unreachable.h"
#include "worker/pipeline/dkim_check.h"
#include "worker/pipeline/pipeline.h"
#include "worker/report/outcome.h"
#include "worker/route/routes.h"

struct outbox;
struct service_stops;

struct outbox_limits {
    uint32_t connections; /* of all sites; those of a path are its controller's */
    uint64_t idle_ms;
    unsigned int timeout_permille; /* of RFC 5321's timeouts */
};

struct outbox_settings {
    struct loop *loop; /* borrowed, like all of these */
    struct pipeline *pipeline;
    struct routes *routes;
    struct sending_ips *ips;
    struct paths *paths;
    struct unreachable *unreachable;
    struct dkim_check *dkim_check;     /* NULL: messages are not verified before they go out */
    const struct service_stops *stops; /* NULL: nothing is ever stopped */
    struct classify *classify;         /* what replies mean */
    const struct stream_tls *tls;
    struct outbox_limits limits;
    /** May a message start (I5, T_stop, drain)? */
    bool (*may_start)(void *context);
    /** May this IP's completing write be made? Reads the lease clock afresh. */
    bool (*may_complete)(void *context, const struct sending_ip *ip);
    /** HOLD: MAIL FROM is written, ask for the mark; then outbox_release() or outbox_abort(). */
    void (*on_mail)(void *context, struct letter *letter);
    /** The letter has its outcome: no draft, no list. */
    void (*on_outcome)(void *context, struct letter *letter, const struct outcome_report *outcome);
    void *context;
};

struct outbox *outbox_create(const struct outbox_settings *settings);
/** No letter is in it, no connection open (outbox_close()). Accepts NULL, nulls the pointer. */
void outbox_destroy(struct outbox **outbox);

/** Take a letter at LETTER_FILING that stands in no list. */
void outbox_file(struct outbox *outbox, struct letter *letter);
/** The claim is_recalled: give back untouched what of it has not started. When it is_lost, what has
 * no final dot yet ends as well. */
void outbox_recall(struct outbox *outbox, struct claim *claim);
/** What becomes of a letter whose recipient stands on a suppression list. */
struct outcome_report outbox_suppressed(const struct letter *letter);
/** It came on one while it waits here: it ends, at once or when it comes back from the pool. */
void outbox_withdraw(struct outbox *outbox, struct letter *letter);
/** The operator stops changed: IPs that they name are not used; then outbox_withhold(). */
void outbox_mark_stopped(struct outbox *outbox);
/** Give back untouched what of the claim has not started and an operator has stopped. */
void outbox_withhold(struct outbox *outbox, struct claim *claim);
/** File a campaign's waiting letters again: its domain's verdict may have come. */
void outbox_refile(struct outbox *outbox, struct campaign *campaign);
/** The mark stands: the completing write may go out. */
void outbox_release(struct outbox *outbox, struct letter *letter);
/** Never complete it: its connection is reset (unless its dot is out). */
void outbox_abort(struct outbox *outbox, struct letter *letter);
/** may_start() or may_complete() may answer otherwise now. */
void outbox_resume(struct outbox *outbox);

/** For pipeline and routes: their callbacks end here. */
void outbox_on_written(struct outbox *outbox, struct letter *letter);
void outbox_on_route(struct outbox *outbox, struct letter_list *letters, const struct route *route);

/** Drain: connections end when what is on the wire is through. */
void outbox_quit(struct outbox *outbox);
/** Abort what stands before its dot and wait no longer than that. */
void outbox_stop(struct outbox *outbox);
size_t outbox_connections(const struct outbox *outbox);
size_t outbox_on_wire(const struct outbox *outbox);

#endif
