#include "coordinator/access/access_key.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>

#define PREFIX "hky_"
#define SECRET_BYTES 32
#define KEY_BYTES_MAX 256

void access_key_id(const unsigned char id_key[DIGEST_BYTES], struct text tenant,
                   struct text idempotency_key, char ret_id[ACCESS_KEY_ID_LENGTH + 1])
{
    static const struct text nul = {"\0", 1};
    const struct text parts[] = {nul, TEXT("api key"), nul, tenant, nul, idempotency_key};
    unsigned char mac[DIGEST_BYTES];
    digest_hmac(id_key, parts, sizeof parts / sizeof parts[0], mac);
    bytes_to_hex(mac, ACCESS_KEY_ID_LENGTH / 2, ret_id);
}

int access_key_make(const char *key_id, char ret_key[ACCESS_KEY_LENGTH + 1],
                    unsigned char ret_digest[DIGEST_BYTES])
{
    unsigned char secret[SECRET_BYTES];
    char hex[2 * SECRET_BYTES + 1];
    if (RAND_bytes(secret, sizeof secret) != 1) {
        return -EIO;
    }
    bytes_to_hex(secret, sizeof secret, hex);
    (void)snprintf(ret_key, ACCESS_KEY_LENGTH + 1, PREFIX "%s_%s", key_id, hex);
    digest_sha256(text_of(ret_key), ret_digest);
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(hex, sizeof hex);
    return 0;
}

int access_key_parse(struct text key, struct text *ret_id)
{
    struct text prefix = TEXT(PREFIX);
    unsigned char id[ACCESS_KEY_ID_LENGTH / 2];
    unsigned char secret[SECRET_BYTES];
    if (key.size != ACCESS_KEY_LENGTH || !text_starts_with(key, prefix) ||
        key.data[prefix.size + ACCESS_KEY_ID_LENGTH] != '_') {
        return -EINVAL;
    }
    struct text hex = {key.data + prefix.size, ACCESS_KEY_ID_LENGTH};
    int error = bytes_from_hex(hex, id, sizeof id);
    if (error == 0) {
        error = bytes_from_hex(text_skip(key, prefix.size + ACCESS_KEY_ID_LENGTH + 1), secret,
                               sizeof secret);
    }
    OPENSSL_cleanse(secret, sizeof secret);
    if (error == 0) {
        *ret_id = hex;
    }
    return error;
}

bool access_key_fits(struct text key, struct text digest)
{
    unsigned char own[DIGEST_BYTES];
    digest_sha256(key, own);
    return digest.size == DIGEST_BYTES && CRYPTO_memcmp(own, digest.data, DIGEST_BYTES) == 0;
}

struct text access_key_bearer(struct text authorization)
{
    struct text scheme = TEXT("Bearer ");
    if (!text_starts_with_nocase(authorization, scheme)) {
        return TEXT("");
    }
    struct text key = text_trim(text_skip(authorization, scheme.size));
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] <= ' ' || key.data[i] > '~') {
            return TEXT("");
        }
    }
    return key.size <= KEY_BYTES_MAX ? key : TEXT("");
}
