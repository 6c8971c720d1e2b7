/* The coordinators: one connection to each address of each configured name, names resolved every
 * 30 s, the handshake, and what comes over it. Losing one costs offers, never a claim. */
#ifndef HIKYAKU_WORKER_CLAIM_LINKS_H
#define HIKYAKU_WORKER_CLAIM_LINKS_H

#include "common/net/bus_client.h"
#include "common/net/resolver.h"
#include "common/wire/wire_fleet.h"

#define LINKS_RESOLVE_MS 30000
#define LINKS_HELLO_MS 1000

struct links;

struct links_settings {
    struct loop *loop; /* borrowed, like all of these */
    struct bus *bus;
    struct resolver *resolver;
    char *const *coordinators; /* "host:port" */
    size_t coordinator_count;
    const struct bus_key_pair *key;
    const char *server_key;
    unsigned char session[BUS_PEER_BYTES];
    const char *name;
    const char *version;
    /** Fill the credit that a coordinator is told. @param shares  coordinators that share it */
    void (*fill_credit)(void *context, size_t shares, Hikyaku__V1__Credit *credit,
                        struct arena *arena);
    /** A message of a welcomed coordinator; valid during the call. @param link  its number */
    void (*on_message)(void *context, uint64_t link, const Hikyaku__V1__FleetMessage *message);
    void *context;
};

/** @return 0 or -EINVAL (a name cannot be read) */
MUST_USE int links_create(const struct links_settings *settings, struct links **ret_links,
                          struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void links_destroy(struct links **links);
/** Send to one coordinator; dropped when it is gone. */
void links_send(struct links *links, uint64_t link, Hikyaku__V1__FleetMessage__BodyCase body_case,
                ProtobufCMessage *body);
/** What this worker can take has changed: tell soon. */
void links_credit_changed(struct links *links);
/** Say good-bye to all (drain). */
void links_leave(struct links *links, const char *reason);
/** Coordinators that have welcomed us. */
size_t links_welcomed(const struct links *links);

#endif
