/* A store that was loaded from a backup is a step back in time: what was sent since, it does not
 * know. It bears a mark: nothing is driven and nothing is taken until an operator has decided what
 * shall become of recipients that may have been sent to; then each partition is brought in order,
 * and with the last one the mark goes. `hikyaku restore` writes it (store_load.h). */
#ifndef HIKYAKU_COMMON_STORE_STORE_RESTORED_H
#define HIKYAKU_COMMON_STORE_STORE_RESTORED_H

#include "common/store/store_batch.h"

enum store_restored_state {
    STORE_RESTORED_NONE,    /* no mark */
    STORE_RESTORED_LOADING, /* half of it is there */
    STORE_RESTORED_WAITING, /* for the decision */
    STORE_RESTORED_DECIDED, /* partitions are brought in order */
};

#define STORE_RESTORED_ID_LENGTH 32 /* hex digits */

/** What is assumed of recipients that may have been sent to after the backup. */
struct store_restored_decision {
    uint8_t assume; /* Hikyaku__V1__RestoreAssume */
    bool keeps_drafts;
    int64_t lost_unix_ms; /* nothing was sent after it */
};

struct store_restored {
    enum store_restored_state state;
    char id[STORE_RESTORED_ID_LENGTH + 1];
    int64_t taken_unix_ms;
    int64_t restored_unix_ms;
    struct store_restored_decision decision; /* DECIDED */
    uint64_t done;                           /* a bit for each partition */
};

/** @param restored  valid during the call, with 0 only; -EPROTO: of a newer version */
typedef void store_restored_fn(void *context, int error, const struct store_restored *restored);
void store_restored_read(struct store *store, store_restored_fn *on_answer, void *context);

typedef void store_restored_done_fn(void *context, int error);

/** Write the decision. @param error  0, also when the same was decided before; -ENOENT: no mark;
 *  -EBUSY: not WAITING, decided otherwise, or of another backup */
void store_restored_decide(struct store *store, const char *id,
                           const struct store_restored_decision *decision,
                           store_restored_done_fn *on_answer, void *context);

/* Bringing a partition in order. Each step may be repeated. */

/** What is done with a batch. */
struct store_restored_step {
    struct store_batch_name name;
    struct text tenant;
    const char *session;  /* that holds it; "": free. Another one: nothing is done */
    bool may_all_be_sent; /* open rows due by `lost` count as tried, else only those of a claim */
    bool holds;           /* all become UNCERTAIN, whatever the campaign's policy is */
    int64_t lost_unix_s;
};
/** Rows that may have been sent become UNCERTAIN (HOLD) or get ROW_POSSIBLE_DUPLICATE (RESEND); a
 *  claim is freed, without a death. @param on_answer  -ESTALE: held by another session */
void store_restored_batch(struct store *store, const struct store_restored_step *step,
                          store_batch_changed_fn *on_answer, void *context);

/** Events of a campaign go on far behind those that it may have had. */
void store_restored_campaign(struct store *store, const unsigned char campaign[16],
                             store_restored_done_fn *on_answer, void *context);
/** The tenant's stream goes on in a new generation: readers are told STORE_RECOVERED. */
void store_restored_stream(struct store *store, unsigned int partition, struct text tenant,
                           store_restored_done_fn *on_answer, void *context);
/** The partition is in order; with the last one the mark goes. */
void store_restored_finish(struct store *store, unsigned int partition,
                           store_restored_done_fn *on_answer, void *context);

/** Numbers of free batches with open rows, in no order, some perhaps twice.
 *  @param cursor  0: from the beginning. @callback on_answer  next cursor; 0: that was all */
typedef void store_restored_batches_fn(void *context, int error, const uint32_t *numbers,
                                       size_t count, uint64_t next);
void store_restored_batches(struct store *store, const unsigned char campaign[16], uint64_t cursor,
                            store_restored_batches_fn *on_answer, void *context);

#endif
