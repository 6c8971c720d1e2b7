#include "worker/outbox/rehearsal.h"

#include "worker/outbox/outbox_parts.h"
#include "worker/pipeline/sandbox.h"

/* Drafts of these modes at once. */
#define REHEARSING_MAX 64

bool rehearsal_is_for(const struct letter *letter)
{
    return letter->claim->campaign->mode != HIKYAKU__V1__MODE__MODE_LIVE;
}

void rehearsal_file(struct outbox *outbox, struct letter *letter)
{
    letter->place = LETTER_QUEUED;
    letter->filed_ms = loop_now_ms(outbox->settings.loop);
    letter_list_append(&outbox->rehearsal, letter);
}

void rehearsal_pump(struct outbox *outbox)
{
    struct letter *letter;
    while (outbox->rehearsing < REHEARSING_MAX && outbox->rehearsal.count > 0 &&
           outbox->settings.may_start(outbox->settings.context) &&
           pipeline_has_room(outbox->settings.pipeline)) {
        letter = letter_list_take(&outbox->rehearsal);
        if (!outbox_still_wanted(outbox, letter)) {
            continue;
        }
        outbox->rehearsing++;
        pipeline_add(outbox->settings.pipeline, letter);
    }
}

static void play(struct outbox *outbox, struct letter *letter, const struct sandbox_rule *rule)
{
    struct outcome_report outcome = {
        .state = (uint8_t)rule->outcome,
        .smtp = rule->smtp,
        .enhanced = rule->enhanced,
        .counts_attempt = true,
        .stage = rule->stage,
        .rule_id = "sandbox",
        .site = "sandbox",
        .reply = text_of(rule->reply),
        .queued_ms = letter->sent_ms - letter->filed_ms,
    };
    if (rule->outcome == OUTCOME_UNCERTAIN) { /* doubt ends as the campaign wants it */
        outcome.flags = ROW_POSSIBLE_DUPLICATE;
        outcome.state = letter->claim->is_hold ? OUTCOME_UNCERTAIN : OUTCOME_DEFERRED;
    }
    outbox_settle(outbox, letter, &outcome);
}

void rehearsal_on_written(struct outbox *outbox, struct letter *letter)
{
    outbox->rehearsing--;
    outbox_touch(outbox, NULL);
    if (letter->draft->error != 0) {
        outbox_fail(outbox, letter);
        return;
    }
    if (!outbox_still_wanted(outbox, letter)) {
        return;
    }
    letter->sent_ms = loop_now_ms(outbox->settings.loop);
    if (letter->claim->campaign->mode == HIKYAKU__V1__MODE__MODE_DRY_RUN) {
        struct outcome_report outcome = {
            .state = OUTCOME_CANCELLED, .flags = ROW_DRY, .stage = "compose", .rule_id = "dry-run"};
        outbox_settle(outbox, letter, &outcome);
        return;
    }
    const struct sandbox_rule *rule = sandbox_find(letter->wire);
    if (rule->delay_ms == 0) {
        play(outbox, letter, rule);
        return;
    }
    pipeline_drop(outbox->settings.pipeline, letter);
    letter_list_append(&outbox->delayed, letter);
}

void rehearsal_tick(struct outbox *outbox, uint64_t now_ms)
{
    struct letter *next;
    for (struct letter *letter = outbox->delayed.first; letter != NULL; letter = next) {
        const struct sandbox_rule *rule = sandbox_find(letter->wire);
        next = letter->next;
        if (now_ms - letter->sent_ms >= rule->delay_ms) {
            letter_list_remove(letter);
            play(outbox, letter, rule);
        }
    }
}
