/* Digests over a canonical encoding, and keyed digests. "The same payload" means: the same digest
 * (FORMATS). Protobuf bytes are not canonical, so fields are fed by number, maps by key.
 *
 * Encoding, format 1: the byte 1, the purpose as a field 0 of bytes, then per field: number u32,
 * type u8, and by type: BYTES length u64 and the bytes; NUMBER u64; OPEN nothing, fields of the
 * message, then number 0 and type CLOSE. All big-endian. */
#ifndef HIKYAKU_COMMON_SECURITY_DIGEST_H
#define HIKYAKU_COMMON_SECURITY_DIGEST_H

#include "common/base/text.h"

#include <stdint.h>

#define DIGEST_BYTES 32

/** Incremental digest; reusable, one thread at a time. */
struct digest;

struct digest *digest_create(void);
/** Accepts NULL, nulls the pointer. */
void digest_destroy(struct digest **digest);

/** Start anew. @param purpose  what is digested, "create_campaign": other purpose, other digest */
void digest_begin(struct digest *digest, struct text purpose);

/* Fields in ascending order of their numbers (asserted); a repeated field feeds its number again.
 * Fields at their default are left out by the caller, as protobuf does. Numbers start at 1. */
void digest_add_bytes(struct digest *digest, uint32_t number, struct text bytes);
void digest_add_number(struct digest *digest, uint32_t number, uint64_t value);
/** A nested message: its fields follow, up to digest_close(). At most 16 deep. */
void digest_open(struct digest *digest, uint32_t number);
void digest_close(struct digest *digest);

struct digest_entry {
    struct text key;
    struct text value;
};
/** A map: the entries are sorted by key in place, then fed as messages {1: key, 2: value}. */
void digest_add_map(struct digest *digest, uint32_t number, struct digest_entry *entries,
                    size_t count);

/** The digest of everything fed since digest_begin(). */
void digest_finish(struct digest *digest, unsigned char ret_digest[DIGEST_BYTES]);

/** Plain SHA-256. */
void digest_sha256(struct text data, unsigned char ret_digest[DIGEST_BYTES]);
/** HMAC-SHA-256 over the parts one after the other. No allocation; thread-safe.
 *  @param key  32 bytes. @source RFC 2104 */
void digest_hmac(const unsigned char key[32], const struct text *parts, size_t part_count,
                 unsigned char ret_digest[DIGEST_BYTES]);
/** A key for one purpose: HMAC(key, "hikyaku." purpose 0x00 context). */
void digest_derive_key(const unsigned char key[32], struct text purpose, struct text context,
                       unsigned char ret_key[32]);

#endif
