/* What holds letters in this worker's hands, for a coordinator that asks: told by the functions
 * that give letters back under a gate. */
#ifndef HIKYAKU_WORKER_OUTBOX_OUTBOX_WHY_H
#define HIKYAKU_WORKER_OUTBOX_OUTBOX_WHY_H

#include "common/base/arena.h"
#include "hikyaku/v1/fleet.pb-c.h"
#include "worker/claim/claims.h"
#include "worker/outbox/outbox.h"

/** Kinds (gate and site) that one answer has room for. */
#define OUTBOX_WHY_KINDS_MAX 100

/**
 * Answer about one letter, with how many go before it, or about all letters of a campaign, counted
 * by gate and site. Letters on the wire stand under no gate.
 *
 * @param answer  initialised by the caller; what it points to lives in `arena`
 */
void outbox_why_fill(struct outbox *outbox, const struct claims *claims,
                     const Hikyaku__V1__Inquiry *inquiry, struct arena *arena,
                     Hikyaku__V1__InquiryAnswer *answer);

#endif
