/* Transitions of campaigns: create, add a chunk, submit, control, read, list. */
#ifndef HIKYAKU_COMMON_STORE_STORE_CAMPAIGN_H
#define HIKYAKU_COMMON_STORE_STORE_CAMPAIGN_H

#include "common/store/store.h"
#include "common/store/store_campaign_add.h"
#include "common/store/store_campaign_record.h"

/**
 * @param error     0; -EEXIST (other payload under this key); -EAGAIN, -ECONNRESET (store.h);
 *                  -ENOSPC (maxmemory)
 * @param campaign  what is stored; is_replayed when it was there already
 */
typedef void store_campaign_created_fn(void *context, int error, bool is_replayed,
                                       const struct store_campaign *campaign);
/** Create a DRAFT campaign (a container: RUNNING). @param sealed_content  kind SEAL_CONTENT */
void store_campaign_create(struct store *store, const struct store_campaign *campaign,
                           struct text sealed_content, store_campaign_created_fn *on_answer,
                           void *context);

/** Chunk markers, for Submit: numbers and digests. */
struct store_chunk_marker {
    uint32_t number;
    uint32_t batches; /* of the chunk: ordinals 0..batches-1 */
    unsigned char digest[32];
};
typedef void store_campaign_markers_fn(void *context, int error,
                                       const struct store_chunk_marker *markers, size_t count);
/** @callback on_answer  markers in ascending order of their numbers */
void store_campaign_markers(struct store *store, const unsigned char campaign[16],
                            store_campaign_markers_fn *on_answer, void *context);

struct store_submit {
    unsigned char campaign[16];
    uint32_t chunks;    /* as the markers had them; others since: -EAGAIN, read again */
    struct text digest; /* 32 bytes */
    int64_t scheduled_unix_ms;
    uint8_t approvals;         /* that it needs before it may run; 0: none */
    uint64_t patience_ms;      /* how long it waits for them; 0: for ever */
    struct text submitter;     /* the principal */
    struct text approval_step; /* opaque: how store_approval_read() will tell of this */
};
/** @param error  0; -ENOENT; -EBUSY (state); -ESTALE (chunks were added since); ...
 *  @param campaign  its header afterwards (also with -EBUSY) */
typedef void store_campaign_fn(void *context, int error, const struct store_campaign *campaign);
/** DRAFT -> SCHEDULED or RUNNING, or AWAITING_APPROVAL; a submitted one with the same digest
 * answers as it stands. The duplicate buckets are dropped afterwards, unless it may become a DRAFT
 * again.
 */
void store_campaign_submit(struct store *store, const struct store_submit *submit,
                           store_campaign_fn *on_answer, void *context);

/** SCHEDULED -> RUNNING when its time has come (driver). */
void store_campaign_start(struct store *store, const unsigned char campaign[16],
                          store_campaign_fn *on_answer, void *context);

/** A container whose hour is over takes no more chunks; it ends with its last open batch. */
void store_campaign_close(struct store *store, const unsigned char campaign[16],
                          store_campaign_fn *on_answer, void *context);

enum store_control {
    STORE_CONTROL_PAUSE,
    STORE_CONTROL_RESUME, /* refused while it stands under QUARANTINED */
    STORE_CONTROL_CANCEL,
    STORE_CONTROL_TRIP,       /* pause by a breaker; -EBUSY also when one has paused it before */
    STORE_CONTROL_RELEASE,    /* from quarantine (store_quarantine.h); none is in it: no change */
    STORE_CONTROL_QUARANTINE, /* its loads killed coordinators (store_trial.h) */
};
/** Flag only: rows change batch by batch. @param error  -EBUSY: not in this state */
void store_campaign_control(struct store *store, const unsigned char campaign[16],
                            enum store_control control, struct text reason,
                            store_campaign_fn *on_answer, void *context);

enum store_canary_step {
    STORE_CANARY_STEP_WAIT, /* all of it was tried: the wait begins */
    STORE_CANARY_STEP_PASS, /* the wait is over: the rest goes out */
    STORE_CANARY_STEP_FAIL, /* the wait is over: the campaign is paused */
};
/** @param error  -EBUSY: it does not stand there (any more) */
void store_campaign_canary(struct store *store, const unsigned char campaign[16],
                           enum store_canary_step step, struct text reason,
                           store_campaign_fn *on_answer, void *context);

/** @param error  0, -ENOENT, -EAGAIN, -ECONNRESET, -EPROTO (damaged) */
void store_campaign_get(struct store *store, const unsigned char campaign[16],
                        store_campaign_fn *on_answer, void *context);
/** @param sealed  valid during the call */
typedef void store_campaign_content_fn(void *context, int error, struct text sealed);
void store_campaign_content(struct store *store, const unsigned char campaign[16],
                            store_campaign_content_fn *on_answer, void *context);
/** The map of a chunk (intake_map.h). @param error  -ENOENT: no such chunk */
void store_campaign_map(struct store *store, const unsigned char campaign[16], uint32_t chunk,
                        store_campaign_content_fn *on_answer, void *context);

/** @param ids  16 bytes each, newest first */
typedef void store_campaign_ids_fn(void *context, int error, const unsigned char (*ids)[16],
                                   size_t count);
/** Campaigns of a partition that have not ended (for its driver). */
void store_campaign_active(struct store *store, unsigned int partition,
                           store_campaign_ids_fn *on_answer, void *context);
/** Campaigns of a partition created in from..to, newest first. */
void store_campaign_list(struct store *store, unsigned int partition, int64_t from_unix_ms,
                         int64_t to_unix_ms, size_t limit, store_campaign_ids_fn *on_answer,
                         void *context);

#endif
