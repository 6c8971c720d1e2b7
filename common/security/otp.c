#include "common/security/otp.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include <liboath/oath.h>

int otp_make_secret(unsigned char ret_secret[OTP_SECRET_BYTES])
{
    return RAND_bytes(ret_secret, OTP_SECRET_BYTES) == 1 ? 0 : -EIO;
}

/* @return whether `code` is the one of this step */
static bool is_of_step(const unsigned char secret[OTP_SECRET_BYTES], struct text code,
                       uint64_t step)
{
    char own[OTP_DIGITS + 1];
    int result = oath_hotp_generate((const char *)secret, OTP_SECRET_BYTES, step, OTP_DIGITS, false,
                                    OATH_HOTP_DYNAMIC_TRUNCATION, own);
    bool is_it = result == OATH_OK && CRYPTO_memcmp(own, code.data, OTP_DIGITS) == 0;
    OPENSSL_cleanse(own, sizeof own);
    return is_it;
}

int otp_find_step(const unsigned char secret[OTP_SECRET_BYTES], struct text code,
                  int64_t now_unix_s, uint64_t *ret_step)
{
    uint64_t now = now_unix_s < 0 ? 0 : (uint64_t)now_unix_s / OTP_STEP_S;
    uint64_t first = now < OTP_WINDOW ? 0 : now - OTP_WINDOW;
    uint64_t found = UINT64_MAX;
    if (code.size != OTP_DIGITS) {
        return -EACCES;
    }
    for (uint64_t step = first; step <= now + OTP_WINDOW; step++) {
        found = is_of_step(secret, code, step) ? step : found;
    }
    if (found == UINT64_MAX) {
        return -EACCES;
    }
    *ret_step = found;
    return 0;
}

static void append_escaped(struct buffer *out, struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;
        if (is_plain && c != '\0') {
            buffer_append_byte(out, (char)c);
        } else {
            buffer_printf(out, "%%%02X", c);
        }
    }
}

void otp_append_uri(struct text issuer, struct text account,
                    const unsigned char secret[OTP_SECRET_BYTES], struct buffer *out)
{
    char *base32 = NULL;
    size_t size = 0;
    if (oath_base32_encode((const char *)secret, OTP_SECRET_BYTES, &base32, &size) != OATH_OK) {
        abort(); /* as xalloc: only memory can be wanting */
    }
    buffer_append_string(out, "otpauth://totp/");
    append_escaped(out, issuer);
    buffer_append_byte(out, ':');
    append_escaped(out, account);
    buffer_printf(out, "?secret=%s&issuer=", base32);
    append_escaped(out, issuer);
    buffer_printf(out, "&algorithm=SHA1&digits=%d&period=%d", OTP_DIGITS, OTP_STEP_S);
    OPENSSL_cleanse(base32, size);
    free(base32);
}
