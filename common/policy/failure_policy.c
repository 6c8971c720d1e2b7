#include "common/policy/failure_policy.h"

#include "common/mail/enhanced_code.h"

#include <assert.h>

#define CODE ENHANCED_CODE
#define MEANS(reply_class, blame) REPLY_CLASS_##reply_class, REPLY_BLAME_##blame

/* Everything but replies: what happened decides, unless the completing write had begun. */
static const struct {
    const char *rule_id;
    uint8_t outcome;
    uint8_t gate;
    uint8_t reply_class;
    uint8_t blame;
    uint16_t smtp;
    uint32_t enhanced;
    bool counts_attempt;
    bool tries_next_host;
    bool suppresses;
    enum failure_hold hold;
} kinds[FAILURE_KIND_COUNT] = {
    [FAILURE_REFUSED] = {"refused", OUTCOME_DEFERRED, GATE_RETRY_DUE, MEANS(NETWORK, SITE), 0,
                         CODE(4, 4, 1), true, true, false, FAILURE_HOLD_HOST},
    [FAILURE_UNREACHABLE] = {"unreachable", OUTCOME_DEFERRED, GATE_RETRY_DUE, MEANS(NETWORK, SITE),
                             0, CODE(4, 4, 1), true, true, false, FAILURE_HOLD_HOST},
    [FAILURE_TIMEOUT] = {"timeout", OUTCOME_DEFERRED, GATE_RETRY_DUE, MEANS(NETWORK, CONNECTION), 0,
                         CODE(4, 4, 2), true, false, false, FAILURE_HOLD_CONNECTION},
    [FAILURE_LOST] = {"lost", OUTCOME_DEFERRED, GATE_RETRY_DUE, MEANS(NETWORK, CONNECTION), 0,
                      CODE(4, 4, 2), true, false, false, FAILURE_HOLD_CONNECTION},
    [FAILURE_GARBAGE] = {"garbage", OUTCOME_DEFERRED, GATE_RETRY_DUE, MEANS(PROTOCOL, CONNECTION),
                         0, CODE(4, 5, 0), true, false, false, FAILURE_HOLD_CONNECTION},
    [FAILURE_TLS_HANDSHAKE] = {"tls-handshake", OUTCOME_DEFERRED, GATE_RETRY_DUE,
                               MEANS(TLS, CONNECTION), 0, CODE(4, 7, 5), true, true, false,
                               FAILURE_HOLD_HOST},
    [FAILURE_TLS_POLICY] = {"tls-policy", OUTCOME_DEFERRED, GATE_TLS_POLICY, MEANS(TLS, SITE), 0,
                            CODE(4, 7, 10), true, true, false, FAILURE_HOLD_HOST},
    [FAILURE_DNS_TEMPORARY] = {"dns-temporary", OUTCOME_DEFERRED, GATE_DNS_FAILURE,
                               MEANS(DNS, SITE), 0, CODE(4, 4, 3), true, false, false,
                               FAILURE_HOLD_NOTHING},
    [FAILURE_DNS_PERMANENT] = {"dns-permanent", OUTCOME_BOUNCED, GATE_NONE,
                               MEANS(BAD_DOMAIN, RECIPIENT), 0, CODE(5, 1, 2), true, false, false,
                               FAILURE_HOLD_NOTHING}, /* suppresses nobody: our resolver may err */
    [FAILURE_NULL_MX] = {"null-mx", OUTCOME_BOUNCED, GATE_NONE, MEANS(BAD_DOMAIN, RECIPIENT), 556,
                         CODE(5, 1, 10), true, false, true, FAILURE_HOLD_NOTHING},
    [FAILURE_SIZE] = {"size", OUTCOME_BOUNCED, GATE_NONE, MEANS(MESSAGE_TOO_LARGE, CONTENT), 0,
                      CODE(5, 3, 4), true, false, false, FAILURE_HOLD_NOTHING},
    [FAILURE_SMTPUTF8] = {"smtputf8", OUTCOME_BOUNCED, GATE_NONE, MEANS(MESSAGE_FORMAT, RECIPIENT),
                          0, CODE(5, 6, 7), true, true, false, FAILURE_HOLD_NOTHING},
    [FAILURE_MALFORMED] = {"malformed", OUTCOME_FAILED, GATE_NONE, MEANS(MESSAGE_FORMAT, CONTENT),
                           0, CODE(5, 6, 0), true, false, false, FAILURE_HOLD_CONNECTION},
    [FAILURE_SITE_SUSPENDED] = {"site-suspended", OUTCOME_PENDING, GATE_SITE_SUSPENDED,
                                MEANS(NONE, SITE), 0, 0, false, false, false, FAILURE_HOLD_NOTHING},
    [FAILURE_STOPPED] = {"stopped", OUTCOME_PENDING, GATE_NONE, MEANS(NONE, NONE), 0, 0, false,
                         false, false, FAILURE_HOLD_CONNECTION},
};

static bool is_opening(uint8_t stage)
{
    return stage <= REPLY_STAGE_STARTTLS;
}

/* A connection that never came to a greeting says something about the host. */
static void blame_host(struct failure_verdict *verdict)
{
    verdict->tries_next_host = true;
    verdict->hold = FAILURE_HOLD_HOST;
    verdict->blame = REPLY_BLAME_SITE;
}

static struct failure_verdict judge_kind(const struct failure_attempt *attempt)
{
    enum failure_kind kind = attempt->kind;
    struct failure_verdict verdict = {
        .outcome = kinds[kind].outcome,
        .gate = kinds[kind].gate,
        .reply_class = kinds[kind].reply_class,
        .blame = kinds[kind].blame,
        .smtp = kinds[kind].smtp,
        .enhanced = kinds[kind].enhanced,
        .counts_attempt = kinds[kind].counts_attempt,
        .tries_next_host = kinds[kind].tries_next_host,
        .suppresses = kinds[kind].suppresses,
        .hold = kinds[kind].hold,
        .rule_id = kinds[kind].rule_id,
    };
    bool is_broken = kind == FAILURE_TIMEOUT || kind == FAILURE_LOST || kind == FAILURE_GARBAGE;
    if (is_broken && is_opening(attempt->reply.stage)) {
        blame_host(&verdict);
    }
    return verdict;
}

/* S2: nobody knows whether the message was taken. */
static struct failure_verdict judge_doubt(const struct failure_attempt *attempt)
{
    struct failure_verdict verdict = judge_kind(attempt);
    bool holds = attempt->doubt == FAILURE_HOLD;
    verdict.outcome = holds ? OUTCOME_UNCERTAIN : OUTCOME_DEFERRED;
    verdict.gate = holds ? GATE_NONE : GATE_RETRY_DUE;
    verdict.smtp = 0;
    verdict.enhanced = CODE(4, 4, 2);
    verdict.counts_attempt = true;
    verdict.possible_duplicate = true;
    verdict.tries_next_host = false;
    verdict.hold = FAILURE_HOLD_CONNECTION;
    verdict.rule_id = holds ? "doubt-hold" : "doubt-resend";
    return verdict;
}

/* 521 and 556 speak of the host's mail as a whole; any other 5xx before MAIL is about us. */
static bool is_final(const struct classify_reply *reply, const struct classify_verdict *said)
{
    bool refuses_all_mail = reply->smtp == 521 || reply->smtp == 556;
    return !said->is_temporary && (!is_opening(reply->stage) || refuses_all_mail);
}

static enum failure_hold hold_after(const struct classify_reply *reply,
                                    const struct classify_verdict *said)
{
    if (said->blame == REPLY_BLAME_PATH || said->blame == REPLY_BLAME_IP) {
        return FAILURE_HOLD_PATH;
    }
    if (is_opening(reply->stage)) {
        return FAILURE_HOLD_HOST;
    }
    /* RFC 5321, 3.8: after 421 the server closes; 521 is said to close as well. */
    bool closes = reply->smtp == 421 || reply->smtp == 521;
    return closes || said->blame == REPLY_BLAME_CONNECTION ? FAILURE_HOLD_CONNECTION
                                                           : FAILURE_HOLD_NOTHING;
}

static struct failure_verdict judge_reply(struct classify *classify,
                                          const struct classify_reply *reply)
{
    struct classify_verdict said = classify_reply(classify, reply);
    struct failure_verdict verdict = {
        .outcome = is_final(reply, &said) ? OUTCOME_BOUNCED : OUTCOME_DEFERRED,
        .gate = is_final(reply, &said) ? GATE_NONE : GATE_RETRY_DUE,
        .reply_class = said.reply_class,
        .blame = said.blame,
        .smtp = reply->smtp,
        .enhanced = reply->enhanced,
        .counts_attempt = true,
        .tries_next_host = is_opening(reply->stage),
        .suppresses = said.suppresses,
        .hold = hold_after(reply, &said),
        .rule_id = said.rule_id,
    };
    return verdict;
}

/* Taken; or a positive reply where none may stand (250 to DATA), which is no SMTP. */
static struct failure_verdict judge_positive(struct classify *classify,
                                             const struct failure_attempt *attempt)
{
    const struct classify_reply *reply = &attempt->reply;
    if (reply->stage == REPLY_STAGE_DOT && reply->smtp < 300) {
        return (struct failure_verdict){
            .outcome = OUTCOME_DELIVERED,
            .smtp = reply->smtp,
            .enhanced = reply->enhanced,
            .counts_attempt = true,
            .rule_id = "delivered",
        };
    }
    struct failure_attempt garbage = *attempt;
    garbage.kind = FAILURE_GARBAGE;
    return failure_policy_judge(classify, &garbage);
}

struct failure_verdict failure_policy_judge(struct classify *classify,
                                            const struct failure_attempt *attempt)
{
    assert(attempt->kind < FAILURE_KIND_COUNT);
    if (attempt->kind == FAILURE_REPLY) {
        return attempt->reply.smtp < 400 ? judge_positive(classify, attempt)
                                         : judge_reply(classify, &attempt->reply);
    }
    return attempt->reply.stage == REPLY_STAGE_DOT ? judge_doubt(attempt) : judge_kind(attempt);
}
