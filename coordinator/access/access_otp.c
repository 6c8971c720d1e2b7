#include "coordinator/access/access_otp.h"

#include "common/security/digest.h"
#include "common/security/otp.h"
#include "common/security/seal.h"
#include "common/store/store.h"
#include "common/store/store_otp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ISSUER "Hikyaku"

static const struct {
    const char *word;
    const char *text;
} verdicts[ACCESS_OTP_LIMIT] = {
    [ACCESS_OTP_GOOD] = {"otp", "is good"},
    [ACCESS_OTP_REQUIRED] = {"otp_required", "this call needs a one-time code: Hikyaku-OTP, --otp"},
    [ACCESS_OTP_NOT_ENROLLED] = {"otp_not_enrolled",
                                 "this call needs a one-time code, and you have no authenticator: "
                                 "ask an administrator (hikyaku principal otp enrol)"},
    [ACCESS_OTP_WRONG] = {"otp_wrong", "this code is wrong, or its time is over"},
    [ACCESS_OTP_USED] = {"otp_used", "this code was used already: wait for the next one"},
    [ACCESS_OTP_LOCKED] = {"otp_locked", "too many codes were wrong: wait"},
    [ACCESS_OTP_UNREADABLE] = {"otp_unreadable",
                               "the secret does not open with this key directory: enrol anew"},
};

const char *access_otp_word(enum access_otp_verdict verdict)
{
    return verdicts[verdict].word;
}

const char *access_otp_text(enum access_otp_verdict verdict)
{
    return verdicts[verdict].text;
}

/* A secret opens for its principal alone. */
static struct seal_name name_of(struct text principal)
{
    struct seal_name name = {.kind = SEAL_OTP};
    unsigned char digest[DIGEST_BYTES];
    digest_sha256(principal, digest);
    memcpy(name.campaign, digest, sizeof name.campaign);
    return name;
}

static void derive_key(const struct access *access, unsigned char ret_key[SEAL_KEY_BYTES])
{
    digest_derive_key(key_directory_id_key(access_keys(access)), TEXT("otp"), TEXT(""), ret_key);
}

/* @return 0; -EBADMSG and others of seal_decrypt() */
static int open_secret(const struct access *access, const Hikyaku__V1__StoredPrincipal *stored,
                       unsigned char ret_secret[OTP_SECRET_BYTES])
{
    unsigned char key[SEAL_KEY_BYTES];
    struct buffer plain = {NULL, 0, 0};
    struct seal *seal = seal_create(0);
    struct text sealed = {(const char *)stored->otp_sealed.data, stored->otp_sealed.len};
    struct seal_name name = name_of(text_of(stored->name));
    derive_key(access, key);
    int error = seal_decrypt(seal, key, &name, sealed, OTP_SECRET_BYTES, &plain);
    if (error == 0 && plain.size != OTP_SECRET_BYTES) {
        error = -EBADMSG;
    }
    if (error == 0) {
        memcpy(ret_secret, plain.data, OTP_SECRET_BYTES);
    }
    seal_wipe(key, sizeof key);
    seal_wipe_buffer(&plain);
    seal_destroy(&seal);
    return error;
}

struct check {
    access_otp_fn *on_checked;
    void *context;
};

static void on_taken(void *context, int error, uint64_t wait_ms)
{
    struct check check = *(struct check *)context;
    enum access_otp_verdict verdict = error == 0         ? ACCESS_OTP_GOOD
                                      : error == -ESTALE ? ACCESS_OTP_USED
                                      : error == -ENOSPC ? ACCESS_OTP_LOCKED
                                                         : ACCESS_OTP_WRONG;
    bool is_known = error == 0 || error == -ESTALE || error == -ENOSPC || error == -ENOENT;
    free(context);
    check.on_checked(check.context, is_known ? 0 : error, verdict, wait_ms);
}

void access_otp_check(struct access *access, struct text principal, struct text code,
                      access_otp_fn *on_checked, void *context)
{
    unsigned char secret[OTP_SECRET_BYTES];
    struct store *store = access_store(access);
    const struct access_principal *known = access_book_principal(access_book_of(access), principal);
    if (known == NULL || known->stored->otp_sealed.len == 0) {
        on_checked(context, 0, ACCESS_OTP_NOT_ENROLLED, 0);
        return;
    }
    if (open_secret(access, known->stored, secret) != 0) {
        on_checked(context, 0, ACCESS_OTP_UNREADABLE, 0);
        return;
    }
    uint64_t step = 0;
    int error = otp_find_step(secret, code, store_now_unix_ms(store) / 1000, &step);
    seal_wipe(secret, sizeof secret);
    struct check *check = xalloc_zero(1, sizeof *check);
    *check = (struct check){on_checked, context};
    store_otp_take(store, principal, error == 0 ? step : 0, on_taken, check);
}

int access_otp_make(const struct access *access, struct text principal, struct buffer *ret_sealed,
                    struct buffer *ret_uri)
{
    unsigned char secret[OTP_SECRET_BYTES];
    unsigned char key[SEAL_KEY_BYTES];
    int error = otp_make_secret(secret);
    if (error == 0) {
        struct seal *seal = seal_create(0);
        const struct text part = {(const char *)secret, sizeof secret};
        struct seal_name name = name_of(principal);
        derive_key(access, key);
        error = seal_encrypt(seal, key, &name, &part, 1, ret_sealed);
        seal_wipe(key, sizeof key);
        seal_destroy(&seal);
    }
    if (error == 0) {
        otp_append_uri(TEXT(ISSUER), principal, secret, ret_uri);
    }
    seal_wipe(secret, sizeof secret);
    return error;
}
