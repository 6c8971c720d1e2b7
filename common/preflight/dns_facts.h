/* What DNS is known to say: a book that pure rules read. What a rule asks for and the book does not
 * know is noted as wanted; an edge asks for it, puts the answers in and has the rules run again,
 * from the beginning, until nothing is wanted any more. Names are A-labels, lower case, without
 * final dot. Pure. */
#ifndef HIKYAKU_COMMON_PREFLIGHT_DNS_FACTS_H
#define HIKYAKU_COMMON_PREFLIGHT_DNS_FACTS_H

#include "common/base/arena.h"

/** Facts of one book; more are answered DNS_FACTS_TEMPORARY. */
#define DNS_FACTS_MAX 4000
#define DNS_FACTS_NAME_BYTES 256 /* with NUL */

enum dns_facts_kind {
    DNS_FACTS_A,
    DNS_FACTS_AAAA,
    DNS_FACTS_MX,
    DNS_FACTS_TXT,
    DNS_FACTS_PTR,
};

enum dns_facts_status {
    DNS_FACTS_FOUND,
    DNS_FACTS_NO_NAME, /* NXDOMAIN */
    DNS_FACTS_NO_DATA,
    DNS_FACTS_TEMPORARY, /* no answer, SERVFAIL, forged */
};

/** An address as rules compare it: v4 in the first four bytes. */
struct dns_facts_address {
    unsigned char bytes[16];
    bool is_v6;
};

struct dns_fact {
    enum dns_facts_kind kind;
    struct text name;
    enum dns_facts_status status;
    size_t count;
    const struct dns_facts_address *addresses; /* A, AAAA */
    const struct text *texts; /* TXT: strings of a record joined; MX, PTR: host names; the host ""
                                 is the null MX */
};

struct dns_facts;
struct dns_facts *dns_facts_create(void);
/** Accepts NULL, nulls the pointer. */
void dns_facts_destroy(struct dns_facts **facts);

/**
 * What is known. A name that DNS cannot hold is DNS_FACTS_NO_NAME.
 * @param name  any letter case; a final dot is dropped
 * @return lives as long as the book; NULL: not known, it is wanted now
 */
const struct dns_fact *dns_facts_ask(struct dns_facts *facts, enum dns_facts_kind kind,
                                     struct text name);
/** Copy a fact into the book; the first one stays. */
void dns_facts_put(struct dns_facts *facts, const struct dns_fact *fact);

struct dns_facts_wanted {
    enum dns_facts_kind kind;
    struct text name; /* lives as long as the book */
};
/** Take the next one of what is wanted, each once. @return false: there is none */
bool dns_facts_take_wanted(struct dns_facts *facts, struct dns_facts_wanted *ret_wanted);

/** "7.2.0.192.in-addr.arpa", or nibbles below ip6.arpa: where PTR records are. */
void dns_facts_reverse_name(const struct dns_facts_address *address,
                            char ret_name[DNS_FACTS_NAME_BYTES]);
bool dns_facts_same_address(const struct dns_facts_address *a, const struct dns_facts_address *b);
/** "192.0.2.7", "2001:db8::7" */
void dns_facts_address_text(const struct dns_facts_address *address, char ret_text[46]);

#endif
