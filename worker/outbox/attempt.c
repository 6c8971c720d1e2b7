#include "worker/outbox/attempt.h"

#include "common/policy/reply_class.h"

/* One row for each stage of a dialogue: where policy sees it, and what events call it. */
static const uint8_t stages[SMTP_STAGE_COUNT] = {
    [SMTP_STAGE_CONNECT] = REPLY_STAGE_CONNECT,   [SMTP_STAGE_GREETING] = REPLY_STAGE_GREETING,
    [SMTP_STAGE_EHLO] = REPLY_STAGE_EHLO,         [SMTP_STAGE_HELO] = REPLY_STAGE_EHLO,
    [SMTP_STAGE_STARTTLS] = REPLY_STAGE_STARTTLS, [SMTP_STAGE_TLS] = REPLY_STAGE_STARTTLS,
    [SMTP_STAGE_READY] = REPLY_STAGE_MAIL,        [SMTP_STAGE_RSET] = REPLY_STAGE_MAIL,
    [SMTP_STAGE_MAIL] = REPLY_STAGE_MAIL,         [SMTP_STAGE_RCPT] = REPLY_STAGE_RCPT,
    [SMTP_STAGE_DATA] = REPLY_STAGE_DATA,         [SMTP_STAGE_BODY] = REPLY_STAGE_DATA,
    [SMTP_STAGE_DOT] = REPLY_STAGE_DOT,           [SMTP_STAGE_QUIT] = REPLY_STAGE_QUIT,
    [SMTP_STAGE_FINISHED] = REPLY_STAGE_QUIT,
};

static const uint8_t kinds[SMTP_FAILURE_COUNT] = {
    [SMTP_FAILURE_NONE] = FAILURE_REPLY,
    [SMTP_FAILURE_CONNECT_REFUSED] = FAILURE_REFUSED,
    [SMTP_FAILURE_CONNECT_TIMEOUT] = FAILURE_TIMEOUT,
    [SMTP_FAILURE_UNREACHABLE] = FAILURE_UNREACHABLE,
    [SMTP_FAILURE_SOURCE_ADDRESS] = FAILURE_STOPPED, /* our own fault: another IP may do */
    [SMTP_FAILURE_RESET] = FAILURE_LOST,
    [SMTP_FAILURE_CLOSED] = FAILURE_LOST,
    [SMTP_FAILURE_TIMEOUT] = FAILURE_TIMEOUT,
    [SMTP_FAILURE_TLS] = FAILURE_TLS_HANDSHAKE,
    [SMTP_FAILURE_PROTOCOL] = FAILURE_GARBAGE,
    [SMTP_FAILURE_ABORTED] = FAILURE_STOPPED,
    [SMTP_FAILURE_MESSAGE_TOO_BIG] = FAILURE_SIZE,
    [SMTP_FAILURE_NO_SMTPUTF8] = FAILURE_SMTPUTF8,
    [SMTP_FAILURE_NO_8BITMIME] = FAILURE_SMTPUTF8,
    [SMTP_FAILURE_MALFORMED_MESSAGE] = FAILURE_SIZE,
};

struct failure_verdict attempt_judge(struct classify *classify, const struct smtp_result *result,
                                     struct text provider, enum failure_doubt doubt)
{
    struct failure_attempt attempt = {
        .kind = kinds[result->failure],
        .doubt = doubt,
        .reply = {.provider = provider,
                  .stage = stages[result->stage],
                  .smtp = (uint16_t)result->code,
                  .enhanced = result->enhanced,
                  .text = result->reply},
    };
    if (smtp_result_is_in_doubt(result)) {
        attempt.reply.stage = REPLY_STAGE_DOT;
        return failure_policy_judge(classify, &attempt);
    }
    /* Y6: the server closed before it looked at this message: nothing of it failed. */
    bool is_broken = attempt.kind == FAILURE_LOST;
    if (is_broken && !result->was_answered && attempt.reply.stage >= REPLY_STAGE_MAIL) {
        attempt.kind = FAILURE_STOPPED;
    }
    struct failure_verdict verdict = failure_policy_judge(classify, &attempt);
    if (result->failure == SMTP_FAILURE_MALFORMED_MESSAGE) {
        verdict.outcome = OUTCOME_FAILED; /* ours */
        verdict.reply_class = REPLY_CLASS_MESSAGE_FORMAT;
        verdict.rule_id = "malformed-message";
    }
    return verdict;
}

static enum path_event_kind kind_of(const struct smtp_result *result)
{
    bool is_opening = stages[result->stage] < REPLY_STAGE_MAIL;
    switch (result->failure) {
    case SMTP_FAILURE_NONE:
        return is_opening ? PATH_EVENT_REFUSED : PATH_EVENT_ANSWERED;
    case SMTP_FAILURE_RESET:
        return PATH_EVENT_RESET;
    case SMTP_FAILURE_CLOSED:
        if (!is_opening && !result->was_answered) {
            return PATH_EVENT_ENDED;
        }
        return is_opening ? PATH_EVENT_FAILED : PATH_EVENT_GIVEN_UP;
    case SMTP_FAILURE_CONNECT_REFUSED:
    case SMTP_FAILURE_CONNECT_TIMEOUT:
    case SMTP_FAILURE_UNREACHABLE:
    case SMTP_FAILURE_TIMEOUT:
        return is_opening ? PATH_EVENT_FAILED : PATH_EVENT_GIVEN_UP;
    case SMTP_FAILURE_SOURCE_ADDRESS:
    case SMTP_FAILURE_TLS:
    case SMTP_FAILURE_PROTOCOL:
    case SMTP_FAILURE_ABORTED:
    case SMTP_FAILURE_MESSAGE_TOO_BIG:
    case SMTP_FAILURE_NO_SMTPUTF8:
    case SMTP_FAILURE_NO_8BITMIME:
    case SMTP_FAILURE_MALFORMED_MESSAGE:
    case SMTP_FAILURE_COUNT:
        break;
    }
    return PATH_EVENT_GIVEN_UP;
}

struct path_event attempt_event(const struct smtp_result *result,
                                const struct failure_verdict *verdict)
{
    return (struct path_event){.kind = kind_of(result),
                               .reply = {.reply_class = verdict->reply_class,
                                         .blame = verdict->blame,
                                         .stage = stages[result->stage],
                                         .smtp = verdict->smtp,
                                         .enhanced = verdict->enhanced,
                                         .rule = verdict->rule_id},
                               .took_ms = result->smtp_ms};
}

struct failure_verdict attempt_judge_route(enum route_status status)
{
    static const uint8_t of_status[] = {
        [ROUTE_OK] = FAILURE_DNS_TEMPORARY,
        [ROUTE_TEMPORARY] = FAILURE_DNS_TEMPORARY,
        [ROUTE_NO_DOMAIN] = FAILURE_DNS_PERMANENT,
        [ROUTE_NULL_MX] = FAILURE_NULL_MX,
    };
    struct failure_attempt attempt = {.kind = of_status[status],
                                      .reply = {.stage = REPLY_STAGE_DNS}};
    return failure_policy_judge(NULL, &attempt); /* no reply: no rules are asked */
}

struct outcome_report attempt_outcome(const struct failure_verdict *verdict,
                                      const struct smtp_result *result)
{
    struct outcome_report outcome = {
        .state = verdict->outcome,
        .gate = verdict->gate,
        .reply_class = verdict->reply_class,
        .flags = verdict->possible_duplicate ? ROW_POSSIBLE_DUPLICATE : 0,
        .smtp = verdict->smtp,
        .enhanced = verdict->enhanced,
        .counts_attempt = verdict->counts_attempt,
        .suppresses = verdict->suppresses,
        .blame = reply_class_blame_name(verdict->blame),
        .rule_id = verdict->rule_id,
        .stage = reply_class_stage_name(REPLY_STAGE_DNS),
    };
    if (result != NULL) {
        outcome.stage = smtp_result_stage_name(result->stage);
        outcome.mx_host = result->mx_host;
        outcome.mx_ip = result->ip;
        outcome.tls_version = result->tls_version;
        outcome.is_reply_to_dot = result->failure == SMTP_FAILURE_NONE &&
                                  result->stage == SMTP_STAGE_DOT && result->code / 100 != 4;
        outcome.smtp_ms = result->smtp_ms;
        outcome.reply = result->failure == SMTP_FAILURE_NONE
                            ? result->reply
                            : text_of(smtp_result_failure_name(result->failure));
    }
    return outcome;
}
