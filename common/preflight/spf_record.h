/* An SPF record as terms. Pure. */
#ifndef HIKYAKU_COMMON_PREFLIGHT_SPF_RECORD_H
#define HIKYAKU_COMMON_PREFLIGHT_SPF_RECORD_H

#include "common/base/arena.h"
#include "common/base/problem.h"
#include "common/preflight/dns_facts.h"

/** More terms than a record of 64 KiB can hold with sense. */
#define SPF_RECORD_TERMS_MAX 4000

enum spf_mechanism {
    SPF_MECHANISM_ALL,
    SPF_MECHANISM_INCLUDE,
    SPF_MECHANISM_A,
    SPF_MECHANISM_MX,
    SPF_MECHANISM_PTR,
    SPF_MECHANISM_IP4,
    SPF_MECHANISM_IP6,
    SPF_MECHANISM_EXISTS,
};

struct spf_term {
    enum spf_mechanism mechanism;
    char qualifier;     /* '+', '-', '~', '?' */
    struct text source; /* the whole term */
    struct text domain; /* domain-spec; empty: the domain itself */
    unsigned int bits_v4;
    unsigned int bits_v6;
    struct dns_facts_address network; /* ip4, ip6 */
};

struct spf_record {
    const struct spf_term *terms;
    size_t count;
    struct text redirect; /* domain-spec; empty: none */
};

/** Does the TXT record begin as one of SPF? @source RFC 7208, 4.5 */
bool spf_record_is_spf(struct text txt);

/**
 * @param txt    borrowed by the record
 * @param arena  holds the terms
 * @return 0, or -EINVAL with a problem: permerror
 * @source RFC 7208, 4.6.1, 5, 6, 12
 */
MUST_USE int spf_record_parse(struct text txt, struct arena *arena, struct spf_record *ret_record,
                              struct problem *problem);

#endif
