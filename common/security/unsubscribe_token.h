/* The token in an unsubscribe link (U3): all that is needed to suppress a recipient when neither
 * the campaign nor its keys are there any more. It holds no address, only its keyed hash.
 *
 * Bytes, format 1: format u8 | key id u8 | campaign 16 | index u32 | batch u32 | position u16 |
 * address hash 16 | length of tenant u8 | length of stream u8 | tenant | stream | MAC 16; as
 * base64url. Each of the names has at most UNSUBSCRIBE_TOKEN_NAME_MAX bytes.
 *
 * The coordinator derives a key from the token key, campaign, tenant and stream and gives it to
 * workers with the content: a worker makes tokens of that campaign's list and of no other. Whoever
 * verifies derives it again. Thread-safe, allocates nothing. */
#ifndef HIKYAKU_COMMON_SECURITY_UNSUBSCRIBE_TOKEN_H
#define HIKYAKU_COMMON_SECURITY_UNSUBSCRIBE_TOKEN_H

#include "common/base/bytes.h"
#include "common/security/address_hash.h"
#include "common/security/token.h"

#define UNSUBSCRIBE_TOKEN_NAME_MAX 64
#define UNSUBSCRIBE_TOKEN_MAC_BYTES 16
/** Before the names. */
#define UNSUBSCRIBE_TOKEN_HEAD_BYTES 46
#define UNSUBSCRIBE_TOKEN_BYTES_MAX \
    (UNSUBSCRIBE_TOKEN_HEAD_BYTES + 2 * UNSUBSCRIBE_TOKEN_NAME_MAX + UNSUBSCRIBE_TOKEN_MAC_BYTES)
/** Of the text form. */
#define UNSUBSCRIBE_TOKEN_LENGTH_MAX BYTES_BASE64URL_LENGTH(UNSUBSCRIBE_TOKEN_BYTES_MAX)

/** What is unsubscribed from. Texts borrowed. */
struct unsubscribe_token_list {
    unsigned char campaign[16];
    struct text tenant; /* 1 to UNSUBSCRIBE_TOKEN_NAME_MAX bytes */
    struct text stream; /* at most UNSUBSCRIBE_TOKEN_NAME_MAX bytes */
};

/** Who. */
struct unsubscribe_token_recipient {
    uint32_t index;
    uint32_t batch; /* with the position: where its ref is, as long as it is there */
    uint16_t position;
    unsigned char hash[ADDRESS_HASH_BYTES]; /* of the address, with the tenant's key */
};

/** What a worker needs to make the tokens of one campaign. Secret: wipe it with the campaign. */
struct unsubscribe_token_key {
    unsigned char key_id; /* of the token key it is derived from */
    unsigned char mac_key[32];
};

/** @param token_key  TOKEN_KEY_BYTES, the one that `key_id` names in the key directory */
void unsubscribe_token_key_derive(const unsigned char *token_key, unsigned char key_id,
                                  const struct unsubscribe_token_list *list,
                                  struct unsubscribe_token_key *ret_key);

/** For the wire: key id, MAC key. */
#define UNSUBSCRIBE_TOKEN_KEY_PACKED_BYTES 33
void unsubscribe_token_key_pack(const struct unsubscribe_token_key *key,
                                unsigned char ret_packed[UNSUBSCRIBE_TOKEN_KEY_PACKED_BYTES]);
/** @return 0, or -EINVAL unless `packed` has the right size */
MUST_USE int unsubscribe_token_key_unpack(struct text packed,
                                          struct unsubscribe_token_key *ret_key);

/** Make a token. Same input, same token. @param ret_text  its characters and a NUL
 *  @return its length */
size_t unsubscribe_token_make(const struct unsubscribe_token_key *key,
                              const struct unsubscribe_token_list *list,
                              const struct unsubscribe_token_recipient *recipient,
                              char ret_text[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1]);

struct unsubscribe_token_content {
    unsigned char key_id;
    struct unsubscribe_token_list list; /* its texts are in `names` of the same struct */
    struct unsubscribe_token_recipient recipient;
    char names[2 * UNSUBSCRIBE_TOKEN_NAME_MAX];
};

/**
 * Read a token and check it, in constant time.
 *
 * @callback find_key   once, before it returns; see key_directory_token_key()
 * @param ret_content   out: borrows from itself, do not copy it; untouched on failure
 * @return 0; -EINVAL (no token); -ENOKEY (its key is not known any more); -EBADMSG (forged or
 *         damaged)
 */
MUST_USE int unsubscribe_token_verify(struct text text, token_key_fn *find_key, void *context,
                                      struct unsubscribe_token_content *ret_content);

#endif
