/* What coordinators are told of claims. */
#ifndef HIKYAKU_WORKER_CLAIM_CLAIMS_TOLD_H
#define HIKYAKU_WORKER_CLAIM_CLAIMS_TOLD_H

#include "worker/claim/claims.h"

/** Rooms, by group as well. @param shares  coordinators that share the room */
void claims_told_credit(const struct claims *claims, size_t shares, Hikyaku__V1__Credit *credit,
                        struct arena *arena);
/** status->claims: the names of the claims held or being asked for, at most 1,000. */
void claims_told_names(const struct claims *claims, Hikyaku__V1__WorkerStatus *status,
                       struct arena *arena);

#endif
