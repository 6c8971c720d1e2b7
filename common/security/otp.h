/* One-time codes of a shared secret and the time: six digits, 30 s, HMAC-SHA-1, as every
 * authenticator speaks them. Time is an argument. @source RFC 6238, RFC 4226 */
#ifndef HIKYAKU_COMMON_SECURITY_OTP_H
#define HIKYAKU_COMMON_SECURITY_OTP_H

#include "common/base/buffer.h"

#include <stdint.h>

#define OTP_SECRET_BYTES 20
#define OTP_DIGITS 6
#define OTP_STEP_S 30
/** Steps before and after now whose codes are taken: clocks differ. @source RFC 6238, 5.2 */
#define OTP_WINDOW 1

/** @return 0 or -EIO */
MUST_USE int otp_make_secret(unsigned char ret_secret[OTP_SECRET_BYTES]);
/**
 * Which step's code is it? Takes as long for a wrong one.
 * @param ret_step  out: number of the step since 1970; untouched on failure
 * @return 0; -EACCES: of none near now, or no code at all
 */
MUST_USE int otp_find_step(const unsigned char secret[OTP_SECRET_BYTES], struct text code,
                           int64_t now_unix_s, uint64_t *ret_step);
/** For authenticators: "otpauth://totp/ISSUER:ACCOUNT?secret=...". Wipe it once it is told. */
void otp_append_uri(struct text issuer, struct text account,
                    const unsigned char secret[OTP_SECRET_BYTES], struct buffer *out);

#endif
