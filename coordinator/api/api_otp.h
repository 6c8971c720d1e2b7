/* One-time codes of calls: header Hikyaku-OTP. A code that is shown is checked, and must be good;
 * one must be shown where policy asks for it. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_OTP_H
#define HIKYAKU_COORDINATOR_API_API_OTP_H

#include "coordinator/access/access_otp.h"
#include "coordinator/api/api_dispatch.h"

typedef void api_otp_next_fn(struct api_call *call);

/** Go on with `next`, now or once the code is checked, or refuse the call.
 *  @param scopes  any one of which lets the caller call (api_dispatch_method) */
void api_otp_check(struct api_call *call, uint32_t scopes, api_otp_next_fn *next);
/** Does policy ask a code of what these scopes are used for, and none was shown? Then the call is
 *  refused. For handlers that look closer than at the method: a key of somebody else, an approval.
 */
bool api_otp_refuses(struct api_call *call, uint32_t scopes);
/** Refuse the call for want of a code. @param wait_ms  0: does not matter */
void api_otp_refuse(struct api_call *call, enum access_otp_verdict verdict, uint64_t wait_ms);

#endif
