#include "common/security/digest.h"

#include "common/base/bytes.h"

#include <assert.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>

#define DIGEST_FORMAT 1
#define DEPTH_MAX 16

/* Values are digested: append only. */
enum field_type {
    FIELD_BYTES = 1,
    FIELD_NUMBER = 2,
    FIELD_OPEN = 3,
    FIELD_CLOSE = 4,
};

struct digest {
    EVP_MD *algorithm;
    EVP_MD_CTX *state;
    size_t depth;
    uint32_t last_number[DEPTH_MAX + 1]; /* per depth, to catch fields out of order */
};

/* SHA-256 fails only for lack of memory or a broken library: as xalloc, do not go on. */
static void must(int succeeded)
{
    if (succeeded != 1) {
        abort();
    }
}

struct digest *digest_create(void)
{
    struct digest *digest = xalloc_zero(1, sizeof *digest);
    digest->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    digest->state = EVP_MD_CTX_new();
    must(digest->algorithm != NULL && digest->state != NULL);
    return digest;
}

void digest_destroy(struct digest **digest)
{
    if (*digest == NULL) {
        return;
    }
    EVP_MD_CTX_free((*digest)->state);
    EVP_MD_free((*digest)->algorithm);
    free(*digest);
    *digest = NULL;
}

static void feed(struct digest *digest, const void *data, size_t size)
{
    must(EVP_DigestUpdate(digest->state, data, size));
}

static void feed_head(struct digest *digest, uint32_t number, enum field_type type)
{
    unsigned char head[5];
    bytes_put_u32(head, number);
    head[4] = (unsigned char)type;
    feed(digest, head, sizeof head);
}

static void feed_bytes(struct digest *digest, uint32_t number, struct text bytes)
{
    unsigned char length[8];
    bytes_put_u64(length, bytes.size);
    feed_head(digest, number, FIELD_BYTES);
    feed(digest, length, sizeof length);
    feed(digest, bytes.data, bytes.size);
}

static void check_order(struct digest *digest, uint32_t number)
{
    assert(number > 0 && number >= digest->last_number[digest->depth]);
    digest->last_number[digest->depth] = number;
}

void digest_begin(struct digest *digest, struct text purpose)
{
    static const unsigned char format = DIGEST_FORMAT;
    must(EVP_DigestInit_ex2(digest->state, digest->algorithm, NULL));
    digest->depth = 0;
    digest->last_number[0] = 0;
    feed(digest, &format, 1);
    feed_bytes(digest, 0, purpose);
}

void digest_add_bytes(struct digest *digest, uint32_t number, struct text bytes)
{
    check_order(digest, number);
    feed_bytes(digest, number, bytes);
}

void digest_add_number(struct digest *digest, uint32_t number, uint64_t value)
{
    unsigned char bytes[8];
    bytes_put_u64(bytes, value);
    check_order(digest, number);
    feed_head(digest, number, FIELD_NUMBER);
    feed(digest, bytes, sizeof bytes);
}

void digest_open(struct digest *digest, uint32_t number)
{
    check_order(digest, number);
    assert(digest->depth < DEPTH_MAX);
    digest->depth++;
    digest->last_number[digest->depth] = 0;
    feed_head(digest, number, FIELD_OPEN);
}

void digest_close(struct digest *digest)
{
    assert(digest->depth > 0);
    digest->depth--;
    feed_head(digest, 0, FIELD_CLOSE);
}

static int compare_keys(const void *a, const void *b)
{
    const struct digest_entry *first = a;
    const struct digest_entry *second = b;
    return text_compare(first->key, second->key);
}

void digest_add_map(struct digest *digest, uint32_t number, struct digest_entry *entries,
                    size_t count)
{
    if (count > 1) {
        qsort(entries, count, sizeof *entries, compare_keys);
    }
    for (size_t i = 0; i < count; i++) {
        digest_open(digest, number);
        digest_add_bytes(digest, 1, entries[i].key);
        digest_add_bytes(digest, 2, entries[i].value);
        digest_close(digest);
    }
}

void digest_finish(struct digest *digest, unsigned char ret_digest[DIGEST_BYTES])
{
    unsigned int size = 0;
    assert(digest->depth == 0);
    must(EVP_DigestFinal_ex(digest->state, ret_digest, &size));
    assert(size == DIGEST_BYTES);
}

void digest_sha256(struct text data, unsigned char ret_digest[DIGEST_BYTES])
{
    unsigned int size = 0;
    must(EVP_Digest(data.data, data.size, ret_digest, &size, EVP_sha256(), NULL));
}

/* libsodium here: its state lives on the stack and needs no look-up of an algorithm, which for
 * inputs this short costs OpenSSL more than the digest. */
void digest_hmac(const unsigned char key[32], const struct text *parts, size_t part_count,
                 unsigned char ret_digest[DIGEST_BYTES])
{
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, key, 32);
    for (size_t i = 0; i < part_count; i++) {
        (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)parts[i].data,
                                            parts[i].size);
    }
    (void)crypto_auth_hmacsha256_final(&state, ret_digest);
    sodium_memzero(&state, sizeof state);
}

void digest_derive_key(const unsigned char key[32], struct text purpose, struct text context,
                       unsigned char ret_key[32])
{
    const struct text parts[] = {TEXT("hikyaku."), purpose, {"\0", 1}, context};
    digest_hmac(key, parts, sizeof parts / sizeof parts[0], ret_key);
}
