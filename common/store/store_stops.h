/* Operator stops, what operators have told of paths, and sites that servers asked us to leave
 * alone, as Redis holds them: a hash each for the cluster, read each second by every process that
 * obeys them. What they say is packed (StoredStop, StoredPathOrder); the store knows names and
 * ends. */
#ifndef HIKYAKU_COMMON_STORE_STORE_STOPS_H
#define HIKYAKU_COMMON_STORE_STORE_STOPS_H

#include "common/store/store.h"

enum store_stops_hash {
    STORE_STOPS,     /* named by kind and target */
    STORE_THROTTLES, /* by kind, sending IP and site (path_orders.h) */
    STORE_PAUSES,    /* by site; written through store_pauses.h */
};

struct store_stop {
    struct text name;      /* kind and target: a second stop of this name replaces the first */
    int64_t until_unix_ms; /* 0: until it is cleared */
    struct text packed;
};

/** @param error  0; -ENOSPC (too many stops); -ENOENT (clear: there is none); -EAGAIN,
 *  -ECONNRESET (store.h) */
typedef void store_stops_done_fn(void *context, int error);
/** @param most  stops that may be there at once */
void store_stops_set(struct store *store, enum store_stops_hash hash, const struct store_stop *stop,
                     uint32_t most, store_stops_done_fn *on_answer, void *context);
void store_stops_clear(struct store *store, enum store_stops_hash hash, struct text name,
                       store_stops_done_fn *on_answer, void *context);

/**
 * @param error  0; -EPROTO (of another format, or damaged: take it for a stop of everything);
 *               -EAGAIN, -ECONNRESET
 * @param stops  valid during the call; those whose time is over may be among them
 */
typedef void store_stops_fn(void *context, int error, const struct store_stop *stops, size_t count);
void store_stops_read(struct store *store, enum store_stops_hash hash, store_stops_fn *on_answer,
                      void *context);

#endif
