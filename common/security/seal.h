/* Envelope encryption: what is sealed can be read only with the campaign's key, and only as what
 * it was sealed as. zstd, then AES-256-GCM. FORMATS, "Sealed parts".
 *
 * Sealed form: format u8 (1) | flags u8 (bit 0: zstd) | nonce 12 | ciphertext | tag 16.
 * Associated data: format u8, flags u8, kind u8, campaign 16, batch u32 (big-endian). */
#ifndef HIKYAKU_COMMON_SECURITY_SEAL_H
#define HIKYAKU_COMMON_SECURITY_SEAL_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

#include <stdint.h>

#define SEAL_FORMAT 1
#define SEAL_KEY_BYTES 32
/** What sealing adds at most. */
#define SEAL_OVERHEAD_BYTES 30

/** Values are stored in the associated data: append only. */
enum seal_kind {
    SEAL_CONTENT = 1,    /* content of a campaign; batch 0 */
    SEAL_RECIPIENTS = 2, /* recipients of a batch */
    SEAL_REFS = 3,       /* the callers' refs of a batch */
    SEAL_KEY = 4,        /* a campaign key under a month key; batch is the month, 202611 */
    SEAL_EVENTS = 5,     /* one flush's events of a batch */
    SEAL_BACKUP = 6,     /* a frame of a backup: campaign is its id, batch its number */
    SEAL_VAULT = 7,      /* a secret in the key directory: campaign is its name's digest, batch 0 */
    SEAL_OTP = 8,        /* a principal's secret: campaign is of its name's digest, batch 0 */
};

/** What a sealed part is; a part opens only under the name it was sealed under. */
struct seal_name {
    enum seal_kind kind;
    unsigned char campaign[16];
    uint32_t batch;
};

/** Contexts and working memory, reusable; one thread at a time, any number of seals at once. */
struct seal;

/** @param level  zstd level, 1..19; 3 is a good start for rows, 0 switches compression off */
struct seal *seal_create(int level);
/** Wipes the working memory. Accepts NULL, nulls the pointer. */
void seal_destroy(struct seal **seal);

/**
 * Seal `parts`, one after the other, under a fresh random nonce; the result is appended.
 *
 * A random 96-bit nonce allows 2^32 parts per key (NIST SP 800-38D, 8.3); a campaign has fewer.
 *
 * @param key         SEAL_KEY_BYTES; borrowed for the call
 * @param parts       at most 1 GiB together
 * @param ret_sealed  the sealed part is appended; unchanged on failure
 * @return 0; -EMSGSIZE; -EIO when the random source fails (stop sealing)
 */
MUST_USE int seal_encrypt(struct seal *seal, const unsigned char *key, const struct seal_name *name,
                          const struct text *parts, size_t part_count, struct buffer *ret_sealed);

/**
 * Open a sealed part; the plaintext is appended.
 *
 * Nothing is decompressed before the tag is right, and never more than `max_bytes`.
 *
 * @param max_bytes  bound of the plaintext
 * @param ret_plain  unchanged on failure; its holder wipes it when it is personal
 * @return 0; -EPROTO (format unknown, too short); -EBADMSG (other key, kind, campaign or batch, or
 *         altered); -EMSGSIZE (plaintext above `max_bytes`)
 */
MUST_USE int seal_decrypt(struct seal *seal, const unsigned char *key, const struct seal_name *name,
                          struct text sealed, size_t max_bytes, struct buffer *ret_plain);

/** A new campaign key from the system's random source. @return 0 or -EIO */
MUST_USE int seal_make_key(unsigned char ret_key[SEAL_KEY_BYTES]);

/** A wrapped key: month u32 (202611), then the key sealed as SEAL_KEY under the month key. */
#define SEAL_WRAPPED_BYTES (4 + SEAL_OVERHEAD_BYTES + SEAL_KEY_BYTES)

/**
 * Wrap a campaign key under a month key; exactly SEAL_WRAPPED_BYTES are appended.
 * @param month  202611 for November 2026
 * @return 0 or -EIO
 */
MUST_USE int seal_wrap_key(struct seal *seal, const unsigned char *month_key, uint32_t month,
                           const unsigned char campaign[16],
                           const unsigned char key[SEAL_KEY_BYTES], struct buffer *ret_wrapped);
/** Which month key opens this wrapped key (not yet authenticated). @return 0 or -EPROTO */
MUST_USE int seal_wrapped_month(struct text wrapped, uint32_t *ret_month);
/** @return 0, -EPROTO or -EBADMSG as seal_decrypt() */
MUST_USE int seal_unwrap_key(struct seal *seal, const unsigned char *month_key, struct text wrapped,
                             const unsigned char campaign[16],
                             unsigned char ret_key[SEAL_KEY_BYTES]);

/** Overwrite a secret so that the compiler cannot leave it out. */
void seal_wipe(void *secret, size_t size);
/** Overwrite what the buffer holds and has held, and free it. */
void seal_wipe_buffer(struct buffer *buffer);

/** Where nonces come from; replaced only by tests, which need known bytes. @return 0 or -EIO */
typedef int seal_nonce_fn(void *context, unsigned char *ret_nonce, size_t size);
void seal_set_nonce_source(struct seal *seal, seal_nonce_fn *source, void *context);

#endif
