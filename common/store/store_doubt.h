/* Doubt and how it ends: evidence, decisions, and the index of what is in doubt.
 *
 * A row that is UNCERTAIN has in `due` when doubt ends by the campaign's rule. */
#ifndef HIKYAKU_COMMON_STORE_STORE_DOUBT_H
#define HIKYAKU_COMMON_STORE_STORE_DOUBT_H

#include "common/store/store_batch.h"

struct store_evidence {
    const struct store_row_change *changes; /* DELIVERED or BOUNCED, as the flush had them */
    size_t count;                           /* 1..500 */
    struct text sealed_details;             /* kind SEAL_EVENTS; may name more positions */
};
/**
 * Final replies to messages that did go out, of a claim that was lost. A row that is neither
 * DELIVERED nor BOUNCED gets that outcome, with ROW_LATE and an event; a row that another try
 * delivered already is counted and told (ROW_DOUBLED). Repeats change nothing.
 *
 * @param on_answer  -ENOENT: the campaign is gone; -EINVAL: a bug; -EAGAIN, -ECONNRESET: repeat
 */
void store_doubt_evidence(struct store *store, const struct store_claim *claim,
                          const struct store_evidence *evidence, store_batch_changed_fn *on_answer,
                          void *context);

struct store_resolve {
    struct store_batch_name name;
    struct text tenant;
    uint8_t as; /* Hikyaku__V1__ResolveAs; 0: the campaign's rule, for rows whose time has come */
    struct text reason;
    const uint16_t *positions; /* NULL: all rows in doubt */
    size_t count;
};
/**
 * End doubt by decision. RESEND makes the row DEFERRED, due now, with ROW_POSSIBLE_DUPLICATE, and
 * reopens a completed campaign; by rule it becomes ASSUME_DELIVERED when it is too late for that.
 *
 * @param on_answer  -ENOENT: gone; -EBUSY: RESEND of a cancelled campaign; -ETIME: RESEND of one
 * that has expired; -EAGAIN, -ECONNRESET: repeat
 */
void store_doubt_resolve(struct store *store, const struct store_resolve *resolve,
                         store_batch_changed_fn *on_answer, void *context);

/** A batch with rows in doubt. */
struct store_doubt {
    struct store_batch_name name;
    int64_t resolve_unix_s; /* of its earliest row */
};
struct store_doubt_range {
    unsigned int partition;
    int64_t from_unix_s;
    int64_t to_unix_s;
    size_t limit;
};
/** @callback on_answer  ascending by (time, name as text) */
typedef void store_doubt_list_fn(void *context, int error, const struct store_doubt *doubts,
                                 size_t count);
void store_doubt_list(struct store *store, const struct store_doubt_range *range,
                      store_doubt_list_fn *on_answer, void *context);

#endif
