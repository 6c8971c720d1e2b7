/* One-time codes that were taken, over all coordinators (scripts/otp). */
#ifndef HIKYAKU_COMMON_STORE_STORE_OTP_H
#define HIKYAKU_COMMON_STORE_STORE_OTP_H

#include "common/store/store.h"

/**
 * @param error    0: taken now; -ESTALE: it was taken before; -ENOENT: it is wrong; -ENOSPC: too
 *                 many were wrong, none is looked at; -EAGAIN, -ECONNRESET: not known
 * @param wait_ms  -ENOSPC: when one is looked at again
 */
typedef void store_otp_fn(void *context, int error, uint64_t wait_ms);
/** Take a code. @param step  that it is right for; 0: it is wrong, which is counted */
void store_otp_take(struct store *store, struct text principal, uint64_t step,
                    store_otp_fn *on_answer, void *context);
/** A new secret: wrong codes of the old one are forgotten. No answer. */
void store_otp_forget(struct store *store, struct text principal);

#endif
