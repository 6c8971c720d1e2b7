/* Who calls: bearer keys from a secret file, kept as digests, compared in constant time. Roles and
 * scopes come with principals. */
#ifndef HIKYAKU_COORDINATOR_API_API_AUTH_H
#define HIKYAKU_COORDINATOR_API_API_AUTH_H

#include "common/base/problem.h"
#include "common/security/digest.h"

#define API_AUTH_KEYS_MAX 16
#define API_AUTH_KEY_BYTES_MIN 20
#define API_AUTH_KEY_BYTES_MAX 256

/** Zeroed: nobody. */
struct api_auth {
    unsigned char digests[API_AUTH_KEYS_MAX][DIGEST_BYTES];
    size_t count;
};

/**
 * Read keys: one a line, 20 to 256 printable ASCII characters without space; '#' begins a comment.
 * @return 0; -EINVAL (with line and reason): nothing is changed
 */
MUST_USE int api_auth_parse(struct text content, struct api_auth *ret_auth,
                            struct problem *problem);
/** Is this the value of an Authorization header with an accepted key? @source RFC 6750, 2.1 */
bool api_auth_accepts(const struct api_auth *auth, struct text authorization);

#endif
