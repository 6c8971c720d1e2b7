#include "worker/pipeline/sandbox.h"

#include "common/mail/enhanced_code.h"

#define ENHANCED ENHANCED_CODE

static const struct sandbox_rule rules[] = {
    {"bounce", OUTCOME_BOUNCED, 0, 550, ENHANCED(5, 1, 1), "rcpt", "550 5.1.1 No such user here",
     "refused for good: no such user"},
    {"reject", OUTCOME_BOUNCED, 0, 554, ENHANCED(5, 7, 1), "data", "554 5.7.1 Message refused",
     "refused for good after the message: content or policy"},
    {"full", OUTCOME_DEFERRED, 0, 452, ENHANCED(4, 2, 2), "rcpt", "452 4.2.2 Mailbox full",
     "refused for now: mailbox full"},
    {"defer", OUTCOME_DEFERRED, 0, 451, ENHANCED(4, 7, 1), "rcpt", "451 4.7.1 Try again later",
     "refused for now, at every attempt, until it expires"},
    {"softbounce", OUTCOME_DEFERRED, 0, 451, ENHANCED(4, 7, 1), "rcpt", "451 4.7.1 Try again later",
     "the same as defer"},
    {"uncertain", OUTCOME_UNCERTAIN, 0, 0, ENHANCED(4, 4, 2), "final",
     "connection lost after the final dot",
     "reply lost after the final dot: UNCERTAIN under HOLD, DEFERRED under RESEND"},
    {"slow", OUTCOME_DELIVERED, 5000, 250, ENHANCED(2, 0, 0), "final", "250 2.0.0 Accepted",
     "delivered after 5 s"},
    {"", OUTCOME_DELIVERED, 0, 250, ENHANCED(2, 0, 0), "final", "250 2.0.0 Accepted",
     "any other address, at any domain: delivered"},
};

#define RULES (sizeof rules / sizeof rules[0])

const struct sandbox_rule *sandbox_find(struct text wire)
{
    const struct sandbox_rule *everybody = &rules[RULES - 1];
    size_t at = wire.size;
    while (at > 0 && wire.data[at - 1] != '@') {
        at--;
    }
    if (at == 0 || !text_equal_nocase(text_skip(wire, at), TEXT(SANDBOX_DOMAIN))) {
        return everybody;
    }
    struct text local = {wire.data, at - 1};
    local.size = text_find(local, '+');
    for (size_t i = 0; i < RULES - 1; i++) {
        if (text_equal_nocase(local, text_of(rules[i].local))) {
            return &rules[i];
        }
    }
    return everybody;
}

const struct sandbox_rule *sandbox_rules(size_t *ret_count)
{
    *ret_count = RULES;
    return rules;
}
