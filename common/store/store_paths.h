/* What was learnt of the paths of a sending IP that this session holds, fenced by the lease of the
 * IP in its slot. What a state means is common/policy's (path_state.h). */
#ifndef HIKYAKU_COMMON_STORE_STORE_PATHS_H
#define HIKYAKU_COMMON_STORE_STORE_PATHS_H

#include "common/store/store_ip_sites.h"

/** States in one call. */
#define STORE_PATHS_SAVED_MAX 200

/** All that is remembered of an IP; read once, when it was taken. */
void store_paths_load(struct store *store, struct text ip, store_ip_sites_fn *on_answer,
                      void *context);

struct store_paths_save {
    struct text ip;
    uint64_t epoch;                     /* of its lease */
    const struct store_ip_site *states; /* an empty state forgets the site */
    size_t count;                       /* at most STORE_PATHS_SAVED_MAX */
};
/** @param error  0; -ESTALE: the IP is not ours; -EAGAIN, -ECONNRESET: save them again
 *  @param full  so many were not kept: there are too many sites */
typedef void store_paths_save_fn(void *context, int error, size_t full);
void store_paths_save(struct store *store, const struct store_paths_save *save,
                      store_paths_save_fn *on_answer, void *context);

#endif
