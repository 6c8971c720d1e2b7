/* What intake made, as the store takes it. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_CHUNK_H
#define HIKYAKU_COORDINATOR_API_API_CHUNK_H

#include "common/store/store_campaign.h"
#include "coordinator/intake/intake.h"

/** Borrows from `result` and `arena`. `answer`, due and expiry stay empty. */
void api_chunk_fill(const struct intake_settings *settings, const struct intake_result *result,
                    struct arena *arena, struct store_chunk *ret_chunk);

#endif
