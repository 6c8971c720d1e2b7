#include "worker/smtp/smtp_states.h"

#include "common/base/clock.h"
#include "worker/smtp/smtp_report.h"

#include <assert.h>

/** Returned instead of a next state: what was written before is still being answered. */
#define STAY SMTP_STAGE_COUNT

typedef enum smtp_stage enter_fn(struct smtp_dialogue *dialogue);
typedef enum smtp_stage reply_fn(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                                 const struct smtp_reply *reply);

static enter_fn enter_ehlo, enter_helo, enter_starttls, enter_ready, enter_rset, enter_mail,
    enter_rcpt, enter_data, enter_body, enter_dot, enter_quit, enter_finished;
static reply_fn on_greeting, on_ehlo, on_helo, on_starttls, on_unexpected, on_rset, on_mail,
    on_rcpt, on_data, on_early, on_dot, on_quit;

/* Read down the table to read the dialogue. Timeouts: RFC 5321, 4.5.3.2 (S1).
 * on_enter writes the command and returns STAY, or the next state where PIPELINING lets it follow
 * at once; on_reply looks at the reply to that command and returns the next state. */
static const struct {
    uint64_t timeout_ms; /* 0: the owner's idle time */
    enter_fn *on_enter;
    reply_fn *on_reply;
} states[SMTP_STAGE_COUNT] = {
    [SMTP_STAGE_GREETING] = {5 * MINUTE_MS, NULL, on_greeting},
    [SMTP_STAGE_EHLO] = {5 * MINUTE_MS, enter_ehlo, on_ehlo},
    [SMTP_STAGE_HELO] = {5 * MINUTE_MS, enter_helo, on_helo},
    [SMTP_STAGE_STARTTLS] = {5 * MINUTE_MS, enter_starttls, on_starttls},
    [SMTP_STAGE_TLS] = {MINUTE_MS, NULL, on_unexpected},
    [SMTP_STAGE_READY] = {0, enter_ready, on_unexpected},
    [SMTP_STAGE_RSET] = {5 * MINUTE_MS, enter_rset, on_rset},
    [SMTP_STAGE_MAIL] = {5 * MINUTE_MS, enter_mail, on_mail},
    [SMTP_STAGE_RCPT] = {5 * MINUTE_MS, enter_rcpt, on_rcpt},
    [SMTP_STAGE_DATA] = {2 * MINUTE_MS, enter_data, on_data},
    [SMTP_STAGE_BODY] = {3 * MINUTE_MS, enter_body, on_early},
    [SMTP_STAGE_DOT] = {10 * MINUTE_MS, enter_dot, on_dot},
    [SMTP_STAGE_QUIT] = {10 * SECOND_MS, enter_quit, on_quit},
    [SMTP_STAGE_FINISHED] = {0, enter_finished, NULL},
};

/* The only place that changes the state. */
void smtp_states_enter(struct smtp_dialogue *dialogue, enum smtp_stage next)
{
    while (next != STAY && dialogue->state != SMTP_STAGE_FINISHED) {
        dialogue->before = dialogue->state;
        dialogue->state = next;
        dialogue->progress++;
        next = states[next].on_enter == NULL ? STAY : states[next].on_enter(dialogue);
    }
}

enum smtp_stage smtp_states_awaited(const struct smtp_dialogue *dialogue)
{
    return smtp_turns_next(&dialogue->turns, dialogue->state).stage;
}

enum smtp_stage smtp_states_fail(struct smtp_dialogue *dialogue, enum smtp_failure failure,
                                 const struct smtp_reply *reply)
{
    smtp_report_end(dialogue, smtp_states_awaited(dialogue), failure, reply);
    return SMTP_STAGE_FINISHED;
}

/* The server will not talk to us: leave in good order. */
static enum smtp_stage leave(struct smtp_dialogue *dialogue, enum smtp_failure failure,
                             const struct smtp_reply *reply)
{
    smtp_report_end(dialogue, smtp_states_awaited(dialogue), failure, reply);
    return SMTP_STAGE_QUIT;
}

static enum smtp_stage enter_finished(struct smtp_dialogue *dialogue)
{
    if (dialogue->untaken_dot != NULL) {
        dialogue->untaken_dot->is_dot_written = false; /* and never will be */
    }
    buffer_clear(&dialogue->output);
    smtp_report_rest(dialogue);
    return STAY;
}

/* ---- greeting, EHLO, STARTTLS ---- */

static unsigned class_of(const struct smtp_reply *reply)
{
    return reply->code / 100;
}

static bool is_refusal(const struct smtp_reply *reply)
{
    return class_of(reply) == 4 || class_of(reply) == 5;
}

static void append_line(struct smtp_dialogue *dialogue, struct text verb, struct text argument)
{
    buffer_append_text(&dialogue->output, verb);
    buffer_append_text(&dialogue->output, argument);
    buffer_append_text(&dialogue->output, TEXT("\r\n"));
}

static enum smtp_stage on_greeting(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                                   const struct smtp_reply *reply)
{
    (void)turn;
    if (class_of(reply) == 2) {
        return SMTP_STAGE_EHLO;
    }
    return is_refusal(reply) ? leave(dialogue, SMTP_FAILURE_NONE, reply)
                             : smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
}

static enum smtp_stage enter_ehlo(struct smtp_dialogue *dialogue)
{
    append_line(dialogue, TEXT("EHLO "), dialogue->settings.hello);
    return STAY;
}

/* Whether the policy lets mail go over this connection as it is. */
static enum smtp_stage ready_unless_tls(struct smtp_dialogue *dialogue)
{
    bool is_enough = dialogue->is_tls || dialogue->settings.tls != SMTP_TLS_REQUIRED;
    return is_enough ? SMTP_STAGE_READY : leave(dialogue, SMTP_FAILURE_TLS, NULL);
}

/* What was offered before STARTTLS is forgotten: parsed anew from each reply (E3). */
static enum smtp_stage on_ehlo(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                               const struct smtp_reply *reply)
{
    (void)turn;
    struct smtp_capabilities *offered = &dialogue->capabilities;
    if (class_of(reply) == 2) {
        smtp_capabilities_parse(reply->text, offered);
        dialogue->is_pipelining = offered->has_pipelining && !dialogue->settings.is_stepwise;
        bool wants_tls = !dialogue->is_tls && dialogue->settings.tls != SMTP_TLS_NEVER;
        return wants_tls && offered->has_starttls ? SMTP_STAGE_STARTTLS
                                                  : ready_unless_tls(dialogue);
    }
    if (class_of(reply) == 5 && !dialogue->is_tls) {
        return SMTP_STAGE_HELO; /* S13; RFC 5321, 3.2 */
    }
    return is_refusal(reply) ? leave(dialogue, SMTP_FAILURE_NONE, reply)
                             : smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
}

static enum smtp_stage enter_helo(struct smtp_dialogue *dialogue)
{
    append_line(dialogue, TEXT("HELO "), dialogue->settings.hello);
    return STAY;
}

static enum smtp_stage on_helo(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                               const struct smtp_reply *reply)
{
    (void)turn;
    if (class_of(reply) == 2) {
        return ready_unless_tls(dialogue);
    }
    return is_refusal(reply) ? leave(dialogue, SMTP_FAILURE_NONE, reply)
                             : smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
}

static enum smtp_stage enter_starttls(struct smtp_dialogue *dialogue)
{
    append_line(dialogue, TEXT("STARTTLS"), TEXT(""));
    return STAY;
}

/* Refused: opportunistic goes on in plain text, on this connection (RFC 3207, 4). */
static enum smtp_stage on_starttls(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                                   const struct smtp_reply *reply)
{
    (void)turn;
    if (class_of(reply) == 2) {
        return SMTP_STAGE_TLS;
    }
    if (!is_refusal(reply)) {
        return smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
    }
    return dialogue->settings.tls == SMTP_TLS_REQUIRED ? leave(dialogue, SMTP_FAILURE_NONE, reply)
                                                       : SMTP_STAGE_READY;
}

/* ---- messages ---- */

static bool may_begin(struct smtp_dialogue *dialogue)
{
    uint32_t ours = dialogue->settings.messages_max;
    uint32_t theirs = dialogue->capabilities.mail_max; /* E10 */
    dialogue->is_quitting |=
        (ours > 0 && dialogue->messages >= ours) || (theirs > 0 && dialogue->messages >= theirs);
    return !dialogue->is_quitting && !dialogue->is_aborting;
}

/* Take the next message that this server can be given; others have their result at once. */
static bool begin_message(struct smtp_dialogue *dialogue)
{
    while (may_begin(dialogue)) {
        struct smtp_message *message = dialogue->hooks.next_message(dialogue->hooks.context);
        if (message == NULL) {
            return false;
        }
        struct smtp_result result = {.stage = SMTP_STAGE_MAIL};
        result.failure = smtp_message_check(message, &dialogue->capabilities, &result.enhanced);
        if (result.failure == SMTP_FAILURE_NONE) {
            dialogue->messages++;
            smtp_turns_begin(&dialogue->turns, message);
            return true;
        }
        dialogue->hooks.on_result(dialogue->hooks.context, message, &result);
    }
    return false;
}

static enum smtp_stage enter_ready(struct smtp_dialogue *dialogue)
{
    dialogue->is_woken = false;
    if (begin_message(dialogue)) {
        return dialogue->needs_rset ? SMTP_STAGE_RSET : SMTP_STAGE_MAIL;
    }
    return dialogue->is_quitting ? SMTP_STAGE_QUIT : STAY;
}

static enum smtp_stage on_unexpected(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                                     const struct smtp_reply *reply)
{
    (void)turn;
    return smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
}

static enum smtp_stage enter_rset(struct smtp_dialogue *dialogue)
{
    dialogue->needs_rset = false;
    append_line(dialogue, TEXT("RSET"), TEXT(""));
    smtp_turns_expect(&dialogue->turns, SMTP_STAGE_RSET);
    return dialogue->is_pipelining ? SMTP_STAGE_MAIL : STAY;
}

static enum smtp_stage on_rset(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                               const struct smtp_reply *reply)
{
    (void)turn;
    if (class_of(reply) != 2) {
        return smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
    }
    return dialogue->is_pipelining ? STAY : SMTP_STAGE_MAIL;
}

static enum smtp_stage enter_mail(struct smtp_dialogue *dialogue)
{
    struct smtp_message *message = dialogue->turns.current->message;
    smtp_message_append_mail(message, &dialogue->capabilities, &dialogue->output);
    smtp_turns_expect(&dialogue->turns, SMTP_STAGE_MAIL);
    dialogue->hooks.on_mail_written(dialogue->hooks.context, message);
    return dialogue->is_pipelining ? SMTP_STAGE_RCPT : STAY;
}

static enum smtp_stage on_mail(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                               const struct smtp_reply *reply)
{
    if (is_refusal(reply)) {
        smtp_report_reply(dialogue, turn, SMTP_STAGE_MAIL, reply);
        return dialogue->is_pipelining ? STAY : SMTP_STAGE_READY;
    }
    if (class_of(reply) != 2) {
        return smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
    }
    turn->is_open = true;
    return dialogue->is_pipelining ? STAY : SMTP_STAGE_RCPT;
}

static enum smtp_stage enter_rcpt(struct smtp_dialogue *dialogue)
{
    smtp_message_append_rcpt(dialogue->turns.current->message, &dialogue->output);
    smtp_turns_expect(&dialogue->turns, SMTP_STAGE_RCPT);
    return dialogue->is_pipelining ? SMTP_STAGE_DATA : STAY;
}

static enum smtp_stage on_rcpt(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                               const struct smtp_reply *reply)
{
    if (is_refusal(reply)) {
        smtp_report_reply(dialogue, turn, SMTP_STAGE_RCPT, reply);
        dialogue->needs_rset = turn->is_open;
        return dialogue->is_pipelining ? STAY : SMTP_STAGE_READY;
    }
    if (class_of(reply) != 2) {
        return smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
    }
    turn->is_open = true;
    turn->has_recipient = true;
    return dialogue->is_pipelining ? STAY : SMTP_STAGE_DATA;
}

static enum smtp_stage enter_data(struct smtp_dialogue *dialogue)
{
    append_line(dialogue, TEXT("DATA"), TEXT(""));
    smtp_turns_expect(&dialogue->turns, SMTP_STAGE_DATA);
    return STAY;
}

/* RFC 2920, 3.1: 354 although the recipient was refused is answered by a lone dot; it is no
 * message. If the server did take a recipient, a dot would send it an empty one: never. */
static enum smtp_stage on_data(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                               const struct smtp_reply *reply)
{
    if (is_refusal(reply)) {
        smtp_report_reply(dialogue, turn, SMTP_STAGE_DATA, reply);
        dialogue->needs_rset = turn->is_open;
        return SMTP_STAGE_READY;
    }
    if (class_of(reply) != 3 || (turn->message == NULL && turn->has_recipient)) {
        return smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
    }
    return turn->message == NULL ? SMTP_STAGE_DOT : SMTP_STAGE_BODY;
}

/* ---- body and dot ---- */

static bool may_complete(struct smtp_dialogue *dialogue)
{
    const struct smtp_message *message = dialogue->turns.current->message;
    bool is_little_ahead =
        dialogue->unflushed == 0 && dialogue->output.size <= SMTP_DIALOGUE_ONE_WRITE_BYTES;
    return message->is_released && is_little_ahead &&
           dialogue->hooks.may_complete(dialogue->hooks.context, message) && !dialogue->is_aborting;
}

/* Send what may be sent. A short message waits for its release as a whole, so that body and dot
 * are one write; of a long one the body goes ahead. The dot never stands behind much that the
 * kernel has yet to take: the gate was asked now, not then. */
static enum smtp_stage send_body(struct smtp_dialogue *dialogue)
{
    const struct smtp_message *message = dialogue->turns.current->message;
    struct dot_stuffer *stuffer = &dialogue->stuffer;
    if (dialogue->is_aborting) {
        return STAY;
    }
    bool may_go = false;
    if (message->size_bytes <= SMTP_DIALOGUE_ONE_WRITE_BYTES && !stuffer->is_done) {
        may_go = may_complete(dialogue);
        if (!may_go) {
            return STAY;
        }
    }
    size_t held = dialogue->output.size + dialogue->unflushed;
    if (!stuffer->is_done && held < SMTP_DIALOGUE_CHUNK_BYTES &&
        dot_stuffer_fill(stuffer, &dialogue->output, SMTP_DIALOGUE_CHUNK_BYTES - held) != 0) {
        smtp_report_failure(dialogue, dialogue->turns.current, SMTP_STAGE_BODY,
                            SMTP_FAILURE_MALFORMED_MESSAGE);
        return smtp_states_fail(dialogue, SMTP_FAILURE_ABORTED, NULL);
    }
    if (!stuffer->is_done) {
        return STAY;
    }
    return may_go || may_complete(dialogue) ? SMTP_STAGE_DOT : STAY;
}

static enum smtp_stage enter_body(struct smtp_dialogue *dialogue)
{
    const struct smtp_message *message = dialogue->turns.current->message;
    dot_stuffer_init(&dialogue->stuffer, message->signature, message->parts, message->part_count);
    dialogue->unflushed = 0; /* the server has answered all of it */
    return send_body(dialogue);
}

/* A refusal before the dot is the message's result, but the rest of it would be read as commands:
 * the connection ends. */
static enum smtp_stage on_early(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                                const struct smtp_reply *reply)
{
    if (!is_refusal(reply)) {
        return smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
    }
    smtp_report_reply(dialogue, turn, SMTP_STAGE_BODY, reply);
    return smtp_states_fail(dialogue, SMTP_FAILURE_NONE, reply);
}

static enum smtp_stage enter_dot(struct smtp_dialogue *dialogue)
{
    append_line(dialogue, TEXT("."), TEXT(""));
    dialogue->turns.current->is_dot_written = true;
    dialogue->untaken_dot = dialogue->turns.current;
    dialogue->needs_rset = false;
    smtp_turns_expect(&dialogue->turns, SMTP_STAGE_DOT);
    bool may_follow = dialogue->is_pipelining && !dialogue->settings.waits_behind_dot;
    return may_follow && begin_message(dialogue) ? SMTP_STAGE_MAIL : STAY;
}

static enum smtp_stage on_dot(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                              const struct smtp_reply *reply)
{
    if (class_of(reply) == 3) {
        return smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, reply);
    }
    smtp_report_reply(dialogue, turn, SMTP_STAGE_DOT, reply);
    return turn == dialogue->turns.current ? SMTP_STAGE_READY : STAY;
}

static enum smtp_stage enter_quit(struct smtp_dialogue *dialogue)
{
    append_line(dialogue, TEXT("QUIT"), TEXT(""));
    return STAY;
}

static enum smtp_stage on_quit(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                               const struct smtp_reply *reply)
{
    (void)turn;
    (void)reply;
    return smtp_states_fail(dialogue, SMTP_FAILURE_NONE, NULL);
}

/* ---- what moves it ---- */

/* S6: 421 ends the session wherever it comes; it is the result of the command it answers. */
static enum smtp_stage on_goodbye(struct smtp_dialogue *dialogue, struct smtp_expected expected,
                                  const struct smtp_reply *reply)
{
    bool is_own = expected.stage >= SMTP_STAGE_MAIL && expected.stage <= SMTP_STAGE_DOT;
    if (is_own) {
        smtp_report_reply(dialogue, expected.turn, expected.stage, reply);
    }
    return smtp_states_fail(dialogue, SMTP_FAILURE_NONE, reply);
}

void smtp_states_take_reply(struct smtp_dialogue *dialogue, const struct smtp_reply *reply)
{
    struct smtp_expected expected = smtp_turns_next(&dialogue->turns, dialogue->state);
    bool is_goodbye = reply->code == 421 && expected.stage != SMTP_STAGE_QUIT;
    bool is_premature = dialogue->output.size > 0; /* the command has not left yet */
    enum smtp_stage next = STAY;
    expected.turn->is_answered |= expected.stage >= SMTP_STAGE_MAIL && !is_premature;
    if (is_premature) {
        next = smtp_states_fail(dialogue, is_goodbye ? SMTP_FAILURE_NONE : SMTP_FAILURE_PROTOCOL,
                                reply);
    } else if (is_goodbye) {
        next = on_goodbye(dialogue, expected, reply);
    } else {
        next = states[expected.stage].on_reply(dialogue, expected.turn, reply);
    }
    if (next != SMTP_STAGE_FINISHED) {
        smtp_turns_answered(&dialogue->turns);
    }
    dialogue->progress++;
    smtp_states_enter(dialogue, next);
}

uint64_t smtp_states_timeout_ms(enum smtp_stage stage)
{
    return states[stage].timeout_ms;
}

void smtp_states_resume(struct smtp_dialogue *dialogue)
{
    if (dialogue->state == SMTP_STAGE_READY && (dialogue->is_woken || dialogue->is_quitting)) {
        smtp_states_enter(dialogue, enter_ready(dialogue));
    } else if (dialogue->state == SMTP_STAGE_BODY) {
        smtp_states_enter(dialogue, send_body(dialogue));
    }
}
