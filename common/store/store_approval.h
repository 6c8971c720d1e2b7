/* Approval of a submitted campaign: steps of people and of time on its header, and who did what. */
#ifndef HIKYAKU_COMMON_STORE_STORE_APPROVAL_H
#define HIKYAKU_COMMON_STORE_STORE_APPROVAL_H

#include "common/store/store_campaign.h"

/** Steps that are kept; approve.v1.lua knows it too. */
#define STORE_APPROVAL_STEPS_MAX 64
/** Samples of one campaign: their numbers are below. */
#define STORE_APPROVAL_SAMPLES_MAX 16

enum store_approval_what {
    STORE_APPROVAL_APPROVE,
    STORE_APPROVAL_REJECT, /* back to DRAFT */
    STORE_APPROVAL_LAPSE,  /* the same, because nobody has approved in time */
    STORE_APPROVAL_OPEN,   /* a sample was opened */
};

struct store_approval {
    unsigned char campaign[16];
    struct text tenant;
    enum store_approval_what what;
    struct text principal; /* empty: nobody (LAPSE) */
    struct text digest;    /* what it is about, 32 bytes; empty: whatever it is (REJECT, LAPSE) */
    uint32_t number;       /* OPEN: the sample; APPROVE: samples that must have been opened */
    struct text record;    /* opaque: how store_approval_read() tells of it */
    struct text reason;    /* for the event of the new state */
};

/**
 * @param error     0; -ENOENT; -EBUSY (it does not wait for approval); -ESTALE (another digest);
 *                  -ETIME (too late); -EPERM (its author or submitter); -EDOM (samples were not
 *                  opened); -EALREADY (it stands under QUARANTINED); -EAGAIN, -ECONNRESET, -EPROTO
 * @param is_replayed  it was done before, nothing was changed
 * @param campaign  its header afterwards; NULL where the store did not answer
 */
typedef void store_approval_fn(void *context, int error, bool is_replayed,
                               const struct store_campaign *campaign);
/** One script: whoever comes first, approval, rejection, cancelling or time, settles it. */
void store_approval_step(struct store *store, const struct store_approval *approval,
                         store_approval_fn *on_answer, void *context);

struct store_approval_step {
    uint32_t number; /* rising */
    int64_t at_unix_ms;
    struct text record;
};
/** Samples that a principal has opened of this submission. */
struct store_approval_opened {
    struct text principal;
    uint32_t samples; /* a bit for each */
};
struct store_approval_list {
    const struct store_approval_step *steps; /* oldest first */
    size_t step_count;
    const struct store_approval_opened *opened;
    size_t opened_count;
};
/** @callback on_answer  `list` is valid during the call, with 0 only */
typedef void store_approval_list_fn(void *context, int error,
                                    const struct store_approval_list *list);
void store_approval_read(struct store *store, const unsigned char campaign[16],
                         store_approval_list_fn *on_answer, void *context);

#endif
