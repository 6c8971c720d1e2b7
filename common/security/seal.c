#include "common/security/seal.h"

#include "common/base/bytes.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Where the parts of a sealed part stand. */
enum {
    AT_FORMAT = 0,
    AT_FLAGS = 1,
    AT_NONCE = 2,
    NONCE_BYTES = 12,
    AT_CIPHERTEXT = AT_NONCE + NONCE_BYTES,
    TAG_BYTES = 16,
    FLAG_ZSTD = 1,
    ASSOCIATED_BYTES = 1 + 1 + 1 + 16 + 4,
};

#define PLAIN_MAX_BYTES ((size_t)1 << 30)
/* Working memory above this is not kept between calls. */
#define KEPT_BYTES ((size_t)1 << 20)

_Static_assert(SEAL_OVERHEAD_BYTES == AT_CIPHERTEXT + TAG_BYTES, "what sealing adds");

struct seal {
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *context;
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
    int level;
    seal_nonce_fn *nonce_source;
    void *nonce_context;
    struct buffer plain;  /* parts in one run, as zstd wants them */
    struct buffer packed; /* compressed form; plaintext too */
};

static int random_nonce(void *context, unsigned char *ret_nonce, size_t size)
{
    (void)context;
    return RAND_bytes(ret_nonce, (int)size) == 1 ? 0 : -EIO;
}

struct seal *seal_create(int level)
{
    struct seal *seal = xalloc_zero(1, sizeof *seal);
    assert(level >= 0 && level <= 19);
    seal->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    seal->context = EVP_CIPHER_CTX_new();
    seal->compressor = ZSTD_createCCtx();
    seal->decompressor = ZSTD_createDCtx();
    if (seal->cipher == NULL || seal->context == NULL || seal->compressor == NULL ||
        seal->decompressor == NULL ||
        EVP_CipherInit_ex2(seal->context, seal->cipher, NULL, NULL, 1, NULL) != 1) {
        abort(); /* as xalloc */
    }
    (void)ZSTD_CCtx_setParameter(seal->compressor, ZSTD_c_compressionLevel, level);
    seal->level = level;
    seal_set_nonce_source(seal, NULL, NULL);
    return seal;
}

void seal_destroy(struct seal **seal)
{
    if (*seal == NULL) {
        return;
    }
    EVP_CIPHER_CTX_free((*seal)->context); /* wipes the key schedule */
    EVP_CIPHER_free((*seal)->cipher);
    (void)ZSTD_freeCCtx((*seal)->compressor);
    (void)ZSTD_freeDCtx((*seal)->decompressor);
    seal_wipe_buffer(&(*seal)->plain);
    seal_wipe_buffer(&(*seal)->packed);
    free(*seal);
    *seal = NULL;
}

void seal_set_nonce_source(struct seal *seal, seal_nonce_fn *source, void *context)
{
    seal->nonce_source = source == NULL ? random_nonce : source;
    seal->nonce_context = context;
}

void seal_wipe(void *secret, size_t size)
{
    OPENSSL_cleanse(secret, size);
}

void seal_wipe_buffer(struct buffer *buffer)
{
    if (buffer->data != NULL) {
        OPENSSL_cleanse(buffer->data, buffer->capacity);
    }
    buffer_finish(buffer);
}

/* Personal data does not stay in working memory longer than the call. */
static void forget(struct buffer *buffer)
{
    if (buffer->capacity > KEPT_BYTES) {
        seal_wipe_buffer(buffer);
    } else if (buffer->size > 0) {
        OPENSSL_cleanse(buffer->data, buffer->size);
        buffer_clear(buffer);
    }
}

static void write_associated(unsigned char place[ASSOCIATED_BYTES], unsigned char flags,
                             const struct seal_name *name)
{
    place[0] = SEAL_FORMAT;
    place[1] = flags;
    place[2] = (unsigned char)name->kind;
    memcpy(place + 3, name->campaign, sizeof name->campaign);
    bytes_put_u32(place + 19, name->batch);
}

/* The plaintext as one run of bytes: the only part itself, or a copy in working memory. */
static int gather(struct seal *seal, const struct text *parts, size_t part_count,
                  struct text *ret_plain)
{
    size_t total = 0;
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size > PLAIN_MAX_BYTES - total) {
            return -EMSGSIZE;
        }
        total += parts[i].size;
    }
    if (part_count == 1) {
        *ret_plain = parts[0];
        return 0;
    }
    (void)buffer_reserve(&seal->plain, total);
    for (size_t i = 0; i < part_count; i++) {
        buffer_append_text(&seal->plain, parts[i]);
    }
    *ret_plain = buffer_text(&seal->plain);
    return 0;
}

/* Replaces `plain` by its compressed form when that is shorter. */
static unsigned char compress(struct seal *seal, struct text *plain)
{
    if (seal->level == 0 || plain->size == 0) {
        return 0;
    }
    size_t bound = ZSTD_compressBound(plain->size);
    char *place = buffer_reserve(&seal->packed, bound);
    size_t size = ZSTD_compress2(seal->compressor, place, bound, plain->data, plain->size);
    if (ZSTD_isError(size) != 0 || size >= plain->size) {
        /* What did not help is plaintext too: count it so that forget() wipes it. */
        seal->packed.size = ZSTD_isError(size) != 0 ? bound : size;
        return 0;
    }
    seal->packed.size = size;
    *plain = buffer_text(&seal->packed);
    return FLAG_ZSTD;
}

static bool start_cipher(struct seal *seal, const unsigned char *key, const unsigned char *nonce,
                         const unsigned char associated[ASSOCIATED_BYTES], bool is_encrypting)
{
    int size = 0;
    /* No cipher: naming it again would throw the context's memory away and build it anew. */
    return EVP_CipherInit_ex2(seal->context, NULL, key, nonce, is_encrypting, NULL) == 1 &&
           EVP_CipherUpdate(seal->context, NULL, &size, associated, ASSOCIATED_BYTES) == 1;
}

static bool run_cipher(struct seal *seal, struct text input, unsigned char *output)
{
    int size = 0;
    return input.size == 0 ||
           (EVP_CipherUpdate(seal->context, output, &size, (const unsigned char *)input.data,
                             (int)input.size) == 1 &&
            (size_t)size == input.size);
}

static int write_sealed(struct seal *seal, const unsigned char *key, const struct seal_name *name,
                        unsigned char flags, struct text plain, struct buffer *ret_sealed)
{
    unsigned char associated[ASSOCIATED_BYTES];
    int size = 0;
    size_t total = plain.size + SEAL_OVERHEAD_BYTES;
    unsigned char *sealed = (unsigned char *)buffer_reserve(ret_sealed, total);
    sealed[AT_FORMAT] = SEAL_FORMAT;
    sealed[AT_FLAGS] = flags;
    write_associated(associated, flags, name);
    if (seal->nonce_source(seal->nonce_context, sealed + AT_NONCE, NONCE_BYTES) != 0 ||
        !start_cipher(seal, key, sealed + AT_NONCE, associated, true) ||
        !run_cipher(seal, plain, sealed + AT_CIPHERTEXT) ||
        EVP_CipherFinal_ex(seal->context, sealed + AT_CIPHERTEXT + plain.size, &size) != 1 ||
        EVP_CIPHER_CTX_ctrl(seal->context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
                            sealed + AT_CIPHERTEXT + plain.size) != 1) {
        return -EIO;
    }
    ret_sealed->size += total;
    return 0;
}

int seal_encrypt(struct seal *seal, const unsigned char *key, const struct seal_name *name,
                 const struct text *parts, size_t part_count, struct buffer *ret_sealed)
{
    struct text plain;
    int error = gather(seal, parts, part_count, &plain);
    if (error == 0) {
        unsigned char flags = compress(seal, &plain);
        error = write_sealed(seal, key, name, flags, plain, ret_sealed);
    }
    forget(&seal->plain);
    forget(&seal->packed);
    return error;
}

/* Decrypts `size` bytes to `place`. */
static int open_cipher(struct seal *seal, const unsigned char *key, const struct seal_name *name,
                       struct text sealed, unsigned char *place)
{
    unsigned char associated[ASSOCIATED_BYTES];
    unsigned char tag[TAG_BYTES];
    const unsigned char *bytes = (const unsigned char *)sealed.data;
    struct text ciphertext = {sealed.data + AT_CIPHERTEXT, sealed.size - SEAL_OVERHEAD_BYTES};
    int size = 0;
    memcpy(tag, bytes + AT_CIPHERTEXT + ciphertext.size, TAG_BYTES);
    write_associated(associated, bytes[AT_FLAGS], name);
    if (!start_cipher(seal, key, bytes + AT_NONCE, associated, false) ||
        !run_cipher(seal, ciphertext, place) ||
        EVP_CIPHER_CTX_ctrl(seal->context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) != 1 ||
        EVP_CipherFinal_ex(seal->context, place + ciphertext.size, &size) != 1) {
        OPENSSL_cleanse(place, ciphertext.size);
        return -EBADMSG;
    }
    return 0;
}

static int decompress(struct seal *seal, struct text packed, size_t max_bytes,
                      struct buffer *ret_plain)
{
    unsigned long long size = ZSTD_getFrameContentSize(packed.data, packed.size);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) {
        return -EBADMSG;
    }
    if (size > max_bytes) {
        return -EMSGSIZE;
    }
    char *place = buffer_reserve(ret_plain, (size_t)size + 1);
    size_t got =
        ZSTD_decompressDCtx(seal->decompressor, place, (size_t)size, packed.data, packed.size);
    if (ZSTD_isError(got) != 0 || got != size) {
        OPENSSL_cleanse(place, (size_t)size);
        return -EBADMSG;
    }
    ret_plain->size += (size_t)size;
    return 0;
}

static int decrypt_packed(struct seal *seal, const unsigned char *key, const struct seal_name *name,
                          struct text sealed, size_t max_bytes, struct buffer *ret_plain)
{
    size_t size = sealed.size - SEAL_OVERHEAD_BYTES;
    unsigned char *place = (unsigned char *)buffer_reserve(&seal->packed, size + 1);
    int error = open_cipher(seal, key, name, sealed, place);
    if (error == 0) {
        seal->packed.size = size;
        error = decompress(seal, buffer_text(&seal->packed), max_bytes, ret_plain);
    }
    forget(&seal->packed);
    return error;
}

int seal_decrypt(struct seal *seal, const unsigned char *key, const struct seal_name *name,
                 struct text sealed, size_t max_bytes, struct buffer *ret_plain)
{
    if (sealed.size < SEAL_OVERHEAD_BYTES || sealed.data[AT_FORMAT] != SEAL_FORMAT ||
        (sealed.data[AT_FLAGS] & ~FLAG_ZSTD) != 0) {
        return -EPROTO;
    }
    size_t size = sealed.size - SEAL_OVERHEAD_BYTES;
    if (size > max_bytes || size > PLAIN_MAX_BYTES) {
        return -EMSGSIZE; /* never longer than its plaintext: only what shrinks is packed */
    }
    if ((sealed.data[AT_FLAGS] & FLAG_ZSTD) != 0) {
        return decrypt_packed(seal, key, name, sealed, max_bytes, ret_plain);
    }
    unsigned char *place = (unsigned char *)buffer_reserve(ret_plain, size + 1);
    int error = open_cipher(seal, key, name, sealed, place);
    ret_plain->size += error == 0 ? size : 0;
    return error;
}

int seal_make_key(unsigned char ret_key[SEAL_KEY_BYTES])
{
    return RAND_priv_bytes(ret_key, SEAL_KEY_BYTES) == 1 ? 0 : -EIO;
}

static struct seal_name wrapped_name(const unsigned char campaign[16], uint32_t month)
{
    struct seal_name name = {.kind = SEAL_KEY, .batch = month};
    memcpy(name.campaign, campaign, sizeof name.campaign);
    return name;
}

int seal_wrap_key(struct seal *seal, const unsigned char *month_key, uint32_t month,
                  const unsigned char campaign[16], const unsigned char key[SEAL_KEY_BYTES],
                  struct buffer *ret_wrapped)
{
    const struct seal_name name = wrapped_name(campaign, month);
    const struct text plain = {(const char *)key, SEAL_KEY_BYTES};
    size_t before = ret_wrapped->size;
    bytes_put_u32(buffer_reserve(ret_wrapped, SEAL_WRAPPED_BYTES), month);
    ret_wrapped->size += 4;
    int error = write_sealed(seal, month_key, &name, 0, plain, ret_wrapped);
    if (error != 0) {
        ret_wrapped->size = before;
        return error;
    }
    assert(ret_wrapped->size == before + SEAL_WRAPPED_BYTES);
    return 0;
}

int seal_wrapped_month(struct text wrapped, uint32_t *ret_month)
{
    if (wrapped.size != SEAL_WRAPPED_BYTES) {
        return -EPROTO;
    }
    *ret_month = bytes_get_u32(wrapped.data);
    return 0;
}

int seal_unwrap_key(struct seal *seal, const unsigned char *month_key, struct text wrapped,
                    const unsigned char campaign[16], unsigned char ret_key[SEAL_KEY_BYTES])
{
    uint32_t month = 0;
    struct buffer key = {0};
    int error = seal_wrapped_month(wrapped, &month);
    if (error != 0) {
        return error;
    }
    const struct seal_name name = wrapped_name(campaign, month);
    error = seal_decrypt(seal, month_key, &name, text_skip(wrapped, 4), SEAL_KEY_BYTES, &key);
    if (error == 0 && key.size != SEAL_KEY_BYTES) {
        error = -EBADMSG;
    }
    if (error == 0) {
        memcpy(ret_key, key.data, SEAL_KEY_BYTES);
    }
    seal_wipe_buffer(&key);
    return error;
}
