/* Approval between store and callers: what is stored of it, and how it is shown. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_APPROVAL_H
#define HIKYAKU_COORDINATOR_API_API_APPROVAL_H

#include "common/store/store_approval.h"
#include "coordinator/api/api_call.h"
#include "coordinator/approve/approve_rule.h"
#include "hikyaku/v1/store.pb-c.h"

/** The policy of the caller's tenant. */
void api_approval_policy(const struct api_call *call, struct approve_policy *ret_policy);

/** A step's record, packed; in the arena. */
struct text api_approval_record(const Hikyaku__V1__StoredApproval *step, struct arena *arena);

/** How it stands; in the arena. */
Hikyaku__V1__CampaignApproval *api_approval_view(const struct store_campaign *campaign,
                                                 struct arena *arena);
/** Is there anything to be read with store_approval_read()? */
bool api_approval_has_steps(const struct store_campaign *campaign);
/** What people did, into `view->approvals`; in the arena. */
void api_approval_fill_steps(const struct store_approval_list *list, struct arena *arena,
                             Hikyaku__V1__Campaign *view);

#endif
