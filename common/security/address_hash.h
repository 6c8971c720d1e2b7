/* The keyed hash that stands for an address where none may stand: suppression lists, the erasure
 * ledger, unsubscribe tokens, the check for double sends. Two tenants' hashes cannot be compared.
 * Pure and thread-safe. */
#ifndef HIKYAKU_COMMON_SECURITY_ADDRESS_HASH_H
#define HIKYAKU_COMMON_SECURITY_ADDRESS_HASH_H

#include "common/base/text.h"

#define ADDRESS_HASH_BYTES 16
#define ADDRESS_HASH_KEY_BYTES 32
/** Hex, without NUL. */
#define ADDRESS_HASH_LENGTH 32

/** The tenant's key, derived from the hash key of the key directory, which nothing destroys.
 * Secret: wipe it. */
void address_hash_key(const unsigned char hash_key[ADDRESS_HASH_KEY_BYTES], struct text tenant,
                      unsigned char ret_key[ADDRESS_HASH_KEY_BYTES]);
/** HMAC-SHA-256, cut to 128 bits. @param normalised  what address_key() makes of the address */
void address_hash_make(const unsigned char key[ADDRESS_HASH_KEY_BYTES], struct text normalised,
                       unsigned char ret_hash[ADDRESS_HASH_BYTES]);

#endif
