/* A letter written out: composed and signed, ready for the wire. Made in the pool. */
#ifndef HIKYAKU_WORKER_PIPELINE_DRAFT_H
#define HIKYAKU_WORKER_PIPELINE_DRAFT_H

#include "common/mail/dkim_signer.h"
#include "worker/claim/claim.h"
#include "worker/smtp/smtp_message.h"

#define DRAFT_SENDER_BYTES 330

struct draft {
    struct letter *letter;    /* borrowed */
    struct draft *next;       /* in the pipeline's lists */
    struct smtp_message wire; /* for a session; points into the parts below */
    struct composed message;
    struct buffer signature;      /* DKIM-Signature fields */
    struct compose_prepared *own; /* of a message that overrides its content; owned */
    int64_t now_unix_s;
    int error; /* why it could not be written: `problem` says it */
    struct problem problem;
    char sender[DRAFT_SENDER_BYTES];
};

/** What one thread needs; reused. */
struct draft_scratch;
struct draft_scratch *draft_scratch_create(void);
void draft_scratch_destroy(struct draft_scratch **scratch);
/** CPU time of signing since the last call. */
uint64_t draft_scratch_take_sign_cpu_us(struct draft_scratch *scratch);

/**
 * Compose all, then sign all together. In the pool: touches only the drafts, their letters' packed
 * recipients and what is immutable in their campaigns.
 * @param drafts  at most DKIM_SIGNER_BATCH_MAX
 */
void draft_write_all(struct draft_scratch *scratch, struct draft *const *drafts, size_t count);
/** Ready for another letter; keeps memory of common size. */
void draft_clear(struct draft *draft);
void draft_finish(struct draft *draft);

#endif
