/* Mailboxes of the envelope: what may stand between < and > in RCPT TO. No comments, no folding, no
 * display names: From and Reply-To come to us as address and name apart. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_ADDRESS_H
#define HIKYAKU_COMMON_MAIL_ADDRESS_H

#include "common/base/arena.h"
#include "common/base/problem.h"

#define ADDRESS_BYTES_MAX 254      /* path of 256 with < and > (S3) */
#define ADDRESS_LOCAL_BYTES_MAX 64 /* quotes included (S3) */
#define ADDRESS_DOMAIN_BYTES_MAX 255
/** Room that address_key() needs. */
#define ADDRESS_KEY_BYTES_MAX (ADDRESS_LOCAL_BYTES_MAX + 1 + ADDRESS_DOMAIN_BYTES_MAX)

/** What is done with dots that RFC 5321 forbids (consecutive, first, last) at a carrier (J12). */
enum address_dots {
    ADDRESS_DOTS_QUOTE,  /* wire form "a..b"@docomo.ne.jp: what RFC 5321 knows */
    ADDRESS_DOTS_RAW,    /* wire form a..b@docomo.ne.jp, as given */
    ADDRESS_DOTS_REFUSE, /* an error as for every other domain */
};

/** Zeroed: the defaults. */
struct address_options {
    enum address_dots carrier_dots;
    const struct text *carrier_domains; /* borrowed, lower case; a subdomain counts too. NULL: the
                                           built-in list (docomo.ne.jp, ezweb.ne.jp) */
    size_t carrier_domain_count;
    bool refuses_literals; /* no user@[192.0.2.1] */
    bool refuses_utf8;     /* no local part that needs SMTPUTF8 */
};

/** Texts point into the parsed bytes where nothing had to change, else into the arena. */
struct address {
    struct text given;     /* what was parsed; kept and shown, never collapsed */
    struct text local;     /* as given, quotes included */
    struct text domain;    /* A-labels in lower case; a literal with its brackets */
    struct text wire;      /* local@domain for RCPT TO and headers */
    bool needs_smtputf8;   /* the local part is not ASCII (RFC 6531) */
    bool is_literal;       /* the domain is an address literal */
    bool has_carrier_dots; /* the given form is not RFC 5321's; see carrier_dots */
};

/**
 * Parse and normalise one mailbox. Allocates nothing when the text is ASCII with a domain in lower
 * case and without "xn--".
 *
 * The domain is mapped after UTS 46 (non-transitional); a final dot is refused. The local part is
 * opaque and stays as it is.
 *
 * @param text     any bytes; borrowed by the result
 * @param options  NULL: the defaults
 * @param arena    for what changes
 * @return 0; -EINVAL with field "" and a rule: address_empty, address_no_at, address_local_syntax,
 *         address_local_length (S3), address_dots (J12), address_domain_syntax, address_domain_idn,
 *         address_domain_length (S3), address_length (S3), address_literal, address_utf8
 * @source RFC 5321, 4.1.2, 4.1.3, 4.5.3.1; RFC 6531, 3.3; UTS 46
 */
MUST_USE int address_parse(struct text text, const struct address_options *options,
                           struct arena *arena, struct address *ret_address,
                           struct problem *problem);

/**
 * The key that tells duplicates: the local part without quoting and with ASCII letters in lower
 * case, "@", the domain. RFC 5321 lets case matter in local parts, but no provider uses that and
 * lists repeat people in other case: Bob@x and bob@x get one message. Nothing else is folded: dots
 * and +tags differ.
 *
 * @param ret_key  ADDRESS_KEY_BYTES_MAX bytes
 * @return bytes written
 */
size_t address_key(const struct address *address, char *ret_key);

/** True for an exact carrier domain or a subdomain of one. @param domain  in lower case */
bool address_is_carrier(struct text domain, const struct address_options *options);

/**
 * Normalise a host or domain name alone: return-path domains, DKIM domains, From domains.
 * @return 0; -EINVAL (rules address_domain_*)
 */
MUST_USE int address_parse_domain(struct text text, struct arena *arena, struct text *ret_domain,
                                  struct problem *problem);

#endif
