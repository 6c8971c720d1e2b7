/* A DKIM key pair: parsed once, shared by all threads; and its public half as a DNS record.
 * Files are read by key_file_read() (common/security), which keeps the rules of mode and owner. */
#ifndef HIKYAKU_COMMON_MAIL_DKIM_KEY_H
#define HIKYAKU_COMMON_MAIL_DKIM_KEY_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

#include <stdbool.h>

enum dkim_key_kind {
    DKIM_KEY_KIND_RSA,
    DKIM_KEY_KIND_ED25519,
};

/** Bounds of RSA keys: below the first refused, below the second a warning (RFC 8301, 3.2), above
 *  the third refused (verifiers stop at 4096). */
#define DKIM_KEY_RSA_MIN_BITS 1024
#define DKIM_KEY_RSA_GOOD_BITS 2048
#define DKIM_KEY_RSA_MAX_BITS 4096
/** No PEM file of a key we accept is longer. */
#define DKIM_KEY_PEM_MAX_BYTES 16384
/** The TXT record of a key we accept is shorter. */
#define DKIM_KEY_RECORD_MAX_BYTES 4096

/** Immutable; thread-safe. */
struct dkim_key;

/**
 * Parse a private key: PEM, PKCS#8 or PKCS#1, not encrypted.
 * @return 0; -EINVAL (no private key, or neither RSA nor Ed25519); -EKEYREJECTED (RSA size)
 * @source RFC 8301, 3.2; RFC 8463
 */
MUST_USE int dkim_key_parse(struct text pem, struct dkim_key **ret_key, struct problem *problem);

/** Make a new key. @param rsa_bits  2048..4096 for RSA, otherwise ignored. @return 0, -EINVAL or
 *  -EIO; RSA takes a second or so: not on the loop */
MUST_USE int dkim_key_generate(enum dkim_key_kind kind, unsigned int rsa_bits,
                               struct dkim_key **ret_key, struct problem *problem);

/** Accepts NULL, nulls the pointer. Signers made from it keep what they need. */
void dkim_key_destroy(struct dkim_key **key);

enum dkim_key_kind dkim_key_kind(const struct dkim_key *key);
/** RSA: bits of the modulus; Ed25519: 256. */
unsigned int dkim_key_bits(const struct dkim_key *key);
/** An RSA key below 2048 bits: works, but should be replaced (G7, D1). */
bool dkim_key_is_weak(const struct dkim_key *key);
/** The private key as PEM (PKCS#8), appended; the caller wipes it. */
void dkim_key_append_pem(const struct dkim_key *key, struct buffer *pem);

/** The TXT record's content, appended: "v=DKIM1; k=rsa; p=...". @source RFC 6376, 3.6.1 */
void dkim_key_append_record(const struct dkim_key *key, struct buffer *record);
/**
 * The record as a line of a zone file, appended: `<selector>._domainkey.<domain>. IN TXT ( "..."
 * "..." )`, in strings of at most 255 bytes (D9). @source RFC 6376, 3.6.2.2
 */
void dkim_key_append_zone_line(const struct dkim_key *key, struct text selector, struct text domain,
                               struct buffer *line);

/**
 * Is this the record of this key, and does it allow e-mail signed by it with SHA-256? (D8)
 *
 * @param record  content of the TXT record, its strings joined
 * @return 0; -EPROTO (no DKIM record); -EKEYREVOKED (p= is empty); -EKEYREJECTED (another key, or
 *         of another kind, hash or service). The problem's rule is D8.
 * @source RFC 6376, 3.6.1
 */
MUST_USE int dkim_key_check_record(const struct dkim_key *key, struct text record,
                                   struct problem *problem);

/** For dkim_signer.c: the EVP_PKEY, borrowed. */
struct evp_pkey_st *dkim_key_handle(const struct dkim_key *key);

#endif
