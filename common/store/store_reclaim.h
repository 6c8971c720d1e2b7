/* What the dead leave behind: the claims of a partition, and how one of them is freed. */
#ifndef HIKYAKU_COMMON_STORE_STORE_RECLAIM_H
#define HIKYAKU_COMMON_STORE_STORE_RECLAIM_H

#include "common/store/store_batch.h"

/** All claims of a partition. @param sessions  32 hex digits each, NUL-terminated */
struct store_claimed {
    struct store_batch_name name;
    char session[33];
};
typedef void store_reclaim_list_fn(void *context, int error, const struct store_claimed *claims,
                                   size_t count);
void store_reclaim_claims(struct store *store, unsigned int partition,
                          store_reclaim_list_fn *on_answer, void *context);

struct store_reclaim {
    const char *session; /* 32 hex digits */
    bool is_alive; /* it gave up its lease or the claim, or was only cut off: no death counts */
    struct text tenant;
    uint64_t epoch; /* only this claim; 0: whichever it is */
};
struct store_reclaimed {
    uint32_t changed;
    uint32_t quarantined; /* recipients that stand under QUARANTINED now */
    bool makes_suspect;   /* its second death */
    bool stops_campaign;  /* its third suspect batch: the campaign stands under QUARANTINED now */
};
/** @param error  0, -ESTALE: not held by this session (any more), ... */
typedef void store_reclaim_done_fn(void *context, int error,
                                   const struct store_reclaimed *reclaimed);
/**
 * Free the claim of a session that was taken over, has left, or knows nothing of it: marked rows
 * become UNCERTAIN (HOLD), open rows that were due get ROW_POSSIBLE_DUPLICATE (RESEND). A death
 * counts for the batch, which is suspect after two; of a part it counts for each row that was to be
 * sent.
 */
void store_reclaim_batch(struct store *store, const struct store_batch_name *name,
                         const struct store_reclaim *reclaim, store_reclaim_done_fn *on_answer,
                         void *context);

#endif
