#include "worker/report/report_claim.h"

#include "common/base/log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEAL_LEVEL 1 /* details are small and many: speed matters more than size */
#define TICKS_PER_INTERVAL 4

static void on_turn(void *context)
{
    struct report *report = context;
    uint64_t now_ms = loop_now_ms(report->settings.loop);
    report->is_deferred = false;
    struct report_claim *next;
    for (struct report_claim *part = report->first; part != NULL; part = next) {
        next = part->next;
        report_claim_advance(part, now_ms);
        if (!report_claim_is_done(part)) {
            continue;
        }
        *(part->previous != NULL ? &part->previous->next : &report->first) = part->next;
        if (part->next != NULL) {
            part->next->previous = part->previous;
        }
        struct claim *claim = part->claim;
        report_claim_destroy(&part);
        claim->report = NULL;
        report->count--;
        report->settings.on_end(report->settings.context, claim);
    }
    evidence_advance(report->evidence, now_ms);
}

void report_schedule(struct report *report)
{
    if (!report->is_deferred) {
        report->is_deferred = true;
        loop_defer(report->settings.loop, on_turn, report);
    }
}

static void on_tick(void *context)
{
    struct report *report = context;
    uint64_t now_ms = loop_now_ms(report->settings.loop);
    if (now_ms - report->ticked_ms >= report->settings.interval_ms) {
        report->ticked_ms = now_ms;
        flush_window_tick(&report->window);
    }
    for (struct report_claim *part = report->first; part != NULL; part = part->next) {
        report_claim_check_marks(part, now_ms);
    }
    report_schedule(report);
}

struct report *report_create(const struct report_settings *settings)
{
    struct report *report = xalloc_zero(1, sizeof *report);
    report->settings = *settings;
    report->seal = seal_create(SEAL_LEVEL);
    report->evidence = evidence_create(settings->store);
    report->timer = loop_timer_create(settings->loop, on_tick, report);
    uint64_t tick_ms = settings->interval_ms / TICKS_PER_INTERVAL;
    loop_timer_start(report->timer, tick_ms > 0 ? tick_ms : 1, tick_ms > 0 ? tick_ms : 1);
    return report;
}

void report_destroy(struct report **report)
{
    if (*report == NULL) {
        return;
    }
    assert((*report)->first == NULL);
    loop_timer_destroy(&(*report)->timer);
    seal_destroy(&(*report)->seal);
    evidence_destroy(&(*report)->evidence);
    free(*report);
    *report = NULL;
}

void report_add(struct report *report, struct claim *claim)
{
    struct report_claim *part = report_claim_create(report, claim);
    part->next = report->first;
    if (part->next != NULL) {
        part->next->previous = part;
    }
    report->first = part;
    report->count++;
    claim->report = part;
    report_schedule(report);
}

static void count_progress(struct report_progress *progress, const struct row *row)
{
    switch (row->state) {
    case OUTCOME_DELIVERED:
        progress->delivered++;
        break;
    case OUTCOME_BOUNCED:
        progress->bounced++;
        break;
    case OUTCOME_DEFERRED:
        progress->deferred++;
        break;
    default:
        progress->other++;
    }
}

static void gather(struct report_claim *part, struct letter *letter,
                   const struct outcome_report *outcome)
{
    struct report_changes *changes = part->gathered;
    struct outcome_time time = {
        .now_unix_ms = store_now_unix_ms(part->report->settings.store),
        .expires_unix_s = part->claim->expires_unix_s,
        .random = part->random,
        .is_transactional = part->claim->is_transactional,
        .retry_permille = part->report->settings.retry_permille,
    };
    struct row row;
    bool has_event = outcome_apply(outcome, &letter->row, &time, &row);
    if (!has_event && !letter->is_mark_asked && row.gate == letter->row.gate &&
        row.flags == letter->row.flags && row.due == letter->row.due) {
        return;
    }
    if (changes->count == 0) {
        part->gathered_ms = loop_now_ms(part->report->settings.loop);
    }
    assert(changes->count < part->claim->count); /* each letter is settled once */
    changes->is_evidence[changes->count] =
        outcome->is_reply_to_dot &&
        (row.state == OUTCOME_DELIVERED || row.state == OUTCOME_BOUNCED);
    changes->rows[changes->count++] = (struct store_row_change){letter->position, row};
    letter->row = row;
    if (has_event) {
        const struct outcome_person person = {letter->position, letter->domain, letter->person};
        outcome_append_detail(outcome, &person, time.now_unix_ms, &changes->details);
        count_progress(&changes->progress, &row);
    }
}

/* Debug, not info: at thousands of messages a second a line each would cost more than the mail. */
static void log_outcome(const struct letter *letter, const struct outcome_report *outcome)
{
    LOG(LOG_OUTCOME, NULL, log_string("claim", letter->claim->text),
        log_number("index", letter->index),
        log_string("outcome", rows_outcome_name(outcome->state)), log_number("smtp", outcome->smtp),
        log_string("stage", outcome->stage != NULL ? outcome->stage : ""),
        log_string("rule", outcome->rule_id != NULL ? outcome->rule_id : ""));
}

void report_settle(struct report *report, struct letter *letter,
                   const struct outcome_report *outcome)
{
    struct claim *claim = letter->claim;
    struct report_claim *part = claim->report;
    assert(letter->place != LETTER_IDLE && letter->place != LETTER_SETTLED);
    assert(letter->draft == NULL && claim->working > 0);
    letter_list_remove(letter);
    letter->place = LETTER_SETTLED;
    claim->working--;
    if (log_is_enabled(LOG_LEVEL_DEBUG)) {
        log_outcome(letter, outcome);
    }
    gather(part, letter, outcome);
    if (claim->working == 0 || claim->is_lost ||
        part->gathered->count >= report->settings.outcomes) {
        report_schedule(report);
    }
}

void report_mark(struct report *report, struct letter *letter)
{
    struct report_claim *part = letter->claim->report;
    assert(letter->place == LETTER_ON_WIRE && letter->list == NULL);
    letter->is_mark_asked = true;
    letter->asked_ms = loop_now_ms(report->settings.loop);
    letter_list_append(&part->marks, letter);
    report_schedule(report);
}

/* Without a store nothing is flushed, so nothing would be unanswered either. */
bool report_is_open(const struct report *report)
{
    return store_is_ready(report->settings.store) && flush_window_is_open(&report->window);
}

void report_resume(struct report *report)
{
    struct store_facts facts;
    store_facts(report->settings.store, &facts);
    bool is_other = report->run_id[0] != '\0' && strcmp(report->run_id, facts.run_id) != 0;
    (void)snprintf(report->run_id, sizeof report->run_id, "%s", facts.run_id);
    if (is_other) {
        evidence_repeat(report->evidence); /* it may have lost the end of what it knew */
    }
    report_schedule(report);
}

void report_flush_all(struct report *report)
{
    for (struct report_claim *part = report->first; part != NULL; part = part->next) {
        part->gathered_ms = 0;
    }
    report_schedule(report);
}

void report_lose_all(struct report *report)
{
    for (struct report_claim *part = report->first; part != NULL; part = part->next) {
        report_claim_lose(part);
    }
}

size_t report_claims(const struct report *report)
{
    return report->count;
}

size_t report_evidence(const struct report *report)
{
    return evidence_waiting(report->evidence);
}
