/* A destination: the servers of some domains, seen from one pool. Its letters wait in a queue,
 * then written out; its connections take them. Internal to this folder. */
#ifndef HIKYAKU_WORKER_OUTBOX_DESTINATION_H
#define HIKYAKU_WORKER_OUTBOX_DESTINATION_H

#include "common/policy/failure_policy.h"
#include "worker/outbox/outbox.h"
#include "worker/outbox/site_queue.h"

/** The paths of a site, by sending IP: limits are per path, whatever the destination. */
struct site {
    struct text name; /* of a destination's route */
    uint32_t holders;
    uint32_t open;                       /* connections from all IPs */
    size_t waiting;                      /* of outbox_view.c: set when it looks */
    struct path *paths[SENDING_IPS_MAX]; /* held; NULL: not yet used */
    char text[ROUTE_SITE_BYTES];
};

struct destination {
    struct outbox *outbox; /* borrowed */
    struct site *site;     /* held */
    struct route route;
    struct site_queue queue;
    size_t queued;    /* letters in `queue` */
    size_t composing; /* letters in the pipeline */
    struct letter_list ready[SITE_QUEUE_LANES];
    struct connection *connections;
    size_t connection_count;
    size_t greeted;   /* connections whose server has said that it takes mail */
    uint64_t used_ms; /* monotonic */
    bool is_dirty;    /* in the outbox' list to be looked at */
    bool is_starved;  /* a connection limit held it up */
    struct destination *next_dirty;
    bool is_paced; /* in the outbox' list of those that wait for their rate */
    struct destination *next_paced;
    char pool[64];
    char *key; /* owned */
};

/** Find or make the destination of a route; its servers are as the route says now. */
struct destination *destination_find(struct outbox *outbox, struct text pool,
                                     const struct route *route);
void destination_destroy(struct destination *destination);

/** Letters that have not reached a connection. */
size_t destination_backlog(const struct destination *destination);
/** Put a letter into the queue. */
void destination_queue(struct destination *destination, struct letter *letter);
/** A letter came back from a connection: it is the next one, its draft stays. */
void destination_put_back(struct destination *destination, struct letter *letter);
/** Take a written letter, or NULL. */
struct letter *destination_take(struct destination *destination);
/** A letter leaves the queue or the written ones. */
void destination_remove(struct letter *letter);

enum destination_choice {
    DESTINATION_FOUND,
    DESTINATION_FULL,        /* the path's connections are all open */
    DESTINATION_NO_IP,       /* no IP of the pool can reach it */
    DESTINATION_UNREACHABLE, /* all servers are being left alone */
};
/** Choose server and sending IP for a new connection: lowest preference that is not left alone,
 *  any of its addresses. @source RFC 5321, 5.1 */
enum destination_choice destination_choose(struct destination *destination,
                                           struct route_target *ret_target,
                                           struct sending_ip **ret_ip);
/** The path from an IP to the destination's site. */
struct path *destination_path(struct destination *destination, struct sending_ip *ip);
/** Is the IP ours, of its pool, and has one of its servers an address of the family? */
bool destination_is_of_use(const struct destination *destination, const struct sending_ip *ip);
/** What holds its letters back, as far as its paths do: enum gate, NONE when nothing does.
 *  @param ret_wait_ms  out: SITE_SUSPENDED, WARMUP_QUOTA: how long none of its paths takes any */
uint8_t destination_gate(struct destination *destination, uint64_t *ret_wait_ms);
/** How long ago the last of its young paths that are used up was so, ms. */
uint64_t destination_full_ms(const struct destination *destination);
/** Is there a server that is not left alone? */
bool destination_has_other(const struct destination *destination);
/** Leave a server alone for a while. */
void destination_hold(struct destination *destination, const struct route_target *target);
/** It answers: forget its failures. */
void destination_greeted(struct destination *destination, const struct route_target *target);

#endif
