#include "common/security/identity.h"

#include "common/base/bytes.h"
#include "common/security/digest.h"

#include <assert.h>
#include <errno.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const struct text nul = {"\0", 1};

_Static_assert(IDENTITY_CAMPAIGN_LENGTH == BYTES_BASE32_LENGTH(IDENTITY_CAMPAIGN_BYTES),
               "text form of a campaign id");
_Static_assert(IDENTITY_DUPLICATE_KEY_BYTES == crypto_shorthash_KEYBYTES &&
                   crypto_shorthash_BYTES == sizeof(int64_t),
               "keyed hash");

/* Tenant names hold no NUL and are never empty: so what stands before the first NUL tells these
 * uses of the id key apart (a tenant; nothing, then "message" or "container"). */
void identity_campaign(const unsigned char id_key[IDENTITY_KEY_BYTES], struct text tenant,
                       struct text idempotency_key,
                       unsigned char ret_campaign[IDENTITY_CAMPAIGN_BYTES])
{
    unsigned char mac[DIGEST_BYTES];
    const struct text parts[] = {tenant, nul, idempotency_key};
    assert(tenant.size > 0);
    digest_hmac(id_key, parts, sizeof parts / sizeof parts[0], mac);
    memcpy(ret_campaign, mac, IDENTITY_CAMPAIGN_BYTES);
}

unsigned int identity_partition(const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES])
{
    return campaign[IDENTITY_CAMPAIGN_BYTES - 1] % IDENTITY_PARTITIONS;
}

void identity_message(const unsigned char id_key[IDENTITY_KEY_BYTES], struct text tenant,
                      struct text message_key, unsigned char ret_message[IDENTITY_MESSAGE_BYTES])
{
    unsigned char mac[DIGEST_BYTES];
    const struct text parts[] = {nul, TEXT("message"), nul, tenant, nul, message_key};
    assert(tenant.size > 0);
    digest_hmac(id_key, parts, sizeof parts / sizeof parts[0], mac);
    memcpy(ret_message, mac, IDENTITY_MESSAGE_BYTES);
}

unsigned int identity_message_partition(const unsigned char id_key[IDENTITY_KEY_BYTES],
                                        struct text tenant, struct text message_key)
{
    unsigned char message[IDENTITY_MESSAGE_BYTES];
    identity_message(id_key, tenant, message_key, message);
    return identity_partition(message);
}

void identity_container(const unsigned char id_key[IDENTITY_KEY_BYTES], struct text attributes,
                        unsigned int partition, unsigned char ret_campaign[IDENTITY_CAMPAIGN_BYTES])
{
    unsigned char mac[DIGEST_BYTES];
    const struct text parts[] = {nul, TEXT("container"), nul, attributes};
    assert(partition < IDENTITY_PARTITIONS);
    digest_hmac(id_key, parts, sizeof parts / sizeof parts[0], mac);
    memcpy(ret_campaign, mac, IDENTITY_CAMPAIGN_BYTES);
    unsigned char *last = &ret_campaign[IDENTITY_CAMPAIGN_BYTES - 1];
    *last = (unsigned char)(*last - *last % IDENTITY_PARTITIONS + partition);
}

void identity_campaign_to_text(const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                               char ret_text[IDENTITY_CAMPAIGN_LENGTH + 1])
{
    bytes_to_base32(campaign, IDENTITY_CAMPAIGN_BYTES, ret_text);
}

int identity_campaign_from_text(struct text text,
                                unsigned char ret_campaign[IDENTITY_CAMPAIGN_BYTES])
{
    unsigned char campaign[IDENTITY_CAMPAIGN_BYTES];
    int error = bytes_from_base32(text, campaign, sizeof campaign);
    if (error != 0) {
        return error;
    }
    memcpy(ret_campaign, campaign, sizeof campaign);
    return 0;
}

int identity_session(char ret_text[IDENTITY_SESSION_LENGTH + 1])
{
    unsigned char random[IDENTITY_SESSION_LENGTH / 2];
    if (RAND_bytes(random, sizeof random) != 1) {
        return -EIO;
    }
    bytes_to_hex(random, sizeof random, ret_text);
    return 0;
}

void identity_duplicate_key(const unsigned char hash_key[IDENTITY_KEY_BYTES],
                            const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                            unsigned char ret_key[IDENTITY_DUPLICATE_KEY_BYTES])
{
    unsigned char key[DIGEST_BYTES];
    digest_derive_key(hash_key, TEXT("duplicates"),
                      (struct text){(const char *)campaign, IDENTITY_CAMPAIGN_BYTES}, key);
    memcpy(ret_key, key, IDENTITY_DUPLICATE_KEY_BYTES);
    sodium_memzero(key, sizeof key);
}

int64_t identity_duplicate_hash(const unsigned char key[IDENTITY_DUPLICATE_KEY_BYTES],
                                struct text normalised_address)
{
    unsigned char hash[crypto_shorthash_BYTES];
    (void)crypto_shorthash(hash, (const unsigned char *)normalised_address.data,
                           normalised_address.size, key);
    return (int64_t)bytes_get_u64(hash);
}

size_t identity_duplicate_text(int64_t hash, char ret_text[IDENTITY_DUPLICATE_TEXT_SIZE])
{
    int length = snprintf(ret_text, IDENTITY_DUPLICATE_TEXT_SIZE, "%lld", (long long)hash);
    assert(length > 0 && length < IDENTITY_DUPLICATE_TEXT_SIZE);
    return (size_t)length;
}
