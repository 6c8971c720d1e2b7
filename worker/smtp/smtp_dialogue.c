#include "worker/smtp/smtp_dialogue.h"

#include "worker/smtp/smtp_report.h"
#include "worker/smtp/smtp_states.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* An aborted message has its result at once; the connection ends when none is in doubt on it. */
static void carry_out_abort(struct smtp_dialogue *dialogue)
{
    struct smtp_turn *turn = dialogue->turns.current;
    if (!turn->is_dot_written) {
        smtp_report_failure(dialogue, turn, dialogue->state, SMTP_FAILURE_ABORTED);
    }
    if (turn->message == NULL && smtp_turns_older(&dialogue->turns)->message == NULL) {
        smtp_states_enter(dialogue, smtp_states_fail(dialogue, SMTP_FAILURE_ABORTED, NULL));
    }
}

/* Do what hooks and callers left to do. */
static void settle(struct smtp_dialogue *dialogue)
{
    dialogue->is_busy = true;
    if (dialogue->is_aborting) {
        carry_out_abort(dialogue);
    }
    smtp_states_resume(dialogue);
    dialogue->is_busy = false;
}

void smtp_dialogue_feed(struct smtp_dialogue *dialogue, struct text bytes)
{
    dialogue->is_busy = true;
    while (bytes.size > 0 && dialogue->state != SMTP_STAGE_FINISHED) {
        const struct smtp_reply *reply = NULL;
        int fed = -EPROTO; /* plain text behind STARTTLS: somebody injects commands (E2) */
        if (dialogue->state != SMTP_STAGE_TLS) {
            fed = reply_parser_feed(&dialogue->parser, &bytes, &reply);
        }
        if (fed < 0) {
            smtp_states_enter(dialogue, smtp_states_fail(dialogue, SMTP_FAILURE_PROTOCOL, NULL));
        } else if (fed > 0) {
            smtp_states_take_reply(dialogue, reply);
        }
        if (dialogue->is_aborting) {
            carry_out_abort(dialogue);
        }
    }
    settle(dialogue);
}

struct text smtp_dialogue_output(const struct smtp_dialogue *dialogue)
{
    return buffer_text(&dialogue->output);
}

void smtp_dialogue_on_taken(struct smtp_dialogue *dialogue)
{
    dialogue->unflushed += dialogue->output.size;
    dialogue->untaken_dot = NULL;
    buffer_clear(&dialogue->output);
}

void smtp_dialogue_on_flushed(struct smtp_dialogue *dialogue)
{
    dialogue->unflushed = 0;
    dialogue->progress += dialogue->state == SMTP_STAGE_BODY;
    settle(dialogue);
}

bool smtp_dialogue_wants_tls(const struct smtp_dialogue *dialogue)
{
    return dialogue->state == SMTP_STAGE_TLS;
}

void smtp_dialogue_on_tls(struct smtp_dialogue *dialogue)
{
    assert(dialogue->state == SMTP_STAGE_TLS);
    dialogue->is_tls = true;
    reply_parser_init(&dialogue->parser);
    smtp_states_enter(dialogue, SMTP_STAGE_EHLO);
}

void smtp_dialogue_fail(struct smtp_dialogue *dialogue, enum smtp_failure failure)
{
    bool is_parting = dialogue->state == SMTP_STAGE_QUIT;
    dialogue->is_busy = true;
    smtp_states_enter(dialogue,
                      smtp_states_fail(dialogue, is_parting ? SMTP_FAILURE_NONE : failure, NULL));
    dialogue->is_busy = false;
}

uint64_t smtp_dialogue_timeout_ms(const struct smtp_dialogue *dialogue)
{
    uint64_t timeout_ms = smtp_states_timeout_ms(smtp_states_awaited(dialogue));
    unsigned permille = dialogue->settings.timeout_permille;
    if (timeout_ms == 0) {
        return dialogue->settings.idle_ms;
    }
    return permille == 0 ? timeout_ms : timeout_ms * permille / 1000;
}

uint32_t smtp_dialogue_progress(const struct smtp_dialogue *dialogue)
{
    return dialogue->progress;
}

void smtp_dialogue_on_timeout(struct smtp_dialogue *dialogue)
{
    if (dialogue->state == SMTP_STAGE_READY) {
        smtp_dialogue_quit(dialogue);
    } else {
        smtp_dialogue_fail(dialogue, SMTP_FAILURE_TIMEOUT);
    }
}

void smtp_dialogue_wake(struct smtp_dialogue *dialogue)
{
    dialogue->is_woken = true;
    if (!dialogue->is_busy) {
        settle(dialogue);
    }
}

void smtp_dialogue_release(struct smtp_dialogue *dialogue, struct smtp_message *message)
{
    message->is_released = true;
    if (!dialogue->is_busy) {
        settle(dialogue);
    }
}

int smtp_dialogue_abort(struct smtp_dialogue *dialogue, struct smtp_message *message)
{
    const struct smtp_turn *turn = dialogue->turns.current;
    if (turn->message != message || turn->is_dot_written) {
        return -EALREADY;
    }
    dialogue->is_aborting = true;
    if (!dialogue->is_busy) {
        settle(dialogue);
    }
    return 0;
}

void smtp_dialogue_quit(struct smtp_dialogue *dialogue)
{
    dialogue->is_quitting = true;
    if (!dialogue->is_busy) {
        settle(dialogue);
    }
}

enum smtp_stage smtp_dialogue_stage(const struct smtp_dialogue *dialogue)
{
    return dialogue->state == SMTP_STAGE_FINISHED ? SMTP_STAGE_FINISHED
                                                  : smtp_states_awaited(dialogue);
}

bool smtp_dialogue_needs_reset(const struct smtp_dialogue *dialogue)
{
    return dialogue->state == SMTP_STAGE_FINISHED && dialogue->before == SMTP_STAGE_BODY;
}

const struct smtp_result *smtp_dialogue_end(const struct smtp_dialogue *dialogue)
{
    return &dialogue->end;
}

const struct smtp_capabilities *smtp_dialogue_capabilities(const struct smtp_dialogue *dialogue)
{
    return &dialogue->capabilities;
}

struct smtp_dialogue *smtp_dialogue_create(const struct smtp_dialogue_settings *settings,
                                           const struct smtp_dialogue_hooks *hooks)
{
    struct smtp_dialogue *dialogue = xalloc_zero(1, sizeof *dialogue);
    dialogue->settings = *settings;
    dialogue->hooks = *hooks;
    dialogue->state = SMTP_STAGE_GREETING;
    dialogue->before = SMTP_STAGE_CONNECT;
    smtp_turns_init(&dialogue->turns);
    reply_parser_init(&dialogue->parser);
    return dialogue;
}

void smtp_dialogue_destroy(struct smtp_dialogue **dialogue)
{
    if (*dialogue == NULL) {
        return;
    }
    buffer_finish(&(*dialogue)->output);
    buffer_finish(&(*dialogue)->end_text);
    free(*dialogue);
    *dialogue = NULL;
}
