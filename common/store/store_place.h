/* Where Redis is: a socket's path, or a host whose addresses are tried in turn. Internal to this
 * folder. */
#ifndef HIKYAKU_COMMON_STORE_STORE_PLACE_H
#define HIKYAKU_COMMON_STORE_STORE_PLACE_H

#include "common/net/host_lookup.h"

struct store_place {
    char *host; /* owned */
    int port;   /* 0: `host` is the path of a unix socket */
    char addresses[HOST_LOOKUP_ADDRESSES_MAX][STREAM_ADDRESS_LENGTH];
    size_t count;
    size_t next; /* the one to try */
};

/** @param endpoint  see store.h */
void store_place_init(struct store_place *place, const char *endpoint);
void store_place_finish(struct store_place *place);
/** It must be looked up first: it is a name, and there is no address left to try. */
bool store_place_wants_lookup(const struct store_place *place);
/** What a lookup found. */
void store_place_set(struct store_place *place, const struct stream_address *addresses,
                     size_t count);
/** The next address to try, or the path. @return borrowed until the next call; NULL: look it up */
const char *store_place_take(struct store_place *place);
/** Is there another to try at once? */
bool store_place_has_more(const struct store_place *place);
/** One of them answered: when it is lost, the name is looked up anew. */
void store_place_on_ready(struct store_place *place);

#endif
