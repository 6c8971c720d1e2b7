/* Transitions of a batch: claim, mark, flush (and finish), sweep; and what is read of it.
 * A write passes if and only if the batch names exactly the caller's (session, epoch); what a lost
 * claim knows is evidence (store_doubt.h). */
#ifndef HIKYAKU_COMMON_STORE_STORE_BATCH_H
#define HIKYAKU_COMMON_STORE_STORE_BATCH_H

#include "common/store/store_campaign.h"

struct store_batch_name {
    unsigned char campaign[16];
    uint32_t number;
};

/** Batches of a campaign that are due by `until_unix_s`, earliest first, with the time of the next
 *  one after these (0: none); their texts are valid during the call. */
struct store_due {
    uint32_t number;
    uint32_t row_count;
    int64_t due_unix_s;
    int64_t expires_unix_ms; /* of its own (containers); 0: the campaign's */
    bool is_suspect;         /* to be claimed in parts, alone (store_quarantine.h) */
    struct text group;       /* the domain or provider it goes to; "other": several domains */
};
typedef void store_batch_due_fn(void *context, int error, const struct store_due *batches,
                                size_t count, int64_t next_unix_s);
void store_batch_due(struct store *store, const unsigned char campaign[16], int64_t until_unix_s,
                     size_t limit, store_batch_due_fn *on_answer, void *context);

/** The same of the batches 0..batches-1 only: a canary. */
void store_batch_due_first(struct store *store, const unsigned char campaign[16],
                           int64_t until_unix_s, uint32_t batches, store_batch_due_fn *on_answer,
                           void *context);
/** @param numbers  valid during the call */
typedef void store_batch_numbers_fn(void *context, int error, const uint32_t *numbers,
                                    size_t count);
/** Free batches with open rows of which none is due before a time. */
void store_batch_later(struct store *store, const unsigned char campaign[16], int64_t from_unix_s,
                       size_t limit, store_batch_numbers_fn *on_answer, void *context);

/** @param provider, sealed  valid during the call; -ENOENT: the sealed part is gone */
typedef void store_batch_sealed_fn(void *context, int error, struct text provider,
                                   struct text sealed);
void store_batch_recipients(struct store *store, const struct store_batch_name *name,
                            store_batch_sealed_fn *on_answer, void *context);
void store_batch_refs(struct store *store, const struct store_batch_name *name,
                      store_batch_sealed_fn *on_answer, void *context);
/** Rows as stored, ROWS_SIZE each. */
void store_batch_rows(struct store *store, const struct store_batch_name *name,
                      store_batch_sealed_fn *on_answer, void *context);

enum store_claim_status {
    STORE_CLAIMED,
    STORE_CLAIM_TAKEN,       /* somebody else holds it */
    STORE_CLAIM_NOT_RUNNING, /* paused, cancelled, scheduled, ended */
    STORE_CLAIM_EXPIRED,
    STORE_CLAIM_NOT_DUE,
    STORE_CLAIM_GONE, /* no such batch, or all its rows are final */
};
struct store_claim_answer {
    enum store_claim_status status;
    uint64_t epoch;
    enum store_word word;
    uint64_t ms_left;    /* until its recipients expire */
    int64_t now_unix_ms; /* Redis' clock at the claim: rows due by now + slack are worked on */
    struct text rows;    /* row_count x ROWS_SIZE; valid during the call */
    bool is_hold;
    uint32_t deaths;
    uint16_t first_row; /* of a suspect batch: only this part is to be worked on */
    uint16_t row_count;
};
typedef void store_batch_claimed_fn(void *context, int error,
                                    const struct store_claim_answer *answer);
struct store_claim_request {
    struct store_batch_name name;
    uint32_t slack_s; /* rows due so much later are worked on as well */
    bool is_alone;    /* the next part of a suspect batch, as the session's only claim; a batch that
                         is not suspect (any more) is STORE_CLAIM_NOT_DUE, and the other way round */
    uint64_t ask;     /* number of the asking, never another's in this session: whoever asks anew
                         knows nothing of what an older claim has sent, and is not given that one */
};
/** Claim a batch for the store's session. Repeated under the same number it answers the same epoch.
 */
void store_batch_claim(struct store *store, const struct store_claim_request *request,
                       store_batch_claimed_fn *on_answer, void *context);

/** A claim, as every later write names it. */
struct store_claim {
    struct store_batch_name name;
    uint64_t epoch;
    struct text tenant; /* borrowed for the call */
};

/** @param error  0; -ESTALE (the claim is not ours any more, or the flush number is not the next);
 *               -EINVAL (a row that is final, a change that is not allowed: a bug); -EAGAIN,
 *               -ECONNRESET
 *  @param word, ms_left  with 0 only */
typedef void store_batch_written_fn(void *context, int error, enum store_word word,
                                    uint64_t ms_left);

#define STORE_MARKS_MAX 64
struct store_marked {
    enum store_word word;
    uint64_t ms_left;
    /* Not marked: evidence of an earlier try ended them meanwhile. They must not be sent. */
    uint16_t refused[STORE_MARKS_MAX];
    size_t refused_count;
};
/** @param error  as store_batch_written_fn; `marked` is valid during the call, with 0 only */
typedef void store_batch_marked_fn(void *context, int error, const struct store_marked *marked);
/** HOLD: set ROW_MARKED on rows before their completing write. @param count  1..STORE_MARKS_MAX */
void store_batch_mark(struct store *store, const struct store_claim *claim,
                      const uint16_t *positions, size_t count, store_batch_marked_fn *on_answer,
                      void *context);

struct store_row_change {
    uint16_t position;
    struct row row; /* as it shall stand; a changed seq makes an event */
};
struct store_flush {
    uint32_t
        number; /* 1, 2, ... of this claim: a repeated number changes nothing. One is in flight */
    const struct store_row_change *changes;
    size_t count;               /* at most 500 */
    struct text sealed_details; /* kind SEAL_EVENTS, in the order of the changes with an event */
    bool finishes;              /* end the claim: rows still open wait for their due time */
};
/** Outcomes become durable: rows, counters, one event entry, the control word. A row that evidence
 *  ended meanwhile keeps that outcome; a second delivery is counted and told. */
void store_batch_flush(struct store *store, const struct store_claim *claim,
                       const struct store_flush *flush, store_batch_written_fn *on_answer,
                       void *context);

/** @param changed  rows that changed, or -ESTALE: not held by this session (any more) */
typedef void store_batch_changed_fn(void *context, int error, uint32_t changed,
                                    uint8_t campaign_state);
/** Turn the open rows of a free batch into EXPIRED or CANCELLED. -EBUSY: it is claimed; -EPERM: it
 * is not expired by Redis' clock, or its campaign not cancelled. */
void store_batch_sweep(struct store *store, const struct store_batch_name *name, struct text tenant,
                       enum outcome outcome, store_batch_changed_fn *on_answer, void *context);
/** Rows of a free batch that paths hold (WARMUP_QUOTA, SITE_SUSPENDED) are due now: what held them
 *  may be over. -EBUSY: it is claimed. */
void store_batch_hasten(struct store *store, const struct store_batch_name *name,
                        store_batch_changed_fn *on_answer, void *context);

#endif
