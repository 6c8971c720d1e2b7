#include "common/mail/dkim_signer.h"

#include "common/base/bytes.h"
#include "common/mail/dkim_fields.h"
#include "common/mail/dkim_names.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURES_MAX 2
#define DIGEST_SIZE 32
#define SIGNATURE_MAX_BYTES (DKIM_KEY_RSA_MAX_BITS / 8)
/* Keys whose contexts a scratch keeps: the one used longest ago makes room. */
#define CONTEXTS_MAX 16
#define FOLD_AT 76
/* x= lies beyond our retry lifetime (D3). */
#define EXPIRES_MIN_S (5 * 86400)

struct signature_kind {
    EVP_PKEY *key; /* counted reference */
    enum dkim_key_kind kind;
    struct buffer head; /* "DKIM-Signature: ... s=...;" */
};

struct dkim_signer {
    struct signature_kind kinds[SIGNATURES_MAX];
    size_t kind_count;
    struct dkim_names names;
    enum dkim_canon_form body_form;
    uint32_t expires_after_s;
};

/* RSA contexts know key, padding and digest, and serve any number of signatures. */
struct kept_context {
    EVP_PKEY_CTX *context; /* holds a reference to its key: its address stays unique meanwhile */
    uint64_t used;
};

/* A signature between hashing and the private key operation. */
struct pending {
    struct buffer field; /* up to and including "b=" */
    unsigned char digest[DIGEST_SIZE];
};

struct dkim_signer_scratch {
    EVP_MD *sha256;
    EVP_MD_CTX *body_hash;
    EVP_MD_CTX *header_hash;
    EVP_MD_CTX *field_hash;
    EVP_MD_CTX *ed25519;
    struct kept_context contexts[CONTEXTS_MAX];
    uint64_t uses;
    struct dkim_fields fields;
    struct dkim_canon canon;
    struct buffer header_list; /* value of h= */
    struct pending pending[DKIM_SIGNER_BATCH_MAX][SIGNATURES_MAX];
};

/* RFC 6376, 3.1 and 3.5: dot-separated labels of letters, digits and inner hyphens. */
static bool is_host_name(struct text name)
{
    size_t label = 0;
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        char lower = (char)(byte | 0x20);
        bool is_word = (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9');
        bool is_inner = i > 0 && i + 1 < name.size && (byte == '.' || byte == '-');
        bool is_bad_joint = is_inner && !is_word && (byte == '.' || name.data[i - 1] == '.') &&
                            (name.data[i - 1] == '-' || name.data[i - 1] == '.');
        if ((!is_word && !is_inner) || is_bad_joint) {
            return false;
        }
        label = byte == '.' ? 0 : label + 1;
        if (label > 63) {
            return false;
        }
    }
    return name.size > 0 && name.size <= 253;
}

static int check_identity(const struct dkim_signer_identity *identity, enum dkim_key_kind kind,
                          const char *field, struct problem *problem)
{
    if (identity->key == NULL || dkim_key_kind(identity->key) != kind) {
        problem_set(problem, field, "D2", "needs a key of its kind: RSA, and Ed25519 beside it");
        return -EINVAL;
    }
    if (!is_host_name(identity->selector)) {
        problem_set(problem, field, "selector", "the selector is no host name");
        return -EINVAL;
    }
    return 0;
}

static int check_settings(const struct dkim_signer_settings *settings, struct problem *problem)
{
    const struct dkim_signer_identity *second = &settings->ed25519;
    if (!is_host_name(settings->domain)) {
        problem_set(problem, "domain", "domain", "the signing domain is no host name");
        return -EINVAL;
    }
    if (settings->expires_after_s != 0 && settings->expires_after_s <= EXPIRES_MIN_S) {
        problem_set(problem, "expires_after_s", "D3",
                    "a signature must outlive our retries: more than %d s, or 0 for none",
                    EXPIRES_MIN_S);
        return -EINVAL;
    }
    int error = check_identity(&settings->rsa, DKIM_KEY_KIND_RSA, "rsa", problem);
    if (error == 0 && second->key != NULL) {
        error = check_identity(second, DKIM_KEY_KIND_ED25519, "ed25519", problem);
        if (error == 0 && text_equal_nocase(second->selector, settings->rsa.selector)) {
            problem_set(problem, "ed25519", "D2", "each key needs its own selector");
            error = -EINVAL;
        }
    }
    return error;
}

static void add_kind(struct dkim_signer *signer, const struct dkim_signer_settings *settings,
                     const struct dkim_signer_identity *identity)
{
    struct signature_kind *kind = &signer->kinds[signer->kind_count++];
    kind->kind = dkim_key_kind(identity->key);
    kind->key = dkim_key_handle(identity->key);
    int counted = EVP_PKEY_up_ref(kind->key);
    assert(counted == 1);
    buffer_printf(&kind->head, "DKIM-Signature: v=1; a=%s; c=relaxed/%s; d=",
                  kind->kind == DKIM_KEY_KIND_RSA ? "rsa-sha256" : "ed25519-sha256",
                  settings->body_form == DKIM_CANON_FORM_RELAXED ? "relaxed" : "simple");
    size_t domain_at = kind->head.size;
    buffer_append_text(&kind->head, settings->domain);
    text_lower_ascii(kind->head.data + domain_at, settings->domain.size);
    buffer_printf(&kind->head, ";\r\n\ts=%.*s;", TEXT_PRINT(identity->selector));
}

int dkim_signer_create(const struct dkim_signer_settings *settings, struct dkim_signer **ret_signer,
                       struct problem *problem)
{
    int error = check_settings(settings, problem);
    if (error != 0) {
        return error;
    }
    struct dkim_signer *signer = xalloc_zero(1, sizeof *signer);
    error = dkim_names_init(&signer->names, settings->sign_headers, settings->sign_header_count,
                            settings->oversign_headers, settings->oversign_header_count, problem);
    if (error != 0) {
        dkim_signer_destroy(&signer);
        return error;
    }
    signer->body_form = settings->body_form;
    signer->expires_after_s = settings->expires_after_s;
    add_kind(signer, settings, &settings->rsa);
    if (settings->ed25519.key != NULL) {
        add_kind(signer, settings, &settings->ed25519);
    }
    *ret_signer = signer;
    return 0;
}

void dkim_signer_destroy(struct dkim_signer **signer)
{
    if (*signer == NULL) {
        return;
    }
    for (size_t i = 0; i < (*signer)->kind_count; i++) {
        EVP_PKEY_free((*signer)->kinds[i].key);
        buffer_finish(&(*signer)->kinds[i].head);
    }
    free(*signer);
    *signer = NULL;
}

struct dkim_signer_scratch *dkim_signer_scratch_create(void)
{
    struct dkim_signer_scratch *scratch = xalloc_zero(1, sizeof *scratch);
    scratch->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    scratch->body_hash = EVP_MD_CTX_new();
    scratch->header_hash = EVP_MD_CTX_new();
    scratch->field_hash = EVP_MD_CTX_new();
    scratch->ed25519 = EVP_MD_CTX_new();
    if (scratch->sha256 == NULL || scratch->body_hash == NULL || scratch->header_hash == NULL ||
        scratch->field_hash == NULL || scratch->ed25519 == NULL) {
        abort(); /* as xalloc */
    }
    return scratch;
}

void dkim_signer_scratch_destroy(struct dkim_signer_scratch **scratch)
{
    struct dkim_signer_scratch *own = *scratch;
    if (own == NULL) {
        return;
    }
    for (size_t i = 0; i < CONTEXTS_MAX; i++) {
        EVP_PKEY_CTX_free(own->contexts[i].context);
    }
    for (size_t i = 0; i < DKIM_SIGNER_BATCH_MAX * SIGNATURES_MAX; i++) {
        buffer_finish(&own->pending[i / SIGNATURES_MAX][i % SIGNATURES_MAX].field);
    }
    buffer_finish(&own->header_list);
    dkim_fields_finish(&own->fields);
    EVP_MD_CTX_free(own->ed25519);
    EVP_MD_CTX_free(own->field_hash);
    EVP_MD_CTX_free(own->header_hash);
    EVP_MD_CTX_free(own->body_hash);
    EVP_MD_free(own->sha256);
    free(own);
    *scratch = NULL;
}

/* Hashing fails only for lack of memory. */
static void must(int succeeded)
{
    if (succeeded != 1) {
        abort();
    }
}

static void hash_sink(void *context, const char *data, size_t size)
{
    must(EVP_DigestUpdate(context, data, size));
}

static void hash_finish(EVP_MD_CTX *hash, unsigned char ret_digest[DIGEST_SIZE])
{
    unsigned int size = 0;
    must(EVP_DigestFinal_ex(hash, ret_digest, &size));
    assert(size == DIGEST_SIZE);
}

static void hash_body(struct dkim_signer_scratch *scratch,
                      const struct dkim_signer_message *message, char *ret_base64)
{
    unsigned char digest[DIGEST_SIZE];
    struct dkim_canon *canon = &scratch->canon;
    must(EVP_DigestInit_ex2(scratch->body_hash, scratch->sha256, NULL));
    dkim_canon_body_begin(canon, message->signer->body_form, hash_sink, scratch->body_hash);
    dkim_fields_feed_body(&scratch->fields, message->parts, message->part_count, canon);
    dkim_canon_body_finish(canon);
    hash_finish(scratch->body_hash, digest);
    (void)bytes_to_base64(digest, sizeof digest, ret_base64);
}

/* One more name in h=, folded behind a colon. */
static void list_name(struct buffer *list, size_t *column, const struct dkim_name *name)
{
    if (*column > 0) {
        buffer_append_byte(list, ':');
        if (*column + name->size + 1 > FOLD_AT) {
            buffer_append_string(list, "\r\n\t ");
            *column = 2;
        }
    }
    buffer_append(list, name->written, name->size);
    *column += name->size + 1;
}

/* Hashes the signed fields, name by name, each name from the bottom up, and lists them.
 * RFC 6376, 5.4.2. */
static void hash_headers(struct dkim_signer_scratch *scratch,
                         const struct dkim_signer_message *message)
{
    struct buffer *list = &scratch->header_list;
    const struct dkim_fields *fields = &scratch->fields;
    const struct dkim_names *names = &message->signer->names;
    struct dkim_canon *canon = &scratch->canon;
    size_t column = 0;
    buffer_clear(list);
    must(EVP_DigestInit_ex2(scratch->header_hash, scratch->sha256, NULL));
    for (size_t n = 0; n < names->count; n++) {
        for (size_t i = fields->count; i > 0; i--) {
            const struct dkim_field *field = &fields->items[i - 1];
            if (field->name != (int)n) {
                continue;
            }
            dkim_canon_header_begin(canon, DKIM_CANON_FORM_RELAXED, true, hash_sink,
                                    scratch->header_hash);
            dkim_fields_feed(field, message->parts, canon);
            dkim_canon_header_finish(canon);
            list_name(list, &column, &names->items[n]);
        }
        if (names->items[n].is_oversigned) {
            list_name(list, &column, &names->items[n]);
        }
    }
}

/* Writes the field up to "b=" and hashes it behind the signed fields (RFC 6376, 3.7). */
static void write_field(struct dkim_signer_scratch *scratch,
                        const struct dkim_signer_message *message,
                        const struct signature_kind *kind, const char *body_hash,
                        struct pending *pending)
{
    struct buffer *field = &pending->field;
    buffer_clear(field);
    buffer_append_text(field, buffer_text(&kind->head));
    buffer_printf(field, " t=%" PRIu64 ";", message->signed_unix_s);
    if (message->signer->expires_after_s > 0) {
        buffer_printf(field, " x=%" PRIu64 ";",
                      message->signed_unix_s + message->signer->expires_after_s);
    }
    buffer_printf(field, "\r\n\tbh=%s;\r\n\th=", body_hash);
    buffer_append_text(field, buffer_text(&scratch->header_list));
    buffer_append_string(field, ";\r\n\tb=");

    must(EVP_MD_CTX_copy_ex(scratch->field_hash, scratch->header_hash));
    dkim_canon_header_begin(&scratch->canon, DKIM_CANON_FORM_RELAXED, false, hash_sink,
                            scratch->field_hash);
    dkim_canon_header_feed(&scratch->canon, buffer_text(field));
    dkim_canon_header_finish(&scratch->canon);
    hash_finish(scratch->field_hash, pending->digest);
}

static bool has_from(const struct dkim_fields *fields, const struct dkim_names *names)
{
    int from = dkim_names_find(names, TEXT("from"));
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->items[i].name == from) {
            return true;
        }
    }
    return false;
}

/* Everything but the private key operations. */
static int prepare(struct dkim_signer_scratch *scratch, const struct dkim_signer_message *message,
                   struct pending pending[SIGNATURES_MAX])
{
    const struct dkim_signer *signer = message->signer;
    char body_hash[4 * ((DIGEST_SIZE + 2) / 3) + 1];
    int error =
        dkim_fields_find(&scratch->fields, &signer->names, message->parts, message->part_count);
    if (error != 0 || !has_from(&scratch->fields, &signer->names)) {
        return -EINVAL;
    }
    hash_body(scratch, message, body_hash);
    hash_headers(scratch, message);
    for (size_t i = 0; i < signer->kind_count; i++) {
        write_field(scratch, message, &signer->kinds[i], body_hash, &pending[i]);
    }
    return 0;
}

/* A context for this RSA key: a kept one, or a new one in place of the one used longest ago. */
static EVP_PKEY_CTX *rsa_context(struct dkim_signer_scratch *scratch, EVP_PKEY *key)
{
    struct kept_context *oldest = &scratch->contexts[0];
    scratch->uses++;
    for (size_t i = 0; i < CONTEXTS_MAX; i++) {
        struct kept_context *kept = &scratch->contexts[i];
        if (kept->context != NULL && EVP_PKEY_CTX_get0_pkey(kept->context) == key) {
            kept->used = scratch->uses;
            return kept->context;
        }
        oldest = kept->used < oldest->used ? kept : oldest;
    }
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1) {
        EVP_PKEY_CTX_free(context);
        return NULL;
    }
    EVP_PKEY_CTX_free(oldest->context);
    *oldest = (struct kept_context){context, scratch->uses};
    return context;
}

/* RFC 8463, 3: Ed25519 signs the SHA-256 digest as its message. */
static bool private_key_operation(struct dkim_signer_scratch *scratch,
                                  const struct signature_kind *kind, const unsigned char *digest,
                                  unsigned char *signature, size_t *size)
{
    if (kind->kind == DKIM_KEY_KIND_ED25519) {
        return EVP_DigestSignInit(scratch->ed25519, NULL, NULL, NULL, kind->key) == 1 &&
               EVP_DigestSign(scratch->ed25519, signature, size, digest, DIGEST_SIZE) == 1;
    }
    EVP_PKEY_CTX *context = rsa_context(scratch, kind->key);
    return context != NULL && EVP_PKEY_sign(context, signature, size, digest, DIGEST_SIZE) == 1;
}

/* The value of b=, folded: its white space counts for nothing. */
static void append_signature(struct buffer *field, const unsigned char *signature, size_t size)
{
    char base64[4 * ((SIGNATURE_MAX_BYTES + 2) / 3) + 1];
    struct text rest = {base64, bytes_to_base64(signature, size, base64)};
    size_t line = FOLD_AT - strlen("\tb=");
    while (rest.size > 0) {
        size_t part = rest.size < line ? rest.size : line;
        buffer_append(field, rest.data, part);
        rest = text_skip(rest, part);
        buffer_append_string(field, rest.size > 0 ? "\r\n\t " : "\r\n");
        line = FOLD_AT - 2;
    }
}

static int finish(struct dkim_signer_scratch *scratch, const struct dkim_signer_message *message,
                  struct pending pending[SIGNATURES_MAX])
{
    const struct dkim_signer *signer = message->signer;
    unsigned char signature[SIGNATURE_MAX_BYTES];
    for (size_t i = 0; i < signer->kind_count; i++) {
        size_t size = sizeof signature;
        if (!private_key_operation(scratch, &signer->kinds[i], pending[i].digest, signature,
                                   &size)) {
            ERR_clear_error();
            return -EIO;
        }
        append_signature(&pending[i].field, signature, size);
    }
    for (size_t i = 0; i < signer->kind_count; i++) {
        buffer_append_text(message->output, buffer_text(&pending[i].field));
    }
    return 0;
}

void dkim_signer_sign_all(struct dkim_signer_scratch *scratch, struct dkim_signer_message *messages,
                          size_t count)
{
    assert(count <= DKIM_SIGNER_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        messages[i].result = prepare(scratch, &messages[i], scratch->pending[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (messages[i].result == 0) {
            messages[i].result = finish(scratch, &messages[i], scratch->pending[i]);
        }
    }
}

int dkim_signer_sign(struct dkim_signer_scratch *scratch, struct dkim_signer_message *message)
{
    dkim_signer_sign_all(scratch, message, 1);
    return message->result;
}
