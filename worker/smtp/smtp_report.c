#include "worker/smtp/smtp_report.h"

static void report(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                   struct smtp_result *result)
{
    struct smtp_message *message = turn->message;
    if (message == NULL) {
        return;
    }
    turn->message = NULL;
    result->was_dot_written = turn->is_dot_written;
    result->was_answered = turn->is_answered;
    dialogue->hooks.on_result(dialogue->hooks.context, message, result);
}

void smtp_report_reply(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                       enum smtp_stage stage, const struct smtp_reply *reply)
{
    struct smtp_result result = {
        .stage = stage, .code = reply->code, .enhanced = reply->enhanced, .reply = reply->text};
    report(dialogue, turn, &result);
}

void smtp_report_failure(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                         enum smtp_stage idle, enum smtp_failure failure)
{
    enum smtp_stage stage =
        turn->is_dot_written ? SMTP_STAGE_DOT : smtp_turns_stage(&dialogue->turns, turn, idle);
    struct smtp_result result = {.stage = stage, .failure = failure};
    report(dialogue, turn, &result);
}

void smtp_report_end(struct smtp_dialogue *dialogue, enum smtp_stage stage,
                     enum smtp_failure failure, const struct smtp_reply *reply)
{
    if (dialogue->has_end) {
        return;
    }
    dialogue->has_end = true;
    dialogue->end = (struct smtp_result){.stage = stage, .failure = failure};
    if (reply != NULL) {
        buffer_append_text(&dialogue->end_text, reply->text);
        dialogue->end.code = reply->code;
        dialogue->end.enhanced = reply->enhanced;
        dialogue->end.reply = buffer_text(&dialogue->end_text);
    }
}

/* A message behind another one has not failed by what failed that one: for it, it is closed. */
static enum smtp_failure failure_behind(enum smtp_failure failure)
{
    bool is_of_the_first = failure == SMTP_FAILURE_TIMEOUT || failure == SMTP_FAILURE_PROTOCOL;
    return is_of_the_first ? SMTP_FAILURE_CLOSED : failure;
}

void smtp_report_rest(struct smtp_dialogue *dialogue)
{
    struct smtp_turn *older = smtp_turns_older(&dialogue->turns);
    enum smtp_failure failure =
        dialogue->end.failure == SMTP_FAILURE_NONE ? SMTP_FAILURE_CLOSED : dialogue->end.failure;
    bool is_behind = smtp_turns_is_awaited(&dialogue->turns, older);
    smtp_report_failure(dialogue, older, SMTP_STAGE_DOT, failure);
    smtp_report_failure(dialogue, dialogue->turns.current, dialogue->before,
                        is_behind ? failure_behind(failure) : failure);
}
