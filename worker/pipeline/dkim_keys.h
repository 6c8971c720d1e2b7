/* The DKIM keys of this worker: a directory with DIR/<domain>/<selector>.pem, read once at start;
 * signers made from them are immutable and shared by all threads. */
#ifndef HIKYAKU_WORKER_PIPELINE_DKIM_KEYS_H
#define HIKYAKU_WORKER_PIPELINE_DKIM_KEYS_H

#include "common/mail/dkim_signer.h"

#define DKIM_KEYS_NAME_BYTES 256

/** What the first-message check found (dkim_check.h). */
enum dkim_keys_state {
    DKIM_KEYS_UNCHECKED,
    DKIM_KEYS_CHECKING,
    DKIM_KEYS_GOOD,
    DKIM_KEYS_BAD,
    DKIM_KEYS_NO_ANSWER, /* DNS does not tell */
};

/** A domain and how its messages are signed. */
struct dkim_keys_domain {
    char domain[DKIM_KEYS_NAME_BYTES];
    char selector[DKIM_KEYS_NAME_BYTES];
    char ed25519_selector[DKIM_KEYS_NAME_BYTES]; /* "": one signature */
    unsigned char key_sha256[32];                /* of the public halves' records */
    struct dkim_signer *signer;                  /* owned */
    enum dkim_keys_state state;
    bool was_good_lately; /* NO_ANSWER: a verdict below 24 h old was good */
    uint64_t checked_ms;  /* monotonic */
};

/** A domain whose selectors are named instead of chosen; texts borrowed. */
struct dkim_keys_choice {
    const char *domain;
    const char *selector;
    const char *ed25519_selector; /* NULL or "": none */
};

struct dkim_keys_settings {
    const char *directory;
    const struct dkim_keys_choice *choices;
    size_t choice_count;
    bool is_double; /* an Ed25519 signature as well, where the domain has such a key */
    enum dkim_canon_form body_form;
};

struct dkim_keys;
/**
 * Read all keys. Blocking.
 * @return 0; -ENOENT, -EPERM, -EACCES (directory or files; key_file.h), -EINVAL (a file is no key,
 * a domain has no RSA key, a chosen selector is missing): the problem names the file
 */
MUST_USE int dkim_keys_load(const struct dkim_keys_settings *settings, struct dkim_keys **ret_keys,
                            struct problem *problem);
/** No thread may be signing. Accepts NULL, nulls the pointer. */
void dkim_keys_destroy(struct dkim_keys **keys);
/** The entry of a From domain (lower case), or NULL. */
struct dkim_keys_domain *dkim_keys_find(struct dkim_keys *keys, struct text domain);
size_t dkim_keys_count(const struct dkim_keys *keys);

#endif
