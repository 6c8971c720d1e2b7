#include "common/security/unsubscribe_token.h"

#include "common/security/digest.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

/* Where the parts of a token stand. */
enum {
    FORMAT = 1,
    AT_FORMAT = 0,
    AT_KEY_ID = 1,
    AT_CAMPAIGN = 2,
    AT_INDEX = 18,
    AT_BATCH = 22,
    AT_POSITION = 26,
    AT_HASH = 28,
    AT_TENANT_SIZE = 44,
    AT_STREAM_SIZE = 45,
    AT_NAMES = UNSUBSCRIBE_TOKEN_HEAD_BYTES,
};

_Static_assert(AT_STREAM_SIZE + 1 == AT_NAMES, "head");
_Static_assert(AT_HASH + ADDRESS_HASH_BYTES == AT_TENANT_SIZE, "hash");

void unsubscribe_token_key_derive(const unsigned char *token_key, unsigned char key_id,
                                  const struct unsubscribe_token_list *list,
                                  struct unsubscribe_token_key *ret_key)
{
    char context[1 + 16 + 1 + 2 * UNSUBSCRIBE_TOKEN_NAME_MAX];
    size_t size = 0;
    assert(list->tenant.size <= UNSUBSCRIBE_TOKEN_NAME_MAX &&
           list->stream.size <= UNSUBSCRIBE_TOKEN_NAME_MAX);
    context[size++] = (char)key_id;
    memcpy(context + size, list->campaign, sizeof list->campaign);
    size += sizeof list->campaign;
    context[size++] = (char)list->tenant.size;
    memcpy(context + size, list->tenant.data, list->tenant.size);
    size += list->tenant.size;
    memcpy(context + size, list->stream.data, list->stream.size);
    size += list->stream.size;
    ret_key->key_id = key_id;
    digest_derive_key(token_key, TEXT("unsubscribe.mac"), (struct text){context, size},
                      ret_key->mac_key);
}

void unsubscribe_token_key_pack(const struct unsubscribe_token_key *key,
                                unsigned char ret_packed[UNSUBSCRIBE_TOKEN_KEY_PACKED_BYTES])
{
    ret_packed[0] = key->key_id;
    memcpy(ret_packed + 1, key->mac_key, sizeof key->mac_key);
}

int unsubscribe_token_key_unpack(struct text packed, struct unsubscribe_token_key *ret_key)
{
    if (packed.size != UNSUBSCRIBE_TOKEN_KEY_PACKED_BYTES) {
        return -EINVAL;
    }
    ret_key->key_id = (unsigned char)packed.data[0];
    memcpy(ret_key->mac_key, packed.data + 1, sizeof ret_key->mac_key);
    return 0;
}

static void compute_mac(const struct unsubscribe_token_key *key, const unsigned char *token,
                        size_t size, unsigned char ret_mac[UNSUBSCRIBE_TOKEN_MAC_BYTES])
{
    unsigned char mac[DIGEST_BYTES];
    const struct text part = {(const char *)token, size};
    digest_hmac(key->mac_key, &part, 1, mac);
    memcpy(ret_mac, mac, UNSUBSCRIBE_TOKEN_MAC_BYTES);
}

size_t unsubscribe_token_make(const struct unsubscribe_token_key *key,
                              const struct unsubscribe_token_list *list,
                              const struct unsubscribe_token_recipient *recipient,
                              char ret_text[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1])
{
    unsigned char token[UNSUBSCRIBE_TOKEN_BYTES_MAX];
    size_t size = AT_NAMES + list->tenant.size + list->stream.size;
    assert(list->tenant.size <= UNSUBSCRIBE_TOKEN_NAME_MAX &&
           list->stream.size <= UNSUBSCRIBE_TOKEN_NAME_MAX);
    token[AT_FORMAT] = FORMAT;
    token[AT_KEY_ID] = key->key_id;
    memcpy(token + AT_CAMPAIGN, list->campaign, sizeof list->campaign);
    bytes_put_u32(token + AT_INDEX, recipient->index);
    bytes_put_u32(token + AT_BATCH, recipient->batch);
    bytes_put_u16(token + AT_POSITION, recipient->position);
    memcpy(token + AT_HASH, recipient->hash, sizeof recipient->hash);
    token[AT_TENANT_SIZE] = (unsigned char)list->tenant.size;
    token[AT_STREAM_SIZE] = (unsigned char)list->stream.size;
    memcpy(token + AT_NAMES, list->tenant.data, list->tenant.size);
    memcpy(token + AT_NAMES + list->tenant.size, list->stream.data, list->stream.size);
    compute_mac(key, token, size, token + size);
    return bytes_to_base64url(token, size + UNSUBSCRIBE_TOKEN_MAC_BYTES, ret_text);
}

/* The names of a token whose sizes fit. */
static void find_names(const unsigned char *token, struct unsubscribe_token_list *list)
{
    const char *names = (const char *)token + AT_NAMES;
    list->tenant = (struct text){names, token[AT_TENANT_SIZE]};
    list->stream = (struct text){names + token[AT_TENANT_SIZE], token[AT_STREAM_SIZE]};
    memcpy(list->campaign, token + AT_CAMPAIGN, sizeof list->campaign);
}

/* @return the size of what the MAC covers, or -EINVAL */
static ssize_t read_bytes(struct text text, unsigned char token[UNSUBSCRIBE_TOKEN_BYTES_MAX])
{
    ssize_t size = bytes_from_base64url(text, token, UNSUBSCRIBE_TOKEN_BYTES_MAX);
    if (size < AT_NAMES + UNSUBSCRIBE_TOKEN_MAC_BYTES || token[AT_FORMAT] != FORMAT ||
        token[AT_TENANT_SIZE] == 0 || token[AT_TENANT_SIZE] > UNSUBSCRIBE_TOKEN_NAME_MAX ||
        token[AT_STREAM_SIZE] > UNSUBSCRIBE_TOKEN_NAME_MAX ||
        size != AT_NAMES + token[AT_TENANT_SIZE] + token[AT_STREAM_SIZE] +
                    UNSUBSCRIBE_TOKEN_MAC_BYTES) {
        return -EINVAL;
    }
    return size - UNSUBSCRIBE_TOKEN_MAC_BYTES;
}

static void take_apart(const unsigned char *token, struct unsubscribe_token_content *ret_content)
{
    struct unsubscribe_token_recipient *recipient = &ret_content->recipient;
    size_t tenant_size = token[AT_TENANT_SIZE];
    ret_content->key_id = token[AT_KEY_ID];
    recipient->index = bytes_get_u32(token + AT_INDEX);
    recipient->batch = bytes_get_u32(token + AT_BATCH);
    recipient->position = bytes_get_u16(token + AT_POSITION);
    memcpy(recipient->hash, token + AT_HASH, sizeof recipient->hash);
    find_names(token, &ret_content->list);
    memcpy(ret_content->names, token + AT_NAMES, tenant_size + token[AT_STREAM_SIZE]);
    ret_content->list.tenant.data = ret_content->names;
    ret_content->list.stream.data = ret_content->names + tenant_size;
}

int unsubscribe_token_verify(struct text text, token_key_fn *find_key, void *context,
                             struct unsubscribe_token_content *ret_content)
{
    unsigned char token[UNSUBSCRIBE_TOKEN_BYTES_MAX];
    unsigned char mac[UNSUBSCRIBE_TOKEN_MAC_BYTES];
    struct unsubscribe_token_list list;
    struct unsubscribe_token_key key;
    ssize_t size = read_bytes(text, token);
    if (size < 0) {
        return -EINVAL;
    }
    const unsigned char *token_key = find_key(context, token[AT_KEY_ID]);
    if (token_key == NULL) {
        return -ENOKEY;
    }
    find_names(token, &list);
    unsubscribe_token_key_derive(token_key, token[AT_KEY_ID], &list, &key);
    compute_mac(&key, token, (size_t)size, mac);
    sodium_memzero(&key, sizeof key);
    if (sodium_memcmp(mac, token + size, sizeof mac) != 0) {
        return -EBADMSG;
    }
    take_apart(token, ret_content);
    return 0;
}
