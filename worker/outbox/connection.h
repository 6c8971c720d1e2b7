/* A connection of a destination: an smtp session and the letters that it has taken. Internal to
 * this folder. */
#ifndef HIKYAKU_WORKER_OUTBOX_CONNECTION_H
#define HIKYAKU_WORKER_OUTBOX_CONNECTION_H

#include "worker/outbox/destination.h"
#include "worker/smtp/smtp_session.h"

/** Letters of one connection at once: one behind its dot, the next before it. */
#define CONNECTION_LETTERS_MAX 4

struct connection {
    struct outbox *outbox;           /* borrowed */
    struct destination *destination; /* borrowed */
    struct sending_ip *ip;           /* borrowed */
    struct path *path;               /* borrowed: held by the destination's site */
    struct smtp_session *session;
    struct connection *next;
    struct connection *previous;
    struct route_target target; /* the server */
    struct letter *letters[CONNECTION_LETTERS_MAX];
    size_t letter_count;
    uint64_t opened_ms; /* monotonic */
    uint32_t answered;  /* messages with a reply */
    bool is_greeted;    /* its server takes mail */
    bool is_waiting;    /* it asked for a message and got none */
    bool is_quitting;
    bool is_broken; /* its path has heard of the reset */
};

void connection_open(struct destination *destination, const struct route_target *target,
                     struct sending_ip *ip);
/** Does its path let a message start now? If not, the outbox looks again in time. */
bool connection_may_send(struct connection *connection);
/** Its path takes nothing for a while, and nothing of it is on the wire. */
bool connection_is_of_no_use(const struct connection *connection);
/** There may be a letter for it. */
void connection_wake(struct connection *connection);
/** Abort what stands before its dot. */
void connection_abort(struct connection *connection);
/** No further letter. */
void connection_quit(struct connection *connection);

#endif
