/* What does a reply mean, whom does it blame? Pure; the rules are data: a file (deploy/rules/), or
 * the copy of it that is built in. The first rule that fits decides. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_H

#include "common/config/config_node.h"
#include "common/policy/reply_class.h"

/** A reply as it came. Everything borrowed. */
struct classify_reply {
    struct text provider; /* provider key (provider_table.h), "" when none */
    uint8_t stage;        /* enum reply_stage */
    uint16_t smtp;        /* 200..599; 0: unknown, judged by enhanced code and text */
    uint32_t enhanced;    /* common/mail/enhanced_code.h; 0 when there is none */
    struct text text;     /* without the codes; several lines joined with a space or LF */
};

struct classify_verdict {
    uint8_t reply_class; /* enum reply_class; NONE for 2xx and 3xx */
    uint8_t blame;       /* enum reply_blame */
    /** Worth another try: 4xx, and the few 5xx that mean it (S4). */
    bool is_temporary;
    /** The reply says that this address or its domain is no more: it may be suppressed at first
     *  sight. Never set for a 5xx that no rule knows. */
    bool suppresses;
    const char *rule_id; /* for events and for whoever asks why; lives as long as the rules do:
                            until classify_destroy() or classify_replace() */
};

/** A set of rules, ready. Belongs to one thread: a question uses room of its own. */
struct classify;

/**
 * Make rules ready, and check each by its examples: an example that another rule wins is an error,
 * so no rule can stand in the shadow of others.
 *
 * @param root    of the file, borrowed during the call only
 * @param errors  mistakes are added, with line, field and rule
 * @return 0 or -EINVAL
 */
MUST_USE int classify_create(const struct config_node *root, struct config_errors *errors,
                             struct classify **ret_classify);
/** The rules that are built in. */
struct classify *classify_create_builtin(void);
/** Accepts NULL, nulls the pointer. */
void classify_destroy(struct classify **classify);

/** A reload: `current` has the rules of `fresh` from now on; `fresh` is destroyed and nulled. */
void classify_replace(struct classify *current, struct classify **fresh);

/** How many rules there are. */
size_t classify_rule_count(const struct classify *classify);

/**
 * Judge one reply.
 *
 * Where reply code and enhanced code disagree, the first digit of the reply code wins (E9).
 *
 * @source RFC 5321, 4.2; RFC 3463; RFC 5248; RFC 7504; RFC 7505
 */
struct classify_verdict classify_reply(struct classify *classify,
                                       const struct classify_reply *reply);
/** The same answer, found the slow way: for tests. */
struct classify_verdict classify_reply_slowly(struct classify *classify,
                                              const struct classify_reply *reply);

#endif
