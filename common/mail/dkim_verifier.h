/* Checks the DKIM signatures of a message with libopendkim: a second opinion, not our signer's own.
 * Keys are resolved before; nothing here touches the network.
 *
 * Threads: a verifier serves one thread at a time; different verifiers may run at once. */
#ifndef HIKYAKU_COMMON_MAIL_DKIM_VERIFIER_H
#define HIKYAKU_COMMON_MAIL_DKIM_VERIFIER_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

#include <stdbool.h>

#define DKIM_VERIFIER_SIGNATURES_MAX 16
/** Signed messages beyond this are not verified. */
#define DKIM_VERIFIER_MESSAGE_MAX_BYTES (64u << 20)

struct dkim_verifier;

/** @return 0, or -ENOTSUP when the library lacks rsa-sha256 (D1) */
MUST_USE int dkim_verifier_create(struct dkim_verifier **ret_verifier, struct problem *problem);
void dkim_verifier_destroy(struct dkim_verifier **verifier);

enum dkim_verifier_answer {
    DKIM_VERIFIER_FOUND,
    DKIM_VERIFIER_NOT_FOUND, /* the name or its TXT records do not exist */
    DKIM_VERIFIER_FAILED,    /* no answer now */
};

/** What DNS said about one name. */
struct dkim_verifier_key {
    struct text name; /* "s2026._domainkey.shop.example" */
    enum dkim_verifier_answer answer;
    struct text record; /* strings of the TXT record joined; FOUND only */
};

enum dkim_verifier_verdict {
    DKIM_VERIFIER_NONE, /* message only: no signature */
    DKIM_VERIFIER_PASS,
    DKIM_VERIFIER_FAIL,      /* altered, or signed by another key */
    DKIM_VERIFIER_PERMERROR, /* the signature or the key's record is no good */
    DKIM_VERIFIER_TEMPERROR, /* the key could not be looked up */
};

struct dkim_verifier_signature {
    char domain[256];
    char selector[256];
    char algorithm[32];
    unsigned int key_bits;
    enum dkim_verifier_verdict verdict;
    char reason[128]; /* for people; "ok" when it passed */
};

struct dkim_verifier_result {
    struct dkim_verifier_signature signatures[DKIM_VERIFIER_SIGNATURES_MAX];
    size_t count;                       /* in the order of the message */
    enum dkim_verifier_verdict verdict; /* RFC 8601, 2.7.1: PASS when any signature passes */
};

/**
 * The DNS names of the keys that a message's signatures name, one per line, appended; resolve them
 * (TXT) and call dkim_verifier_check().
 * @return 0, -EINVAL (cannot be parsed) or -EMSGSIZE
 */
MUST_USE int dkim_verifier_key_names(struct dkim_verifier *verifier, struct text message,
                                     struct buffer *ret_names);

/**
 * Verify all signatures. A key that is not in `keys` counts as not found.
 *
 * CPU-bound: in the pool.
 *
 * @param message     CRLF line ends
 * @param now_unix_s  for x=
 * The library takes key records of at most 1,024 bytes (RSA to 6,000 bits or so): longer ones
 * cannot be used.
 *
 * @return 0 (also when no signature passes); -EINVAL (cannot be parsed, or one of several
 *         signatures cannot; more than DKIM_VERIFIER_SIGNATURES_MAX signatures); -EMSGSIZE; -EIO
 *         (library)
 * @source RFC 6376, 6; RFC 8301; RFC 8463
 */
MUST_USE int dkim_verifier_check(struct dkim_verifier *verifier, struct text message,
                                 const struct dkim_verifier_key *keys, size_t key_count,
                                 uint64_t now_unix_s, struct dkim_verifier_result *ret_result);

/** Y4: there is a signature of `domain`, and every signature of `domain` passes. */
bool dkim_verifier_is_all_pass(const struct dkim_verifier_result *result, struct text domain);
/** "pass", "permerror", ... */
const char *dkim_verifier_verdict_name(enum dkim_verifier_verdict verdict);

#endif
