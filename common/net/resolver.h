/* DNS through libunbound, asynchronous on the loop. Answers are bounded and copied; what a zone
 * says is outside data. */
#ifndef HIKYAKU_COMMON_NET_RESOLVER_H
#define HIKYAKU_COMMON_NET_RESOLVER_H

#include "common/base/problem.h"
#include "common/net/stream.h"

struct resolver;

struct resolver_settings {
    const char *const *forwarders; /* "127.0.0.1@5353"; NULL-terminated; NULL: resolv.conf */
    const char *const *local_data; /* zone-file lines answered by ourselves; NULL-terminated */
    const char *const *open_zones; /* zones that the library answers itself and must not (".test.");
                                      NULL-terminated */
    uint64_t timeout_ms;           /* of one question, 0: 10 s */
};

MUST_USE int resolver_create(struct loop *loop, const struct resolver_settings *settings,
                             struct resolver **ret_resolver, struct problem *problem);
/** Outstanding questions are never answered. Not inside a callback. Accepts NULL, nulls the
 *  pointer. */
void resolver_destroy(struct resolver **resolver);

enum resolver_status {
    RESOLVER_OK,
    RESOLVER_NO_NAME,   /* NXDOMAIN */
    RESOLVER_NO_DATA,   /* the name exists, no such record */
    RESOLVER_TEMPORARY, /* SERVFAIL, timeout, refused: ask again later */
    RESOLVER_BOGUS,     /* DNSSEC says forged */
};

#define RESOLVER_RECORDS_MAX 32
#define RESOLVER_NAME_BYTES 256

struct resolver_mx {
    char
        host[RESOLVER_NAME_BYTES]; /* lower case, without final dot; "" is the null MX (RFC 7505) */
    uint16_t preference;
};

struct resolver_answer {
    enum resolver_status status;
    bool is_secure; /* DNSSEC validated */
    uint32_t ttl_s; /* of the answer, at most 1 day */
    /* Records that are malformed or no host names are left out: 0 with RESOLVER_OK means that there
     * are some, but none of use. */
    size_t count;
    /* By the kind of the question, `count` of them: */
    const struct resolver_mx *mx;           /* sorted by preference */
    const struct stream_address *addresses; /* port 0 */
    const struct text *texts;               /* TXT: strings of a record joined */
};

/** @param answer  valid during the call */
typedef void resolver_fn(void *context, const struct resolver_answer *answer);

/* @param name  host or domain name in A-labels
 * @return a ticket for resolver_cancel(); the callback comes later, once, never inside the call */
uint64_t resolver_find_mx(struct resolver *resolver, struct text name, resolver_fn *on_answer,
                          void *context);
uint64_t resolver_find_a(struct resolver *resolver, struct text name, resolver_fn *on_answer,
                         void *context);
uint64_t resolver_find_aaaa(struct resolver *resolver, struct text name, resolver_fn *on_answer,
                            void *context);
uint64_t resolver_find_txt(struct resolver *resolver, struct text name, resolver_fn *on_answer,
                           void *context);
/** The callback will not come. */
void resolver_cancel(struct resolver *resolver, uint64_t ticket);

#endif
