/* Sites that servers asked all of us to leave alone: one hash for the cluster, read each second by
 * every worker. */
#ifndef HIKYAKU_COMMON_STORE_STORE_PAUSES_H
#define HIKYAKU_COMMON_STORE_STORE_PAUSES_H

#include "common/store/store.h"

#define STORE_PAUSES_MAX 1000

struct store_pause {
    struct text site;
    struct text rule;      /* what asked for it */
    int64_t until_unix_ms; /* by Redis' clock */
};

/** @param error  0; -ENOSPC (too many), -EINVAL (of another format), -EAGAIN, -ECONNRESET
 *  @param until_unix_ms  0: when it ends now: a longer one may have been there */
typedef void store_pauses_set_fn(void *context, int error, int64_t until_unix_ms);
void store_pauses_set(struct store *store, const struct store_pause *pause, uint64_t pause_ms,
                      store_pauses_set_fn *on_answer, void *context);

/** @param pauses  valid during the call; those whose time is over may be among them
 *  @param error   0; -EPROTO (of another format, or damaged), -EAGAIN, -ECONNRESET */
typedef void store_pauses_fn(void *context, int error, const struct store_pause *pauses,
                             size_t count);
void store_pauses_read(struct store *store, store_pauses_fn *on_answer, void *context);

#endif
