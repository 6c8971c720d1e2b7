/* DKIM signing: the last thing that happens to a message (D7). A signer is made once per domain
 * and is immutable: all threads of a pool use it at once, each with its own scratch. */
#ifndef HIKYAKU_COMMON_MAIL_DKIM_SIGNER_H
#define HIKYAKU_COMMON_MAIL_DKIM_SIGNER_H

#include "common/base/buffer.h"
#include "common/base/problem.h"
#include "common/mail/dkim_canon.h"
#include "common/mail/dkim_key.h"

/** Most messages that dkim_signer_sign_all() takes at once. */
#define DKIM_SIGNER_BATCH_MAX 8

struct dkim_signer;
struct dkim_signer_scratch;

/** One DKIM-Signature of each message. */
struct dkim_signer_identity {
    const struct dkim_key *key; /* borrowed for create */
    struct text selector;
};

struct dkim_signer_settings {
    struct text domain;                  /* d=, A-labels, any case */
    struct dkim_signer_identity rsa;     /* required: verifiers without Ed25519 are many */
    struct dkim_signer_identity ed25519; /* key NULL: one signature (D2) */
    enum dkim_canon_form body_form;      /* header fields are always relaxed (D3) */
    const struct text *sign_headers;     /* names to sign when present; NULL: D4's list */
    size_t sign_header_count;            /* at most 64 */
    const struct text *oversign_headers; /* named once more than they occur; NULL: D6's list */
    size_t oversign_header_count;        /* at most 64 */
    uint32_t expires_after_s;            /* x= = t= + this; 0: no x= (D3: beyond 5 d) */
};

/**
 * @return 0; -EINVAL, with field and rule: domain or selector is no host name, key of the wrong
 *         kind, From not signed, a name signed that must not be (D4, D5), x= of 5 days or less
 * @source RFC 6376, 3.5, 5.4; RFC 8301; RFC 8463
 */
MUST_USE int dkim_signer_create(const struct dkim_signer_settings *settings,
                                struct dkim_signer **ret_signer, struct problem *problem);
/** No thread may be signing with it. Accepts NULL, nulls the pointer. */
void dkim_signer_destroy(struct dkim_signer **signer);

/** What one thread needs to sign: digest and key contexts that are kept from message to message.
 *  One thread at a time; works with any number of signers. */
struct dkim_signer_scratch *dkim_signer_scratch_create(void);
void dkim_signer_scratch_destroy(struct dkim_signer_scratch **scratch);

struct dkim_signer_message {
    const struct dkim_signer *signer;
    const struct text *parts; /* the message as it will be sent, without dot-stuffing: header
                                 fields, empty line, body, CRLF; cut anywhere */
    size_t part_count;
    uint64_t signed_unix_s; /* t= */
    struct buffer *output;  /* out: the DKIM-Signature fields, CRLF included, are appended */
    int result;             /* out of dkim_signer_sign_all(): as dkim_signer_sign() */
};

/**
 * Sign a message. Put the output in front of it and change nothing any more.
 *
 * CPU-bound (RSA-2048: about 0.6 ms): in the pool.
 *
 * @return 0; -EINVAL (no From, or header fields that are none); -EIO (the crypto library failed)
 * @source RFC 6376, 3.7, 5.5, 5.6
 */
MUST_USE int dkim_signer_sign(struct dkim_signer_scratch *scratch,
                              struct dkim_signer_message *message);

/** Sign up to DKIM_SIGNER_BATCH_MAX messages, each with its own result: hashing first, then all
 *  private key operations, so that a multi-buffer backend can take them together. */
void dkim_signer_sign_all(struct dkim_signer_scratch *scratch, struct dkim_signer_message *messages,
                          size_t count);

#endif
