/* What calls use of the quotas of their key and tenant. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_QUOTA_H
#define HIKYAKU_COORDINATOR_API_API_QUOTA_H

#include "coordinator/access/access_book.h"
#include "coordinator/api/api_call.h"

typedef void api_quota_next_fn(struct api_call *call);

/** Charge the call, then go on with `next`, or refuse it. @param body_bytes  of its request */
void api_quota_check(struct api_call *call, uint64_t body_bytes, api_quota_next_fn *next);
/** The call is over: what came to nothing is given back. */
void api_quota_settle(struct api_call *call);

/** As callers see it, and as the store keeps it; NULL for none. In the call's arena. */
Hikyaku__V1__Quota *api_quota_view(struct api_call *call, const Hikyaku__V1__StoredQuota *stored);
Hikyaku__V1__StoredQuota *api_quota_stored(struct api_call *call, const Hikyaku__V1__Quota *given);

/** A key that is shown, and what is counted for it. */
struct api_quota_shown {
    Hikyaku__V1__ApiKey *view;
    const char *tenant;  /* in the call's arena */
    const char *subject; /* likewise */
};
/** Fill in what keys with a quota have used, then go on with `next`, or refuse the call.
 *  @param shown  in the call's arena */
void api_quota_fill(struct api_call *call, const struct api_quota_shown *shown, size_t count,
                    void (*next)(void *context), void *context);

#endif
