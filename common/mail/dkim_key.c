#include "common/mail/dkim_key.h"

#include "common/base/bytes.h"

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

#define STRING_MAX_BYTES 255
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
    struct buffer record = {0};
    dkim_key_append_record(key, &record);
    struct text rest = buffer_text(&record);
    buffer_printf(line, "%.*s._domainkey.%.*s. IN TXT (", TEXT_PRINT(selector), TEXT_PRINT(domain));
    while (rest.size > 0) {
        size_t size = rest.size < STRING_MAX_BYTES ? rest.size : STRING_MAX_BYTES;
        buffer_append_string(line, " \"");
        buffer_append(line, rest.data, size);
        buffer_append_byte(line, '"');
        rest = text_skip(rest, size);
    }
    buffer_append_string(line, " )");
    buffer_finish(&record);
}

/* The tags of a record that matter here; absent ones have data NULL. */
struct record_tags {
    struct text version;
    struct text kind;
    struct text hashes;
    struct text services;
    struct text public_key;
    bool is_broken; /* no tag list, or a tag twice */
};

static struct text *place_of_tag(struct record_tags *tags, struct text name)
{
    if (name.size != 1) {
        return NULL;
    }
    switch (name.data[0]) {
    case 'v':
        return &tags->version;
    case 'k':
        return &tags->kind;
    case 'h':
        return &tags->hashes;
    case 's':
        return &tags->services;
    case 'p':
        return &tags->public_key;
    default:
        return NULL;
    }
}

static bool is_tag_name(struct text name)
{
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        char lower = (char)(byte | 0x20);
        bool is_letter = lower >= 'a' && lower <= 'z';
        if (!is_letter && (i == 0 || !((byte >= '0' && byte <= '9') || byte == '_'))) {
            return false;
        }
    }
    return name.size > 0;
}

/* RFC 6376, 3.2: tag-list. */
static struct record_tags read_tags(struct text record)
{
    struct record_tags tags = {.is_broken = false};
    struct text rest = text_trim(record);
    struct text tag;
    size_t position = 0;
    while (text_next_part(&rest, ';', &tag)) {
        tag = text_trim(tag);
        if (tag.size == 0 && text_trim(rest).size == 0) {
            break; /* a semicolon at the end is allowed */
        }
        size_t equals = text_find(tag, '=');
        struct text name = text_trim((struct text){tag.data, equals});
        struct text *place = place_of_tag(&tags, name);
        bool is_late_version = place == &tags.version && position > 0;
        if (equals == tag.size || !is_tag_name(name) || is_late_version ||
            (place != NULL && place->data != NULL)) {
            tags.is_broken = true;
            break;
        }
        if (place != NULL) {
            *place = text_trim(text_skip(tag, equals + 1));
            place->data = place->data == NULL ? "" : place->data;
        }
        position++;
    }
    return tags;
}

/* Is `word` in a colon-separated list? A list that is not there allows everything. */
static bool allows(struct text list, const char *word)
{
    struct text item;
    if (list.data == NULL) {
        return true;
    }
    while (text_next_part(&list, ':', &item)) {
        item = text_trim(item);
        if (text_equal_nocase(item, text_of(word)) || text_equal(item, TEXT("*"))) {
            return true;
        }
    }
    return false;
}

/* Base64 in records may hold white space (RFC 6376, 3.6.1). */
static bool is_same_base64(struct text published, struct text own)
{
    size_t at = 0;
    for (size_t i = 0; i < published.size; i++) {
        char byte = published.data[i];
        if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
            continue;
        }
        if (at == own.size || own.data[at] != byte) {
            return false;
        }
        at++;
    }
    return at == own.size;
}

static int check_public(const struct dkim_key *key, struct text published, struct problem *problem)
{
    struct buffer own = {0};
    append_public(key, &own);
    bool is_same = is_same_base64(published, buffer_text(&own));
    buffer_finish(&own);
    if (!is_same) {
        problem_set(problem, "p", "D8", "the published key is not the one that signs");
        return -EKEYREJECTED;
    }
    return 0;
}

int dkim_key_check_record(const struct dkim_key *key, struct text record, struct problem *problem)
{
    struct record_tags tags = read_tags(record);
    bool is_other_version = tags.version.data != NULL && !text_equal(tags.version, TEXT("DKIM1"));
    if (tags.is_broken || is_other_version || tags.public_key.data == NULL) {
        problem_set(problem, "record", "D8", "is not a DKIM key record (v=DKIM1; ... p=...)");
        return -EPROTO;
    }
    if (tags.public_key.size == 0) {
        problem_set(problem, "p", "D8", "the published key is revoked (p= is empty)");
        return -EKEYREVOKED;
    }
    struct text kind = tags.kind.data == NULL ? TEXT("rsa") : tags.kind;
    if (!text_equal_nocase(kind, key->kind == DKIM_KEY_KIND_RSA ? TEXT("rsa") : TEXT("ed25519"))) {
        problem_set(problem, "k", "D8",
                    "the published key is of another kind than the one that signs");
        return -EKEYREJECTED;
    }
    if (!allows(tags.hashes, "sha256") || !allows(tags.services, "email")) {
        problem_set(problem, tags.hashes.data == NULL ? "s" : "h", "D8",
                    "the published key may not be used for e-mail signed with SHA-256");
        return -EKEYREJECTED;
    }
    return check_public(key, tags.public_key, problem);
}
