/* Sites that servers asked all of us to leave alone: one hash for the cluster, read each second by
 * every worker (store_stops_read, STORE_PAUSES: name is the site, `packed` the rule). */
#ifndef HIKYAKU_COMMON_STORE_STORE_PAUSES_H
#define HIKYAKU_COMMON_STORE_STORE_PAUSES_H

#include "common/store/store.h"

#define STORE_PAUSES_MAX 1000

struct store_pause {
    struct text site;
    struct text rule; /* what asked for it */
};

/** @param error  0; -ENOSPC (too many), -EINVAL (of another format), -EAGAIN, -ECONNRESET
 *  @param until_unix_ms  0: when it ends now: a longer one may have been there */
typedef void store_pauses_set_fn(void *context, int error, int64_t until_unix_ms);
void store_pauses_set(struct store *store, const struct store_pause *pause, uint64_t pause_ms,
                      store_pauses_set_fn *on_answer, void *context);

#endif
