/* A call about a campaign acts in its caller's tenant: another tenant's campaign is not found, just
 * as one that there is not. Looked at before any handler, for every request that names a campaign
 * in `campaign_id`. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_OWNER_H
#define HIKYAKU_COORDINATOR_API_API_OWNER_H

#include "coordinator/api/api_call.h"

typedef void api_owner_next_fn(struct api_call *call);

/** The campaign that a request names; NULL: it names none. */
const char *api_owner_named(const ProtobufCMessage *request);
/** Go on with `next`, now or once the store has answered, or refuse the call. */
void api_owner_check(struct api_call *call, api_owner_next_fn *next);

#endif
