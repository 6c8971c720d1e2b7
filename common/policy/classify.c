#include "common/policy/classify.h"

#include "common/mail/enhanced_code.h"
#include "common/policy/classify_rules.h"

static bool fits_enhanced(const struct classify_rule *rule, uint32_t enhanced)
{
    if (rule->subject == CLASSIFY_RULES_ANY) {
        return true;
    }
    return enhanced != 0 && rule->subject == ENHANCED_CODE_SUBJECT(enhanced) &&
           rule->detail == ENHANCED_CODE_DETAIL(enhanced);
}

static bool fits(const struct classify_rule *rule, const struct classify_reply *reply)
{
    return (rule->smtp == 0 || rule->smtp == reply->smtp) &&
           (rule->digit == 0 || rule->digit == reply->smtp / 100) &&
           (rule->stages == 0 || (rule->stages >> reply->stage & 1U) != 0) &&
           fits_enhanced(rule, reply->enhanced) &&
           (rule->provider == NULL || text_equal(reply->provider, text_of(rule->provider)));
}

/* Does the reply speak of this mailbox? By its stage, and by a reply code that says so: 552 with
 * 5.1.1 is somebody's quota (RFC 5321, 4.2.2). */
static bool names_mailbox(const struct classify_reply *reply)
{
    static const uint16_t codes[] = {550, 551, 553, 556};
    bool by_code = false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        by_code = by_code || reply->smtp == codes[i];
    }
    return by_code && reply->stage >= REPLY_STAGE_RCPT && reply->stage <= REPLY_STAGE_DOT;
}

struct classify_verdict classify_reply(const struct classify_reply *reply)
{
    if (reply->smtp < 400) {
        return (struct classify_verdict){.rule_id = "smtp-accepted"};
    }
    const struct classify_rule *rule = classify_rules;
    while (!fits(rule, reply)) {
        rule++; /* the last one fits */
    }
    bool is_temporary = reply->smtp < 500 || (rule->effects & CLASSIFY_TEMPORARY) != 0;
    return (struct classify_verdict){
        .reply_class = rule->reply_class,
        .blame = rule->blame,
        .is_temporary = is_temporary,
        .suppresses =
            !is_temporary && (rule->effects & CLASSIFY_SUPPRESS) != 0 && names_mailbox(reply),
        .rule_id = rule->id,
    };
}
