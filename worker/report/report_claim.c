#include "worker/report/report_claim.h"

#include "common/base/log.h"
#include "worker/report/flush_interval.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MARKS_MAX (sizeof((struct report_claim *)NULL)->marking / sizeof(uint16_t))

static struct report_changes *create_changes(size_t letters)
{
    struct report_changes *changes = xalloc_zero(1, sizeof *changes);
    changes->rows = xalloc_zero(letters + 1, sizeof *changes->rows);
    changes->is_evidence = xalloc_zero(letters + 1, sizeof *changes->is_evidence);
    return changes;
}

struct report_claim *report_claim_create(struct report *report, struct claim *claim)
{
    struct report_claim *part = xalloc_zero(1, sizeof *part);
    part->report = report;
    part->claim = claim;
    part->gathered = create_changes(claim->count);
    part->sent = create_changes(claim->count);
    (void)!getrandom(&part->random, sizeof part->random, 0); /* jitter only */
    return part;
}

static void clear_changes(struct report_changes *changes)
{
    buffer_clear(&changes->details);
    buffer_clear(&changes->sealed);
    changes->count = 0;
    changes->progress = (struct report_progress){0};
}

static void destroy_changes(struct report_changes *changes)
{
    seal_wipe_buffer(&changes->details);
    buffer_finish(&changes->sealed);
    free(changes->rows);
    free(changes->is_evidence);
    free(changes);
}

void report_claim_destroy(struct report_claim **part)
{
    destroy_changes((*part)->gathered);
    destroy_changes((*part)->sent);
    free(*part);
    *part = NULL;
}

struct store_claim report_claim_name(const struct report_claim *part)
{
    return (struct store_claim){part->claim->name, part->claim->epoch,
                                part->claim->campaign->tenant};
}

static void seal_details(struct report_claim *part, struct report_changes *changes)
{
    struct seal_name name = {.kind = SEAL_EVENTS, .batch = part->claim->name.number};
    memcpy(name.campaign, part->claim->name.campaign, sizeof name.campaign);
    struct text plain = buffer_text(&changes->details);
    if (plain.size == 0) {
        return;
    }
    int error = seal_encrypt(part->report->seal, part->claim->campaign->data_key, &name, &plain, 1,
                             &changes->sealed);
    assert(error == 0); /* only a broken random source fails: nothing may go on then */
    seal_wipe(changes->details.data, changes->details.size);
    buffer_clear(&changes->details);
}

/* Keep only final replies behind the dot. @return what they are, borrowed from `changes` */
static struct store_evidence sift(struct report_changes *changes)
{
    size_t kept = 0;
    for (size_t i = 0; i < changes->count; i++) {
        if (changes->is_evidence[i]) {
            changes->rows[kept] = changes->rows[i];
            changes->is_evidence[kept++] = true;
        }
    }
    changes->count = kept;
    return (struct store_evidence){changes->rows, kept, buffer_text(&changes->sealed)};
}

/* The claim is lost: what is known of messages that went out is evidence. */
static void give(struct report_claim *part, struct report_changes *changes)
{
    struct store_claim name = report_claim_name(part);
    struct store_evidence known = sift(changes);
    if (known.count > 0) {
        seal_details(part, changes);
        known.sealed_details = buffer_text(&changes->sealed);
    }
    evidence_add(part->report->evidence, &name, &known);
    clear_changes(changes);
}

/* No mark will be answered any more: what waits for one before its dot must not wait on. */
static void fail_marks(struct report_claim *part)
{
    const struct report_settings *settings = &part->report->settings;
    for (size_t i = 0; i < part->marking_count; i++) {
        struct letter *letter = &part->claim->letters[part->marking[i]];
        if (letter->place == LETTER_ON_WIRE && letter->list == NULL && !letter->is_marked) {
            settings->on_mark_failed(settings->context, letter);
        }
    }
    part->marking_count = 0;
    struct letter *letter;
    while ((letter = letter_list_take(&part->marks)) != NULL) {
        settings->on_mark_failed(settings->context, letter);
    }
}

void report_claim_lose(struct report_claim *part)
{
    struct report *report = part->report;
    if (part->claim->is_lost) {
        return;
    }
    part->claim->is_lost = true;
    LOG(LOG_CLAIM_LOST, NULL, log_string("claim", part->claim->text));
    if (part->is_sent) {
        flush_window_answered(&report->window, part->round, part->sent->count);
        part->is_sent = false;
    }
    give(part, part->sent);
    give(part, part->gathered);
    report->settings.on_lost(report->settings.context, part->claim);
    fail_marks(part);
    report_schedule(report);
}

bool report_claim_is_done(const struct report_claim *part)
{
    if (part->is_asking || part->is_marking || part->claim->working > 0) {
        return false;
    }
    return part->is_ended || part->claim->is_lost;
}

/* A flush that failed is asked for again after so long. */
#define REPEAT_MS 100

/* ---------------------------------------------------------------- flush */

static void finish_progress(struct report_claim *part, struct report_progress *progress)
{
    const struct claim *claim = part->claim;
    progress->is_finished = true;
    for (size_t i = 0; i < claim->count; i++) {
        const struct row *row = &claim->letters[i].row;
        if (!rows_is_open(row->state)) {
            continue;
        }
        progress->open++;
        int64_t due_ms = (int64_t)row->due * 1000;
        if (progress->open == 1 || due_ms < progress->next_due_unix_ms) {
            progress->next_due_unix_ms = due_ms;
        }
    }
}

/* Somebody else holds it, or it is not there any more (the store was emptied). */
static bool is_lost(int error)
{
    return error == -ESTALE || error == -ENOENT || error == -ECANCELED;
}

static void repeat_later(struct report_claim *part, int error)
{
    part->repeat_ms = loop_now_ms(part->report->settings.loop) + REPEAT_MS;
    if (part->repeats++ == 0) {
        LOG(LOG_FLUSH_FAILED, NULL, log_string("claim", part->claim->text),
            log_number("error", error));
    }
}

static void on_flushed(void *context, int error, enum store_word word, uint64_t ms_left)
{
    struct report_claim *part = context;
    struct report *report = part->report;
    part->is_asking = false;
    if (part->claim->is_lost) {
        report_schedule(report);
        return;
    }
    if (is_lost(error)) {
        report_claim_lose(part);
        return;
    }
    if (error != 0) { /* repeated under the same number when the store is there */
        repeat_later(part, error);
        return;
    }
    part->repeats = 0;
    flush_window_answered(&report->window, part->round, part->sent->count);
    part->is_sent = false;
    part->is_ended = part->is_last;
    if (part->is_last) {
        finish_progress(part, &part->sent->progress);
    }
    report->settings.on_durable(report->settings.context, part->claim, &part->sent->progress);
    struct store_claim name = report_claim_name(part);
    struct store_evidence known = sift(part->sent);
    evidence_remember(report->evidence, &name, &known, loop_now_ms(report->settings.loop));
    clear_changes(part->sent);
    report->settings.on_word(report->settings.context, part->claim, word, ms_left);
    report_schedule(report);
}

static void ask_flush(struct report_claim *part)
{
    struct report *report = part->report;
    struct store_claim name = report_claim_name(part);
    struct store_flush flush = {
        .number = part->number,
        .changes = part->sent->rows,
        .count = part->sent->count,
        .sealed_details = buffer_text(&part->sent->sealed),
        .finishes = part->is_last,
    };
    part->is_asking = true;
    store_batch_flush(report->settings.store, &name, &flush, on_flushed, part);
}

static bool is_flush_due(const struct report_claim *part, uint64_t now_ms)
{
    const struct report_settings *settings = &part->report->settings;
    if (part->claim->working == 0) {
        return true;
    }
    uint64_t interval_ms = flush_interval_ms(settings->interval_ms, part->claim->is_transactional,
                                             part->report->count);
    return part->gathered->count > 0 && (part->gathered->count >= settings->outcomes ||
                                         now_ms - part->gathered_ms >= interval_ms);
}

static void start_flush(struct report_claim *part)
{
    struct report_changes *changes = part->gathered;
    part->gathered = part->sent;
    part->sent = changes;
    seal_details(part, changes);
    part->number++;
    part->is_sent = true;
    part->is_last = part->claim->working == 0;
    part->round = flush_window_sent(&part->report->window, changes->count);
    ask_flush(part);
}

/* ---------------------------------------------------------------- marks */

static struct letter *letter_at(const struct report_claim *part, size_t i)
{
    return &part->claim->letters[part->marking[i]];
}

static bool is_refused(const struct store_marked *marked, uint16_t position)
{
    for (size_t i = 0; i < marked->refused_count; i++) {
        if (marked->refused[i] == position) {
            return true;
        }
    }
    return false;
}

static void on_letter_marked(struct report_claim *part, struct letter *letter, int error,
                             const struct store_marked *marked)
{
    struct report *report = part->report;
    if (letter->place != LETTER_ON_WIRE || letter->list != NULL) {
        return; /* settled, or asked for again */
    }
    if (error != 0) {
        letter_list_append(&part->marks, letter);
    } else if (is_refused(marked, letter->position)) {
        report->settings.on_mark_failed(report->settings.context, letter);
    } else {
        letter->is_marked = true;
        report->settings.on_marked(report->settings.context, letter);
    }
}

static void on_marked(void *context, int error, const struct store_marked *marked)
{
    struct report_claim *part = context;
    struct report *report = part->report;
    part->is_marking = false;
    if (is_lost(error)) {
        report_claim_lose(part);
        return;
    }
    for (size_t i = 0; i < part->marking_count; i++) {
        on_letter_marked(part, letter_at(part, i), error, marked);
    }
    part->marking_count = 0;
    if (error == 0) {
        report->settings.on_word(report->settings.context, part->claim, marked->word,
                                 marked->ms_left);
    }
    report_schedule(report);
}

static void send_marks(struct report_claim *part)
{
    struct letter *letter;
    if (part->is_marking || part->marks.count == 0) {
        return;
    }
    part->marking_count = 0;
    while (part->marking_count < MARKS_MAX && (letter = letter_list_take(&part->marks)) != NULL) {
        part->marking[part->marking_count++] = letter->position;
    }
    struct store_claim name = report_claim_name(part);
    part->is_marking = true;
    store_batch_mark(part->report->settings.store, &name, part->marking, part->marking_count,
                     on_marked, part);
}

void report_claim_check_marks(struct report_claim *part, uint64_t now_ms)
{
    struct report *report = part->report;
    struct letter *letter = part->marks.first;
    while (letter != NULL && now_ms - letter->asked_ms >= REPORT_MARK_MS) {
        letter_list_remove(letter);
        report->settings.on_mark_failed(report->settings.context, letter);
        letter = part->marks.first;
    }
    for (size_t i = 0; part->is_marking && i < part->marking_count; i++) {
        letter = letter_at(part, i);
        if (letter->place == LETTER_ON_WIRE && letter->list == NULL && !letter->is_marked &&
            now_ms - letter->asked_ms >= REPORT_MARK_MS) {
            letter->asked_ms = now_ms; /* told once */
            report->settings.on_mark_failed(report->settings.context, letter);
        }
    }
}

void report_claim_advance(struct report_claim *part, uint64_t now_ms)
{
    if (part->claim->is_lost) {
        give(part, part->gathered);
        return;
    }
    if (!store_is_ready(part->report->settings.store)) {
        return;
    }
    send_marks(part);
    if (part->is_asking || part->is_ended) {
        return;
    }
    if (part->is_sent) { /* its answer got lost */
        if (now_ms >= part->repeat_ms) {
            ask_flush(part);
        }
    } else if (is_flush_due(part, now_ms)) {
        start_flush(part);
    }
}
