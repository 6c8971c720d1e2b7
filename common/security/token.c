#include "common/security/token.h"

#include "common/base/bytes.h"
#include "common/security/digest.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

/* Where the parts of a token stand. */
enum {
    AT_KEY_ID = 0,
    AT_CAMPAIGN = 1,
    AT_INDEX = 17,
    AT_ADDRESS_HASH = 21,
    AT_MAC = 29,
    MAC_BYTES = 8,
    TOKEN_BYTES = AT_MAC + MAC_BYTES,
    PREFIX_LENGTH = 2,
};

_Static_assert(TOKEN_LENGTH == PREFIX_LENGTH + BYTES_BASE32_LENGTH(TOKEN_BYTES), "text form");
_Static_assert(TOKEN_ADDRESS_HASH_BYTES == crypto_shorthash_BYTES, "address hash");

static struct text prefix_of(enum token_kind kind)
{
    switch (kind) {
    case TOKEN_MESSAGE_ID:
        return TEXT("m.");
    case TOKEN_VERP:
        return TEXT("b.");
    case TOKEN_UNSUBSCRIBE:
        return TEXT("u.");
    }
    assert(false); /* no such kind of token */
    return (struct text){NULL, 0};
}

void token_campaign_key_derive(const unsigned char *token_key, unsigned char key_id,
                               const unsigned char campaign[16], struct token_campaign_key *ret_key)
{
    char context[17];
    unsigned char derived[32];
    context[0] = (char)key_id;
    memcpy(context + 1, campaign, 16);
    struct text named = {context, sizeof context};
    ret_key->key_id = key_id;
    memcpy(ret_key->campaign, campaign, sizeof ret_key->campaign);
    digest_derive_key(token_key, TEXT("token.mac"), named, ret_key->mac_key);
    digest_derive_key(token_key, TEXT("token.address"), named, derived);
    memcpy(ret_key->address_key, derived, sizeof ret_key->address_key);
    sodium_memzero(derived, sizeof derived);
}

void token_campaign_key_pack(const struct token_campaign_key *key,
                             unsigned char ret_packed[TOKEN_CAMPAIGN_KEY_PACKED_BYTES])
{
    ret_packed[0] = key->key_id;
    memcpy(ret_packed + 1, key->mac_key, sizeof key->mac_key);
    memcpy(ret_packed + 33, key->address_key, sizeof key->address_key);
}

int token_campaign_key_unpack(struct text packed, const unsigned char campaign[16],
                              struct token_campaign_key *ret_key)
{
    if (packed.size != TOKEN_CAMPAIGN_KEY_PACKED_BYTES) {
        return -EINVAL;
    }
    ret_key->key_id = (unsigned char)packed.data[0];
    memcpy(ret_key->campaign, campaign, sizeof ret_key->campaign);
    memcpy(ret_key->mac_key, packed.data + 1, sizeof ret_key->mac_key);
    memcpy(ret_key->address_key, packed.data + 33, sizeof ret_key->address_key);
    return 0;
}

void token_address_hash(const struct token_campaign_key *key,
                        const unsigned char person[ADDRESS_HASH_BYTES],
                        unsigned char ret_hash[TOKEN_ADDRESS_HASH_BYTES])
{
    (void)crypto_shorthash(ret_hash, person, ADDRESS_HASH_BYTES, key->address_key);
}

static void compute_mac(const struct token_campaign_key *key, enum token_kind kind,
                        const unsigned char *token, unsigned char ret_mac[MAC_BYTES])
{
    unsigned char mac[DIGEST_BYTES];
    const char kind_byte = (char)kind;
    const struct text parts[] = {{&kind_byte, 1}, {(const char *)token, AT_MAC}};
    digest_hmac(key->mac_key, parts, sizeof parts / sizeof parts[0], mac);
    memcpy(ret_mac, mac, MAC_BYTES);
}

void token_make_hashed(const struct token_campaign_key *key, enum token_kind kind, uint32_t index,
                       const unsigned char address_hash[TOKEN_ADDRESS_HASH_BYTES],
                       char ret_text[TOKEN_LENGTH + 1])
{
    unsigned char token[TOKEN_BYTES];
    token[AT_KEY_ID] = key->key_id;
    memcpy(token + AT_CAMPAIGN, key->campaign, sizeof key->campaign);
    bytes_put_u32(token + AT_INDEX, index);
    memcpy(token + AT_ADDRESS_HASH, address_hash, TOKEN_ADDRESS_HASH_BYTES);
    compute_mac(key, kind, token, token + AT_MAC);

    memcpy(ret_text, prefix_of(kind).data, PREFIX_LENGTH);
    bytes_to_base32(token, sizeof token, ret_text + PREFIX_LENGTH);
    text_lower_ascii(ret_text + PREFIX_LENGTH, TOKEN_LENGTH - PREFIX_LENGTH);
}

void token_make(const struct token_campaign_key *key, enum token_kind kind, uint32_t index,
                const unsigned char person[ADDRESS_HASH_BYTES], char ret_text[TOKEN_LENGTH + 1])
{
    unsigned char hash[TOKEN_ADDRESS_HASH_BYTES];
    token_address_hash(key, person, hash);
    token_make_hashed(key, kind, index, hash, ret_text);
}

static int read_bytes(enum token_kind kind, struct text text, unsigned char *ret_token)
{
    if (text.size != TOKEN_LENGTH || !text_starts_with_nocase(text, prefix_of(kind))) {
        return -EINVAL;
    }
    return bytes_from_base32(text_skip(text, PREFIX_LENGTH), ret_token, TOKEN_BYTES);
}

static void take_apart(const unsigned char *token, struct token_content *ret_content)
{
    ret_content->key_id = token[AT_KEY_ID];
    memcpy(ret_content->campaign, token + AT_CAMPAIGN, sizeof ret_content->campaign);
    ret_content->index = bytes_get_u32(token + AT_INDEX);
    memcpy(ret_content->address_hash, token + AT_ADDRESS_HASH, sizeof ret_content->address_hash);
}

int token_parse(enum token_kind kind, struct text text, struct token_content *ret_content)
{
    unsigned char token[TOKEN_BYTES];
    int error = read_bytes(kind, text, token);
    if (error != 0) {
        return error;
    }
    take_apart(token, ret_content);
    return 0;
}

int token_verify(enum token_kind kind, struct text text, token_key_fn *find_key, void *context,
                 struct token_content *ret_content)
{
    unsigned char token[TOKEN_BYTES];
    unsigned char mac[MAC_BYTES];
    struct token_campaign_key key;
    int error = read_bytes(kind, text, token);
    if (error != 0) {
        return error;
    }
    const unsigned char *token_key = find_key(context, token[AT_KEY_ID]);
    if (token_key == NULL) {
        return -ENOKEY;
    }
    token_campaign_key_derive(token_key, token[AT_KEY_ID], token + AT_CAMPAIGN, &key);
    compute_mac(&key, kind, token, mac);
    sodium_memzero(&key, sizeof key);
    if (sodium_memcmp(mac, token + AT_MAC, sizeof mac) != 0) {
        return -EBADMSG;
    }
    take_apart(token, ret_content);
    return 0;
}
