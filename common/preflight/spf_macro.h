/* Macros of SPF records. Pure. */
#ifndef HIKYAKU_COMMON_PREFLIGHT_SPF_MACRO_H
#define HIKYAKU_COMMON_PREFLIGHT_SPF_MACRO_H

#include "common/base/buffer.h"
#include "common/preflight/dns_facts.h"

/** What macros stand for. */
struct spf_macro_values {
    struct text local_part;    /* l */
    struct text sender_domain; /* o */
    struct text domain;        /* d */
    struct text helo;          /* h */
    const struct dns_facts_address *ip;
};

/** Is it a macro-string? @source RFC 7208, 7.1 */
bool spf_macro_is_string(struct text spec);
/** Is it a domain-spec: a macro-string that ends with a macro or a top label? */
bool spf_macro_is_domain(struct text spec);

/**
 * Expand a valid macro-string into a domain name, cut from the left to 253 bytes. p is "unknown":
 * the RFC allows it, and asks nobody to publish it.
 * @source RFC 7208, 7.3
 */
void spf_macro_expand(struct text spec, const struct spf_macro_values *values,
                      struct buffer *ret_name);

#endif
