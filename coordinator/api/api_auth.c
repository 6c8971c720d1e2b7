#include "coordinator/api/api_auth.h"

#include <errno.h>
#include <openssl/crypto.h>

static bool is_key(struct text key)
{
    if (key.size < API_AUTH_KEY_BYTES_MIN || key.size > API_AUTH_KEY_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] <= ' ' || key.data[i] > '~') {
            return false;
        }
    }
    return true;
}

int api_auth_parse(struct text content, struct api_auth *ret_auth, struct problem *problem)
{
    struct api_auth auth = {.count = 0};
    struct text line;
    unsigned int number = 0;
    while (text_next_part(&content, '\n', &line)) {
        number++;
        line = text_trim(line);
        if (line.size == 0 || line.data[0] == '#') {
            continue;
        }
        if (!is_key(line)) {
            problem_set(problem, "", "bearer_key",
                        "line %u is no key: %d to %d printable characters without space", number,
                        API_AUTH_KEY_BYTES_MIN, API_AUTH_KEY_BYTES_MAX);
            return -EINVAL;
        }
        if (auth.count == API_AUTH_KEYS_MAX) {
            problem_set(problem, "", "bearer_key", "more than %d keys", API_AUTH_KEYS_MAX);
            return -EINVAL;
        }
        digest_sha256(line, auth.digests[auth.count++]);
    }
    if (auth.count == 0) {
        problem_set(problem, "", "bearer_key", "there is no key in it: `hikyaku keygen api FILE`");
        return -EINVAL;
    }
    *ret_auth = auth;
    return 0;
}

bool api_auth_accepts(const struct api_auth *auth, struct text authorization)
{
    struct text scheme = TEXT("Bearer ");
    if (!text_starts_with_nocase(authorization, scheme)) {
        return false;
    }
    struct text key = text_trim(text_skip(authorization, scheme.size));
    if (!is_key(key)) {
        return false;
    }
    unsigned char digest[DIGEST_BYTES];
    digest_sha256(key, digest);
    int found = 0;
    for (size_t i = 0; i < auth->count; i++) {
        found |= CRYPTO_memcmp(digest, auth->digests[i], DIGEST_BYTES) == 0;
    }
    return found != 0;
}
