/* Tokens that name one recipient of one campaign and cannot be forged: the local parts of
 * Message-ID and return path (VERP), and the unsubscribe token. FORMATS, "Message-ID and VERP".
 *
 * Bytes, format 1: key id u8 | campaign 16 | index u32 | address hash 8 | MAC 8 = 37 bytes, as 60
 * digits of lower-case base32 behind a prefix of 2 ("m.", "b.", "u."). The MAC covers the kind.
 *
 * The coordinator derives a campaign's token key from the token key in its key directory and gives
 * it to workers with the campaign key; a worker makes tokens of that campaign and of no other.
 * Whoever verifies derives it again. Everything here is thread-safe and allocates nothing. */
#ifndef HIKYAKU_COMMON_SECURITY_TOKEN_H
#define HIKYAKU_COMMON_SECURITY_TOKEN_H

#include "common/base/text.h"
#include "common/security/address_hash.h"

#include <stdint.h>

/** Length of the text form: fits a local part of 64 bytes. */
#define TOKEN_LENGTH 62
#define TOKEN_KEY_BYTES 32
#define TOKEN_ADDRESS_HASH_BYTES 8

/** The MAC keeps the kinds apart: one is never accepted as another. */
enum token_kind {
    TOKEN_MESSAGE_ID = 1,  /* m. */
    TOKEN_VERP = 2,        /* b. */
    TOKEN_UNSUBSCRIBE = 3, /* u. */
};

/** What a worker needs to make the tokens of one campaign. Secret: wipe it with the campaign. */
struct token_campaign_key {
    unsigned char key_id; /* of the token key it is derived from */
    unsigned char campaign[16];
    unsigned char mac_key[32];
    unsigned char address_key[16];
};

/** @param token_key  TOKEN_KEY_BYTES, the one that `key_id` names in the key directory */
void token_campaign_key_derive(const unsigned char *token_key, unsigned char key_id,
                               const unsigned char campaign[16],
                               struct token_campaign_key *ret_key);

/** For the wire: key id, MAC key, address key; the campaign is known to both sides. */
#define TOKEN_CAMPAIGN_KEY_PACKED_BYTES 49
void token_campaign_key_pack(const struct token_campaign_key *key,
                             unsigned char ret_packed[TOKEN_CAMPAIGN_KEY_PACKED_BYTES]);
/** @return 0, or -EINVAL unless `packed` has the right size */
MUST_USE int token_campaign_key_unpack(struct text packed, const unsigned char campaign[16],
                                       struct token_campaign_key *ret_key);

/** What the campaign calls a person: the hash inside tokens and refs. It is made of the person's
 *  own hash, so that an erasure finds its recipients when nobody knows the address any more. */
void token_address_hash(const struct token_campaign_key *key,
                        const unsigned char person[ADDRESS_HASH_BYTES],
                        unsigned char ret_hash[TOKEN_ADDRESS_HASH_BYTES]);

/** Make a token; `ret_text` gets TOKEN_LENGTH characters and a NUL. Same input, same token. */
void token_make(const struct token_campaign_key *key, enum token_kind kind, uint32_t index,
                const unsigned char person[ADDRESS_HASH_BYTES], char ret_text[TOKEN_LENGTH + 1]);

/** The same from the hash that was kept in place of the address. */
void token_make_hashed(const struct token_campaign_key *key, enum token_kind kind, uint32_t index,
                       const unsigned char address_hash[TOKEN_ADDRESS_HASH_BYTES],
                       char ret_text[TOKEN_LENGTH + 1]);

struct token_content {
    unsigned char key_id;
    unsigned char campaign[16];
    uint32_t index;
    unsigned char address_hash[TOKEN_ADDRESS_HASH_BYTES];
};

/**
 * Read a token without checking its MAC. Only to find out which key and campaign it names.
 * Reads either case: some servers change the case of local parts.
 * @return 0, or -EINVAL (not a token of this kind)
 */
MUST_USE int token_parse(enum token_kind kind, struct text text, struct token_content *ret_content);

/** @return the token key with this id, TOKEN_KEY_BYTES, borrowed; NULL when there is none */
typedef const unsigned char *token_key_fn(void *context, unsigned char key_id);

/**
 * Read a token and check it, in constant time.
 *
 * @callback find_key  once, before it returns; see key_directory_token_key()
 * @return 0; -EINVAL (not a token of this kind); -ENOKEY (its key is not known any more);
 *         -EBADMSG (forged or damaged). `ret_content` is untouched on failure.
 */
MUST_USE int token_verify(enum token_kind kind, struct text text, token_key_fn *find_key,
                          void *context, struct token_content *ret_content);

#endif
