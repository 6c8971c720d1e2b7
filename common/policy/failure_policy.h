/* What the result of one attempt turns into. The only place that makes retry, bounce or doubt out
 * of what a remote system said or failed to say; everybody else carries the verdict out. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_FAILURE_POLICY_H
#define HIKYAKU_COMMON_POLICY_FAILURE_POLICY_H

#include "common/mail/rows.h"
#include "common/policy/classify.h"

/** How an attempt ended. */
enum failure_kind {
    FAILURE_REPLY,          /* the remote answered: `reply` */
    FAILURE_REFUSED,        /* TCP connection refused */
    FAILURE_UNREACHABLE,    /* no route, host or net unreachable */
    FAILURE_TIMEOUT,        /* no connection or no reply in time, at `reply.stage` */
    FAILURE_LOST,           /* reset or closed without a reply, at `reply.stage` */
    FAILURE_GARBAGE,        /* not SMTP: the reply could not be read, at `reply.stage` */
    FAILURE_TLS_HANDSHAKE,  /* TLS failed */
    FAILURE_TLS_POLICY,     /* TLS was required and not offered, or the certificate is not good */
    FAILURE_DNS_TEMPORARY,  /* SERVFAIL, no answer */
    FAILURE_DNS_PERMANENT,  /* the domain does not exist, or has no address */
    FAILURE_NULL_MX,        /* the domain takes no mail (S11) */
    FAILURE_SIZE,           /* larger than the SIZE the server advertised (E5) */
    FAILURE_SMTPUTF8,       /* needed and not advertised (E7) */
    FAILURE_MALFORMED,      /* our message breaks the rules of SMTP: ours, not the remote's */
    FAILURE_SITE_SUSPENDED, /* not tried: all its hosts are being left alone */
    FAILURE_STOPPED,        /* not tried to the end by our own will, before its completing write */
    FAILURE_KIND_COUNT,
};

/** What is done about a message whose reply after the dot never came. */
enum failure_doubt {
    FAILURE_HOLD,   /* at most once: UNCERTAIN */
    FAILURE_RESEND, /* at least once: tried again as possible duplicate */
};

struct failure_attempt {
    enum failure_kind kind;
    enum failure_doubt doubt;
    /** `provider` and `stage` always; codes and text with FAILURE_REPLY. Stage DOT means that the
     *  completing write (final dot, BDAT LAST) has begun. */
    struct classify_reply reply;
};

/** How much is to be left alone for a while, so that the next letters do not run into the same. */
enum failure_hold {
    FAILURE_HOLD_NOTHING,
    FAILURE_HOLD_CONNECTION, /* close this one; a new one may do */
    FAILURE_HOLD_HOST,       /* this address of the MX */
    FAILURE_HOLD_PATH,       /* the whole site, from this sending IP */
};

struct failure_verdict {
    uint8_t outcome; /* enum outcome: DELIVERED, DEFERRED, BOUNCED, FAILED or UNCERTAIN; PENDING:
                        untouched, the row stays as it is but for its gate */
    uint8_t gate;    /* enum gate; NONE when final or untouched by our own will */
    uint8_t reply_class;
    uint8_t blame;
    uint16_t smtp;     /* for the row */
    uint32_t enhanced; /* for the row; ours where the remote gave none and we know better */
    bool counts_attempt;
    bool possible_duplicate; /* set ROW_POSSIBLE_DUPLICATE: the next try may be the second copy */
    /** Another host or address of the site may take it now; only when none is left does `outcome`
     *  hold. */
    bool tries_next_host;
    bool suppresses; /* see classify.h */
    enum failure_hold hold;
    const char *rule_id; /* static, or of the rules: see classify_verdict */
};

/**
 * Judge one attempt.
 *
 * A 5xx ends the message for this recipient (M2, Y7), but not before a message was spoken of: until
 * MAIL it is about us, another host is tried, then another time. 521 and 556 are final (RFC 7504).
 *
 * @param classify  the rules for replies; not asked unless the attempt ended with one
 *
 * @source RFC 5321, 4.2.4, 4.5.3.2.6, 4.5.4.1; RFC 7504; RFC 7505
 */
struct failure_verdict failure_policy_judge(struct classify *classify,
                                            const struct failure_attempt *attempt);

#endif
