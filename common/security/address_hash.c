#include "common/security/address_hash.h"

#include "common/security/digest.h"

#include <sodium.h>
#include <string.h>

void address_hash_key(const unsigned char hash_key[ADDRESS_HASH_KEY_BYTES], struct text tenant,
                      unsigned char ret_key[ADDRESS_HASH_KEY_BYTES])
{
    digest_derive_key(hash_key, TEXT("addresses"), tenant, ret_key);
}

void address_hash_make(const unsigned char key[ADDRESS_HASH_KEY_BYTES], struct text normalised,
                       unsigned char ret_hash[ADDRESS_HASH_BYTES])
{
    unsigned char digest[DIGEST_BYTES];
    digest_hmac(key, &normalised, 1, digest);
    memcpy(ret_hash, digest, ADDRESS_HASH_BYTES);
    sodium_memzero(digest, sizeof digest);
}
