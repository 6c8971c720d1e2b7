/* What was learnt of the paths of a sending IP that this session holds, fenced by the lease of the
 * IP in its slot. What a state means is common/policy's (path_state.h). */
#ifndef HIKYAKU_COMMON_STORE_STORE_PATHS_H
#define HIKYAKU_COMMON_STORE_STORE_PATHS_H

#include "common/store/store.h"

/** So many sites of an IP are remembered. */
#define STORE_PATHS_SITES_MAX 10000
/** States in one call. */
#define STORE_PATHS_SAVED_MAX 200

struct store_paths_state {
    struct text site;
    struct text state; /* read: outside bytes, not trusted. Saved: empty forgets the site */
};
/** @param error  0; -EPROTO; -EAGAIN, -ECONNRESET */
typedef void store_paths_load_fn(void *context, int error, const struct store_paths_state *states,
                                 size_t count);
/** All that is remembered of an IP; read once, when it was taken. */
void store_paths_load(struct store *store, struct text ip, store_paths_load_fn *on_answer,
                      void *context);

struct store_paths_save {
    struct text ip;
    uint64_t epoch; /* of its lease */
    const struct store_paths_state *states;
    size_t count; /* at most STORE_PATHS_SAVED_MAX */
};
/** @param error  0; -ESTALE: the IP is not ours; -EAGAIN, -ECONNRESET: save them again
 *  @param full  so many were not kept: there are too many sites */
typedef void store_paths_save_fn(void *context, int error, size_t full);
void store_paths_save(struct store *store, const struct store_paths_save *save,
                      store_paths_save_fn *on_answer, void *context);

#endif
