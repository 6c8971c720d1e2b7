/* SPF for an address that we send from: may it, in the name of a domain? The check of RFC 7208 over
 * facts of DNS. Pure. */
#ifndef HIKYAKU_COMMON_PREFLIGHT_SPF_H
#define HIKYAKU_COMMON_PREFLIGHT_SPF_H

#include "common/preflight/dns_facts.h"

/** Terms that ask DNS, look-ups without an answer, names of one mx. @source RFC 7208, 4.6.4 */
#define SPF_LOOKUPS_MAX 10
#define SPF_VOIDS_MAX 2
#define SPF_NAMES_MAX 10

enum spf_result {
    SPF_UNKNOWN, /* facts are missing: they are wanted now */
    SPF_NONE,
    SPF_NEUTRAL,
    SPF_PASS,
    SPF_FAIL,
    SPF_SOFTFAIL,
    SPF_TEMPERROR,
    SPF_PERMERROR,
};
/** "pass", "permerror" */
const char *spf_result_word(enum spf_result result);

struct spf_question {
    struct dns_facts *facts;
    struct dns_facts_address ip;
    struct text domain;        /* of MAIL FROM, From or EHLO */
    struct text sender_local;  /* local part of the sender; empty: postmaster */
    struct text sender_domain; /* empty: `domain` */
    struct text helo;
};

#define SPF_WHY_BYTES 200
struct spf_answer {
    enum spf_result result;
    unsigned int lookups;
    unsigned int voids;
    char why[SPF_WHY_BYTES]; /* which term decided, or what is wrong */
};

/** check_host(). @source RFC 7208, 4 */
void spf_check(const struct spf_question *question, struct spf_answer *ret_answer);

#endif
