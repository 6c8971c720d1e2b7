/* Claims that the store holds for this session and that this worker knows nothing of: their answer
 * got lost for good, or a failover brought back one that had ended. They go back to the store. */
#ifndef HIKYAKU_WORKER_CLAIM_CLAIM_RETURN_H
#define HIKYAKU_WORKER_CLAIM_CLAIM_RETURN_H

#include "hikyaku/v1/fleet.pb-c.h"
#include "worker/claim/claims.h"

/**
 * A coordinator asks for a claim back. Nothing happens when it is held here or being asked for:
 * then its end is on the way. What the worker once sent under it must be told before (evidence):
 * rows in doubt are settled by the store as for a session that left.
 *
 * @param session  our own, 32 hex digits; borrowed for the call
 */
void claim_return_on_asked(const struct claims *claims, struct store *store, const char *session,
                           const Hikyaku__V1__ReturnClaim *asked);

#endif
