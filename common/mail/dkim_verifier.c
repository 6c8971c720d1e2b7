#include "common/mail/dkim_verifier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
/* libopendkim's header needs these before it. */
#include <sys/types.h>
#include <opendkim/dkim.h>

#define RSA_MIN_BITS 1024 /* RFC 8301, 3.2 */

struct dkim_verifier {
    DKIM_LIB *library;
    /* Of the check that runs; libopendkim's callbacks know only the message they run for. */
    const struct dkim_verifier_key *keys;
    size_t key_count;
};

/* Finds the key of a signature in what was resolved before: the library must not ask DNS. */
static DKIM_CBSTAT find_key(DKIM *message, DKIM_SIGINFO *signature, unsigned char *place,
                            size_t size)
{
    const struct dkim_verifier *verifier = dkim_get_user_context(message);
    char name[sizeof((struct dkim_verifier_signature *)NULL)->domain * 2 + 16];
    (void)snprintf(name, sizeof name, "%s._domainkey.%s",
                   (const char *)dkim_sig_getselector(signature),
                   (const char *)dkim_sig_getdomain(signature));
    for (size_t i = 0; i < verifier->key_count; i++) {
        const struct dkim_verifier_key *key = &verifier->keys[i];
        if (!text_equal_nocase(key->name, text_of(name))) {
            continue;
        }
        /* Any other answer than these two makes the library drop the whole message; judge() tells
         * the reasons apart. Longer records than its room (1,024 bytes) it cannot take. */
        if (key->answer != DKIM_VERIFIER_FOUND || key->record.size >= size ||
            text_find(key->record, '\0') < key->record.size) {
            return DKIM_CBSTAT_NOTFOUND;
        }
        memcpy(place, key->record.data, key->record.size);
        place[key->record.size] = '\0';
        return DKIM_CBSTAT_CONTINUE;
    }
    return DKIM_CBSTAT_NOTFOUND;
}

int dkim_verifier_create(struct dkim_verifier **ret_verifier, struct problem *problem)
{
    unsigned int least_bits = RSA_MIN_BITS;
    DKIM_LIB *library = dkim_init(NULL, NULL);
    if (library == NULL) {
        abort(); /* as xalloc */
    }
    if (!dkim_libfeature(library, DKIM_FEATURE_SHA256)) {
        problem_set(problem, "libopendkim", "D1", "the DKIM library cannot verify rsa-sha256");
        dkim_close(library);
        return -ENOTSUP;
    }
    (void)dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_MINKEYBITS, &least_bits,
                       sizeof least_bits);
    (void)dkim_set_key_lookup(library, find_key);
    struct dkim_verifier *verifier = xalloc_zero(1, sizeof *verifier);
    verifier->library = library;
    *ret_verifier = verifier;
    return 0;
}

void dkim_verifier_destroy(struct dkim_verifier **verifier)
{
    if (*verifier == NULL) {
        return;
    }
    dkim_close((*verifier)->library);
    free(*verifier);
    *verifier = NULL;
}

/* The library wants bytes it may write to. */
struct feed {
    DKIM *message;
    unsigned char *copy;
};

static void feed_finish(struct feed *feed)
{
    if (feed->message != NULL) {
        (void)dkim_free(feed->message);
    }
    free(feed->copy);
}

/* Feeds a message up to the end of its header. @return as dkim_verifier_check() */
static int feed_start(struct dkim_verifier *verifier, struct text message, struct feed *ret_feed)
{
    DKIM_STAT status = DKIM_STAT_OK;
    *ret_feed = (struct feed){NULL, NULL};
    if (message.size > DKIM_VERIFIER_MESSAGE_MAX_BYTES) {
        return -EMSGSIZE;
    }
    ret_feed->copy = xalloc_copy(message.data == NULL ? "" : message.data, message.size);
    ret_feed->message =
        dkim_verify(verifier->library, (const unsigned char *)"verify", NULL, &status);
    if (ret_feed->message == NULL) {
        return -EIO;
    }
    (void)dkim_set_user_context(ret_feed->message, verifier);
    return 0;
}

/* Goes as far as the library lets it. */
static DKIM_STAT feed_all(struct feed *feed, size_t size)
{
    bool is_test_key = false;
    DKIM_STAT status = dkim_chunk(feed->message, feed->copy, size);
    if (status == DKIM_STAT_OK && (size < 2 || memcmp(feed->copy + size - 2, "\r\n", 2) != 0)) {
        /* Both forms of the body have it (RFC 6376, 3.4.3, 3.4.4); the library refuses. */
        unsigned char line_end[] = "\r\n";
        status = dkim_chunk(feed->message, line_end, 2);
    }
    if (status == DKIM_STAT_OK) {
        status = dkim_chunk(feed->message, NULL, 0);
    }
    return status == DKIM_STAT_OK ? dkim_eom(feed->message, &is_test_key) : status;
}

/* The signatures found, also broken ones; the library says "syntax" for a broken message and for
 * a broken signature alike. */
static int list_signatures(DKIM *message, DKIM_STAT status, DKIM_SIGINFO ***ret_infos,
                           size_t *ret_count)
{
    int count = 0;
    if (status == DKIM_STAT_NORESOURCE || status == DKIM_STAT_INTERNAL) {
        return -EIO;
    }
    bool is_listed = dkim_getsiglist(message, ret_infos, &count) == DKIM_STAT_OK && count > 0;
    if (!is_listed && status == DKIM_STAT_SYNTAX) {
        return -EINVAL;
    }
    *ret_count = is_listed ? (size_t)count : 0;
    return 0;
}

static void copy_string(char *place, size_t size, const unsigned char *string)
{
    (void)snprintf(place, size, "%s", string == NULL ? "" : (const char *)string);
}

/* The key that a signature names, among those given; NULL when it is not. */
static const struct dkim_verifier_key *named_key(const struct dkim_verifier *verifier,
                                                 const struct dkim_verifier_signature *signature)
{
    char name[sizeof signature->domain * 2 + 16];
    (void)snprintf(name, sizeof name, "%s._domainkey.%s", signature->selector, signature->domain);
    for (size_t i = 0; i < verifier->key_count; i++) {
        if (text_equal_nocase(verifier->keys[i].name, text_of(name))) {
            return &verifier->keys[i];
        }
    }
    return NULL;
}

static void set_verdict(struct dkim_verifier_signature *signature,
                        enum dkim_verifier_verdict verdict, const char *reason)
{
    signature->verdict = verdict;
    (void)snprintf(signature->reason, sizeof signature->reason, "%s", reason);
}

/* Without a key that the library could use. */
static void judge_keyless(const struct dkim_verifier *verifier,
                          struct dkim_verifier_signature *signature)
{
    const struct dkim_verifier_key *key = named_key(verifier, signature);
    if (key == NULL || key->answer == DKIM_VERIFIER_NOT_FOUND) {
        set_verdict(signature, DKIM_VERIFIER_PERMERROR, "no key");
    } else if (key->answer == DKIM_VERIFIER_FAILED) {
        set_verdict(signature, DKIM_VERIFIER_TEMPERROR, "the key could not be looked up");
    } else {
        set_verdict(signature, DKIM_VERIFIER_PERMERROR, "the key's record cannot be used");
    }
}

static void judge(const struct dkim_verifier *verifier, DKIM_SIGINFO *info,
                  struct dkim_verifier_signature *signature)
{
    int error = dkim_sig_geterror(info);
    bool is_known_error = error != DKIM_SIGERROR_OK && error != DKIM_SIGERROR_UNKNOWN;
    bool is_other_body = dkim_sig_getbh(info) == DKIM_SIGBH_MISMATCH;
    bool is_keyless = error == DKIM_SIGERROR_NOKEY || error == DKIM_SIGERROR_KEYFAIL ||
                      (!is_known_error && !is_other_body);
    bool is_sha1 = strcasecmp(signature->algorithm, "rsa-sha1") == 0;
    if (is_sha1) { /* RFC 8301, 3.1, whatever the arithmetic says */
        set_verdict(signature, DKIM_VERIFIER_PERMERROR, "rsa-sha1 is not accepted");
    } else if (DKIM_SIG_CHECK(info) && !is_known_error) {
        set_verdict(signature, DKIM_VERIFIER_PASS, "ok");
    } else if (is_keyless) {
        judge_keyless(verifier, signature);
    } else if (error == DKIM_SIGERROR_BADSIG) {
        set_verdict(signature, DKIM_VERIFIER_FAIL,
                    "the signature does not match: header altered or another key");
    } else if (is_known_error) {
        set_verdict(signature, DKIM_VERIFIER_PERMERROR, dkim_sig_geterrorstr(error));
    } else {
        set_verdict(signature, DKIM_VERIFIER_FAIL, "the body was altered");
    }
}

static void read_signature(const struct dkim_verifier *verifier, DKIM *message, DKIM_SIGINFO *info,
                           struct dkim_verifier_signature *signature)
{
    /* dkim_eom() stops at the first signature that passes (Y4). */
    if ((dkim_sig_getflags(info) & DKIM_SIGFLAG_PROCESSED) == 0) {
        (void)dkim_sig_process(message, info);
    }
    *signature = (struct dkim_verifier_signature){.verdict = DKIM_VERIFIER_NONE};
    copy_string(signature->domain, sizeof signature->domain, dkim_sig_getdomain(info));
    copy_string(signature->selector, sizeof signature->selector, dkim_sig_getselector(info));
    /* The tag itself: the library's own word is rsa-sha1 until it has looked a key up. */
    unsigned char tag[] = "a";
    copy_string(signature->algorithm, sizeof signature->algorithm,
                dkim_sig_gettagvalue(info, false, tag));
    (void)dkim_sig_getkeysize(info, &signature->key_bits);
    judge(verifier, info, signature);
}

/* Any pass is a pass; without one the least bad reason stands: temporary before final. */
static enum dkim_verifier_verdict join_verdicts(const struct dkim_verifier_result *result)
{
    static const enum dkim_verifier_verdict order[] = {DKIM_VERIFIER_PASS, DKIM_VERIFIER_TEMPERROR,
                                                       DKIM_VERIFIER_FAIL, DKIM_VERIFIER_PERMERROR};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        for (size_t s = 0; s < result->count; s++) {
            if (result->signatures[s].verdict == order[i]) {
                return order[i];
            }
        }
    }
    return DKIM_VERIFIER_NONE;
}

static int read_result(const struct dkim_verifier *verifier, DKIM *message, DKIM_STAT status,
                       struct dkim_verifier_result *ret_result)
{
    DKIM_SIGINFO **infos = NULL;
    size_t count = 0;
    int error = list_signatures(message, status, &infos, &count);
    if (error != 0 || count > DKIM_VERIFIER_SIGNATURES_MAX) {
        return error != 0 ? error : -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        read_signature(verifier, message, infos[i], &ret_result->signatures[i]);
    }
    ret_result->count = count;
    ret_result->verdict = join_verdicts(ret_result);
    return 0;
}

int dkim_verifier_check(struct dkim_verifier *verifier, struct text message,
                        const struct dkim_verifier_key *keys, size_t key_count, uint64_t now_unix_s,
                        struct dkim_verifier_result *ret_result)
{
    struct feed feed;
    (void)dkim_options(verifier->library, DKIM_OP_SETOPT, DKIM_OPTS_FIXEDTIME, &now_unix_s,
                       sizeof now_unix_s);
    verifier->keys = keys;
    verifier->key_count = key_count;
    int error = feed_start(verifier, message, &feed);
    if (error == 0) {
        DKIM_STAT status = feed_all(&feed, message.size);
        error = read_result(verifier, feed.message, status, ret_result);
    }
    feed_finish(&feed);
    verifier->keys = NULL;
    verifier->key_count = 0;
    return error;
}

int dkim_verifier_key_names(struct dkim_verifier *verifier, struct text message,
                            struct buffer *ret_names)
{
    struct feed feed;
    DKIM_SIGINFO **infos = NULL;
    size_t count = 0;
    int error = feed_start(verifier, message, &feed);
    if (error == 0) {
        DKIM_STAT status = feed_all(&feed, message.size);
        error = list_signatures(feed.message, status, &infos, &count);
    }
    for (size_t i = 0; error == 0 && i < count; i++) {
        const unsigned char *selector = dkim_sig_getselector(infos[i]);
        const unsigned char *domain = dkim_sig_getdomain(infos[i]);
        if (selector != NULL && domain != NULL) {
            buffer_printf(ret_names, "%s._domainkey.%s\n", (const char *)selector,
                          (const char *)domain);
        }
    }
    feed_finish(&feed);
    return error;
}

bool dkim_verifier_is_all_pass(const struct dkim_verifier_result *result, struct text domain)
{
    size_t passed = 0;
    for (size_t i = 0; i < result->count; i++) {
        const struct dkim_verifier_signature *signature = &result->signatures[i];
        if (!text_equal_nocase(text_of(signature->domain), domain)) {
            continue;
        }
        if (signature->verdict != DKIM_VERIFIER_PASS) {
            return false;
        }
        passed++;
    }
    return passed > 0;
}

const char *dkim_verifier_verdict_name(enum dkim_verifier_verdict verdict)
{
    static const char *const names[] = {
        [DKIM_VERIFIER_NONE] = "none",           [DKIM_VERIFIER_PASS] = "pass",
        [DKIM_VERIFIER_FAIL] = "fail",           [DKIM_VERIFIER_PERMERROR] = "permerror",
        [DKIM_VERIFIER_TEMPERROR] = "temperror",
    };
    return names[verdict];
}
