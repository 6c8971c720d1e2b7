/* The text form of keys: "hky_<id>_<secret>", both in hex. The id may be shown; the secret is 256
 * random bits, so that its plain digest is all that needs to be kept. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_KEY_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_KEY_H

#include "common/security/digest.h"

#define ACCESS_KEY_ID_LENGTH 16
#define ACCESS_KEY_LENGTH (4 + ACCESS_KEY_ID_LENGTH + 1 + 64)

/** The id of the key that an administrator of `tenant` makes with an idempotency key. */
void access_key_id(const unsigned char id_key[DIGEST_BYTES], struct text tenant,
                   struct text idempotency_key, char ret_id[ACCESS_KEY_ID_LENGTH + 1]);
/** A new key; wipe `ret_key` once it is told. @return 0 or -EIO */
MUST_USE int access_key_make(const char *key_id, char ret_key[ACCESS_KEY_LENGTH + 1],
                             unsigned char ret_digest[DIGEST_BYTES]);
/** @param ret_id  out: borrowed from `key`. @return 0 or -EINVAL */
MUST_USE int access_key_parse(struct text key, struct text *ret_id);
/** @param digest  of the whole key. Constant time */
bool access_key_fits(struct text key, struct text digest);

/** The key in the value of an Authorization header; empty: there is none.
 *  @source RFC 6750, 2.1 */
struct text access_key_bearer(struct text authorization);

#endif
