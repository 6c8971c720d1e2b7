/* One-time codes of principals: secrets sealed with a key of the key directory, each step taken
 * once over all coordinators. The secret belongs to the principal, whichever of its keys calls. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_OTP_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_OTP_H

#include "common/base/buffer.h"
#include "coordinator/access/access.h"

enum access_otp_verdict {
    ACCESS_OTP_GOOD,
    ACCESS_OTP_REQUIRED, /* none was shown */
    ACCESS_OTP_NOT_ENROLLED,
    ACCESS_OTP_WRONG,
    ACCESS_OTP_USED,
    ACCESS_OTP_LOCKED,     /* too many wrong ones: wait */
    ACCESS_OTP_UNREADABLE, /* its secret does not open with this key directory */
    ACCESS_OTP_LIMIT
};

/** For callers and logs: "otp_wrong", and a sentence. */
const char *access_otp_word(enum access_otp_verdict verdict);
const char *access_otp_text(enum access_otp_verdict verdict);

/** @param error    0: see `verdict`; else of the store, and nothing is known
 *  @param wait_ms  LOCKED: when to come again */
typedef void access_otp_fn(void *context, int error, enum access_otp_verdict verdict,
                           uint64_t wait_ms);
/** Check the code that a principal shows, and take it: it is good once.
 *  @callback  once, perhaps before this returns */
void access_otp_check(struct access *access, struct text principal, struct text code,
                      access_otp_fn *on_checked, void *context);

/**
 * A new secret for a principal.
 * @param ret_sealed  what its record keeps is appended
 * @param ret_uri     what its authenticator is told is appended; wipe it
 * @return 0 or -EIO
 */
MUST_USE int access_otp_make(const struct access *access, struct text principal,
                             struct buffer *ret_sealed, struct buffer *ret_uri);

#endif
