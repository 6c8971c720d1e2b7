#include "common/mail/dkim_key.h"

#include "common/base/bytes.h"
#include "common/mail/dkim_record.h"

#include <assert.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define ED25519_BYTES 32

struct dkim_key {
    EVP_PKEY *handle;
    enum dkim_key_kind kind;
    unsigned int bits;
};

static int check_kind(EVP_PKEY *handle, enum dkim_key_kind *ret_kind, struct problem *problem)
{
    if (EVP_PKEY_is_a(handle, "ED25519") == 1) {
        *ret_kind = DKIM_KEY_KIND_ED25519;
        return 0;
    }
    if (EVP_PKEY_is_a(handle, "RSA") != 1) {
        problem_set(problem, "key", "D1", "a DKIM key is RSA or Ed25519, this is neither");
        return -EINVAL;
    }
    int bits = EVP_PKEY_get_bits(handle);
    if (bits < DKIM_KEY_RSA_MIN_BITS || bits > DKIM_KEY_RSA_MAX_BITS) {
        problem_set(problem, "key", "D1",
                    "the RSA key has %d bits; verifiers accept %d to %d, use %d", bits,
                    DKIM_KEY_RSA_MIN_BITS, DKIM_KEY_RSA_MAX_BITS, DKIM_KEY_RSA_GOOD_BITS);
        return -EKEYREJECTED;
    }
    *ret_kind = DKIM_KEY_KIND_RSA;
    return 0;
}

/* Takes `handle`, also on failure. */
static int wrap(EVP_PKEY *handle, struct dkim_key **ret_key, struct problem *problem)
{
    enum dkim_key_kind kind;
    int error = check_kind(handle, &kind, problem);
    if (error != 0) {
        EVP_PKEY_free(handle);
        return error;
    }
    struct dkim_key *key = xalloc_zero(1, sizeof *key);
    key->handle = handle;
    key->kind = kind;
    key->bits = kind == DKIM_KEY_KIND_RSA ? (unsigned int)EVP_PKEY_get_bits(handle) : 256;
    *ret_key = key;
    return 0;
}

int dkim_key_parse(struct text pem, struct dkim_key **ret_key, struct problem *problem)
{
    EVP_PKEY *handle = NULL;
    char no_password[] = ""; /* and so none is asked for on a terminal */
    if (pem.size <= DKIM_KEY_PEM_MAX_BYTES) {
        BIO *input = BIO_new_mem_buf(pem.size == 0 ? "" : pem.data, (int)pem.size);
        handle = PEM_read_bio_PrivateKey(input, NULL, NULL, no_password);
        BIO_free(input);
    }
    ERR_clear_error(); /* OpenSSL's own words say nothing to an operator */
    if (handle == NULL) {
        problem_set(problem, "key", "dkim_key",
                    "is not a private key in PEM form without a password");
        return -EINVAL;
    }
    return wrap(handle, ret_key, problem);
}

int dkim_key_generate(enum dkim_key_kind kind, unsigned int rsa_bits, struct dkim_key **ret_key,
                      struct problem *problem)
{
    if (kind == DKIM_KEY_KIND_RSA &&
        (rsa_bits < DKIM_KEY_RSA_GOOD_BITS || rsa_bits > DKIM_KEY_RSA_MAX_BITS)) {
        problem_set(problem, "bits", "D1", "a new RSA key has %d to %d bits",
                    DKIM_KEY_RSA_GOOD_BITS, DKIM_KEY_RSA_MAX_BITS);
        return -EINVAL;
    }
    EVP_PKEY *handle = kind == DKIM_KEY_KIND_RSA
                           ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits)
                           : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (handle == NULL) {
        ERR_clear_error();
        problem_set(problem, "key", "dkim_key", "the crypto library could not make a key");
        return -EIO;
    }
    return wrap(handle, ret_key, problem);
}

void dkim_key_destroy(struct dkim_key **key)
{
    if (*key == NULL) {
        return;
    }
    EVP_PKEY_free((*key)->handle);
    free(*key);
    *key = NULL;
}

enum dkim_key_kind dkim_key_kind(const struct dkim_key *key)
{
    return key->kind;
}

unsigned int dkim_key_bits(const struct dkim_key *key)
{
    return key->bits;
}

bool dkim_key_is_weak(const struct dkim_key *key)
{
    return key->kind == DKIM_KEY_KIND_RSA && key->bits < DKIM_KEY_RSA_GOOD_BITS;
}

struct evp_pkey_st *dkim_key_handle(const struct dkim_key *key)
{
    return key->handle;
}

void dkim_key_append_pem(const struct dkim_key *key, struct buffer *pem)
{
    char *data = NULL;
    BIO *output = BIO_new(BIO_s_secmem()); /* wiped when freed */
    if (output == NULL ||
        PEM_write_bio_PKCS8PrivateKey(output, key->handle, NULL, NULL, 0, NULL, NULL) != 1) {
        abort(); /* only for lack of memory */
    }
    long size = BIO_get_mem_data(output, &data);
    buffer_append(pem, data, (size_t)size);
    BIO_free(output);
}

/* p= of an RSA key is a SubjectPublicKeyInfo (RFC 6376, 3.6.1; the erratum 3017 lets an
 * RSAPublicKey pass too), of an Ed25519 key its 32 bytes (RFC 8463, 4). */
static void append_public(const struct dkim_key *key, struct buffer *record)
{
    unsigned char raw[ED25519_BYTES];
    unsigned char *der = raw;
    size_t size = sizeof raw;
    if (key->kind == DKIM_KEY_KIND_RSA) {
        der = NULL;
        int encoded = i2d_PUBKEY(key->handle, &der);
        size = encoded > 0 ? (size_t)encoded : 0;
    } else if (EVP_PKEY_get_raw_public_key(key->handle, raw, &size) != 1) {
        size = 0;
    }
    if (size == 0) {
        abort(); /* only for lack of memory */
    }
    char *place = buffer_reserve(record, 4 * ((size + 2) / 3) + 1);
    record->size += bytes_to_base64(der, size, place);
    if (der != raw) {
        OPENSSL_free(der);
    }
}

void dkim_key_append_record(const struct dkim_key *key, struct buffer *record)
{
    buffer_append_string(record, key->kind == DKIM_KEY_KIND_RSA ? "v=DKIM1; k=rsa; p="
                                                                : "v=DKIM1; k=ed25519; p=");
    append_public(key, record);
}

void dkim_key_append_zone_line(const struct dkim_key *key, struct text selector, struct text domain,
                               struct buffer *line)
{
    OWNED(buffer_finish) struct buffer record = {0};
    OWNED(buffer_finish) struct buffer name = {0};
    dkim_key_append_record(key, &record);
    buffer_printf(&name, "%.*s._domainkey.%.*s", TEXT_PRINT(selector), TEXT_PRINT(domain));
    dkim_record_append_zone_line(buffer_text(&name), buffer_text(&record), line);
}

int dkim_key_check_record(const struct dkim_key *key, struct text record, struct problem *problem)
{
    OWNED(buffer_finish) struct buffer own = {0};
    dkim_key_append_record(key, &own);
    return dkim_record_check(buffer_text(&own), record, problem);
}
