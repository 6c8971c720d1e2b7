/* DMARC for a domain that we send in the name of: which record applies, which organisation a domain
 * belongs to (tree walk), what is aligned. Over facts of DNS. Pure.
 * @source RFC 9989 (the sections are those of draft-ietf-dmarc-dmarcbis-41) */
#ifndef HIKYAKU_COMMON_PREFLIGHT_DMARC_H
#define HIKYAKU_COMMON_PREFLIGHT_DMARC_H

#include "common/preflight/dns_facts.h"

enum dmarc_policy {
    DMARC_POLICY_ABSENT,
    DMARC_POLICY_NONE,
    DMARC_POLICY_QUARANTINE,
    DMARC_POLICY_REJECT,
};
/** "quarantine"; ABSENT: "" */
const char *dmarc_policy_word(enum dmarc_policy policy);

struct dmarc_record {
    enum dmarc_policy domain;     /* p */
    enum dmarc_policy subdomains; /* sp */
    enum dmarc_policy missing;    /* np: of names that do not exist */
    bool is_spf_strict;           /* aspf=s */
    bool is_dkim_strict;          /* adkim=s */
    char psd;                     /* 'y', 'n', 'u' */
    bool has_reports;             /* rua with something in it */
    bool has_bad_policy;          /* p is missing, or no policy (P8) */
    bool has_removed_tags;        /* pct, rf, ri (P7) */
};

/**
 * @return 0; -EPROTO: no DMARC record, or one that says nothing (neither a valid p nor rua)
 * @source RFC 9989, 4.7
 */
MUST_USE int dmarc_parse(struct text txt, struct dmarc_record *ret_record);

enum dmarc_walk_status {
    DMARC_WALK_UNKNOWN, /* facts are missing: they are wanted now */
    DMARC_WALK_TEMPORARY,
    DMARC_WALK_DONE,
};

struct dmarc_walk {
    enum dmarc_walk_status status;
    char organisation[DNS_FACTS_NAME_BYTES];
    bool has_record; /* one applies to the domain: */
    char record_domain[DNS_FACTS_NAME_BYTES];
    struct dmarc_record record;
    enum dmarc_policy policy; /* what it asks for mail of the domain itself */
};

/** @source RFC 9989, 4.10 (tree walk), 4.10.1 (policy), 4.10.2 (organisational domain) */
void dmarc_discover(struct dns_facts *facts, struct text domain, struct dmarc_walk *ret_walk);

/** @return are the two domains aligned? @source RFC 9989, 4.4 */
bool dmarc_is_aligned(const struct dmarc_walk *from, struct text from_domain,
                      const struct dmarc_walk *other, struct text other_domain, bool is_strict);

#endif
