/* Names of things: campaign ids and their partition, session ids, keyed hashes of addresses.
 * Each is a pure function of its key and input (random ids apart); FORMATS, "Ids". */
#ifndef HIKYAKU_COMMON_SECURITY_IDENTITY_H
#define HIKYAKU_COMMON_SECURITY_IDENTITY_H

#include "common/base/text.h"

#include <stdint.h>

#define IDENTITY_KEY_BYTES 32
#define IDENTITY_CAMPAIGN_BYTES 16
#define IDENTITY_MESSAGE_BYTES 16
/** Crockford base32, upper case. */
#define IDENTITY_CAMPAIGN_LENGTH 26
#define IDENTITY_PARTITIONS 64
/** Hex. */
#define IDENTITY_SESSION_LENGTH 32
#define IDENTITY_DUPLICATE_KEY_BYTES 16
/** "-9223372036854775808" and a NUL. */
#define IDENTITY_DUPLICATE_TEXT_SIZE 21

/**
 * The id of the campaign that `tenant` creates with `idempotency_key`: first 128 bits of
 * HMAC-SHA-256(id key, tenant 0x00 idempotency_key).
 * @param tenant  not empty, without NUL (names are checked where they enter)
 */
void identity_campaign(const unsigned char id_key[IDENTITY_KEY_BYTES], struct text tenant,
                       struct text idempotency_key,
                       unsigned char ret_campaign[IDENTITY_CAMPAIGN_BYTES]);

/** The partition that drives a campaign: the low 6 bits of its id, 0..63. */
unsigned int identity_partition(const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES]);

/** The hash that stands for a message key of SendMessages in the store; identity_partition() of it
 *  is where its idempotency record and its container lie. Keyed: message keys may be personal. */
void identity_message(const unsigned char id_key[IDENTITY_KEY_BYTES], struct text tenant,
                      struct text message_key, unsigned char ret_message[IDENTITY_MESSAGE_BYTES]);
/** The partition of a single message, as identity_partition() of its hash. */
unsigned int identity_message_partition(const unsigned char id_key[IDENTITY_KEY_BYTES],
                                        struct text tenant, struct text message_key);

/**
 * The id of a container campaign: HMAC over its attributes, the low 6 bits being the partition.
 * @param attributes  canonical digest of tenant, From domain, pool, settings and hour
 *                    (digest_finish()); equal attributes give the same container
 */
void identity_container(const unsigned char id_key[IDENTITY_KEY_BYTES], struct text attributes,
                        unsigned int partition,
                        unsigned char ret_campaign[IDENTITY_CAMPAIGN_BYTES]);

/** Text form, with NUL. */
void identity_campaign_to_text(const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                               char ret_text[IDENTITY_CAMPAIGN_LENGTH + 1]);
/** @return 0, or -EINVAL unless it is 26 base32 digits (either case) */
MUST_USE int identity_campaign_from_text(struct text text,
                                         unsigned char ret_campaign[IDENTITY_CAMPAIGN_BYTES]);

/** A new session id: 128 random bits in lower-case hex, with NUL. @return 0 or -EIO */
MUST_USE int identity_session(char ret_text[IDENTITY_SESSION_LENGTH + 1]);

/** The key of a campaign's duplicate hashes, derived from the hash key: hashes of two campaigns
 *  cannot be compared. */
void identity_duplicate_key(const unsigned char hash_key[IDENTITY_KEY_BYTES],
                            const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                            unsigned char ret_key[IDENTITY_DUPLICATE_KEY_BYTES]);
/** Keyed 64-bit hash of a normalised address, as Redis' intsets keep it. */
int64_t identity_duplicate_hash(const unsigned char key[IDENTITY_DUPLICATE_KEY_BYTES],
                                struct text normalised_address);
/** The hash as signed decimal text with NUL: Lua numbers would round it. @return its length */
size_t identity_duplicate_text(int64_t hash, char ret_text[IDENTITY_DUPLICATE_TEXT_SIZE]);

#endif
