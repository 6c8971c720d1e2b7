/* Sending windows of a request: checked against tzdata, packed for the header. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_WINDOWS_H
#define HIKYAKU_COORDINATOR_API_API_WINDOWS_H

#include "coordinator/api/api_call.h"

/** Notes what is wrong. @return 0 or -EINVAL */
MUST_USE int api_windows_check(struct api_call *call,
                               const Hikyaku__V1__CreateCampaignRequest *settings);
/** Pack windows that passed the check, in the call's arena. */
struct text api_windows_pack(struct api_call *call,
                             const Hikyaku__V1__CreateCampaignRequest *settings);

#endif
