/* What does a reply mean, whom does it blame? Pure; the rules are data (classify_rules.c), tried
 * from the top: a provider's own meanings, the registry of enhanced codes, the reply codes. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_H

#include "common/policy/reply_class.h"

/** A reply as it came. Everything borrowed. */
struct classify_reply {
    struct text provider; /* provider key (provider_table.h), "" when none */
    uint8_t stage;        /* enum reply_stage */
    uint16_t smtp;        /* 200..599 */
    uint32_t enhanced;    /* common/mail/enhanced_code.h; 0 when there is none */
    struct text text;     /* without the codes; several lines joined with a space */
};

struct classify_verdict {
    uint8_t reply_class; /* enum reply_class; NONE for 2xx and 3xx */
    uint8_t blame;       /* enum reply_blame */
    /** Worth another try: 4xx, and the few 5xx that mean it (S4). */
    bool is_temporary;
    /** The reply says that this address or its domain is no more: it may be suppressed at first
     *  sight. Never set for a 5xx that no rule knows. */
    bool suppresses;
    const char *rule_id; /* static; for events and for whoever asks why */
};

/**
 * Judge one reply.
 *
 * Where reply code and enhanced code disagree, the first digit of the reply code wins (E9).
 *
 * @source RFC 5321, 4.2; RFC 3463; RFC 5248; RFC 7504; RFC 7505
 */
struct classify_verdict classify_reply(const struct classify_reply *reply);

#endif
