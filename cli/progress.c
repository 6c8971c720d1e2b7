#include "cli/progress.h"

#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/table_print.h"

#include <stdio.h>

enum { BAR_WIDTH = 20, SITES_SHOWN = 6 };

#define OUTCOME(name) HIKYAKU__V1__OUTCOME__OUTCOME_##name

/* In the order in which they are shown. `is_always` stands there at 0 too. */
static const struct {
    const char *word;
    Hikyaku__V1__Outcome outcome;
    bool is_always;
} ends[] = {
    {"delivered", OUTCOME(DELIVERED), true},        {"bounced", OUTCOME(BOUNCED), true},
    {"late bounced", OUTCOME(LATE_BOUNCED), false}, {"complained", OUTCOME(COMPLAINED), false},
    {"suppressed", OUTCOME(SUPPRESSED), false},     {"expired", OUTCOME(EXPIRED), false},
    {"cancelled", OUTCOME(CANCELLED), false},       {"failed", OUTCOME(FAILED), true},
    {"uncertain", OUTCOME(UNCERTAIN), true},
};
#define END_COUNT (sizeof ends / sizeof ends[0])

static uint64_t outcome_of(Hikyaku__V1__OutcomeCount *const *counts, size_t count,
                           Hikyaku__V1__Outcome outcome)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += counts[i]->outcome == outcome ? counts[i]->count : 0;
    }
    return total;
}

uint64_t progress_outcome(const Hikyaku__V1__Campaign *campaign, Hikyaku__V1__Outcome outcome)
{
    return outcome_of(campaign->outcomes, campaign->n_outcomes, outcome);
}

uint64_t progress_done(const Hikyaku__V1__Campaign *campaign)
{
    uint64_t done = 0;
    for (size_t i = 0; i < END_COUNT; i++) {
        done += progress_outcome(campaign, ends[i].outcome);
    }
    return done;
}

bool progress_is_over(const Hikyaku__V1__Campaign *campaign)
{
    return campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_COMPLETED ||
           campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_CANCELLED ||
           campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_REJECTED;
}

void progress_take(struct progress *progress, const Hikyaku__V1__Campaign *campaign,
                   uint64_t now_ms)
{
    size_t place = progress->count++ % PROGRESS_SAMPLES;
    progress->samples[place].at_ms = now_ms;
    progress->samples[place].done = progress_done(campaign);
}

double progress_rate(const struct progress *progress)
{
    if (progress->count < 2) {
        return 0;
    }
    size_t newest = (progress->count - 1) % PROGRESS_SAMPLES;
    size_t oldest = progress->count <= PROGRESS_SAMPLES ? 0 : progress->count % PROGRESS_SAMPLES;
    uint64_t elapsed_ms = progress->samples[newest].at_ms - progress->samples[oldest].at_ms;
    /* A DEFERRED that a late answer turns around can let the number of ended ones fall. */
    if (elapsed_ms == 0 || progress->samples[newest].done <= progress->samples[oldest].done) {
        return 0;
    }
    uint64_t ended = progress->samples[newest].done - progress->samples[oldest].done;
    return (double)ended * 1000 / (double)elapsed_ms;
}

static uint64_t open_of(const Hikyaku__V1__Campaign *campaign)
{
    uint64_t done = progress_done(campaign);
    return campaign->accepted > done ? campaign->accepted - done : 0;
}

static unsigned int percent_of(const Hikyaku__V1__Campaign *campaign)
{
    uint64_t done = progress_done(campaign);
    if (campaign->accepted == 0) {
        return progress_is_over(campaign) ? 100 : 0;
    }
    uint64_t percent = done * 100 / campaign->accepted;
    return percent > 100 ? 100 : (unsigned int)percent;
}

static void append_rate(double rate, struct buffer *out)
{
    char count[FORMAT_BYTES];
    if (rate > 0 && rate < 10) {
        buffer_printf(out, "%.1f/s", rate);
    } else {
        buffer_printf(out, "%s/s", format_count((uint64_t)(rate + 0.5), count));
    }
}

/* What waits for its next try moves at no rate. */
static uint64_t retries_of(const Hikyaku__V1__Campaign *campaign)
{
    uint64_t retries = 0;
    for (size_t i = 0; i < campaign->n_gates; i++) {
        bool is_retry = campaign->gates[i]->gate == HIKYAKU__V1__GATE__GATE_RETRY_DUE;
        retries += is_retry ? campaign->gates[i]->count : 0;
    }
    return retries;
}

/* When the rest ends at this rate; nothing where no rate is known, or most of the rest waits for
 * its next try: `hikyaku forecast` tells their end. */
static void append_end(const struct progress *progress, const Hikyaku__V1__Campaign *campaign,
                       int64_t now_unix_ms, struct buffer *out)
{
    char when[FORMAT_BYTES];
    char length[FORMAT_BYTES];
    double rate = progress_rate(progress);
    uint64_t open = open_of(campaign);
    if (open == 0 || open < retries_of(campaign) * 2 || rate <= 0) {
        return;
    }
    double left_ms = (double)open * 1000 / rate;
    if (left_ms > 400.0 * 86400 * 1000) {
        return;
    }
    buffer_printf(out, "   ends about %s (%s)",
                  format_time_near(now_unix_ms + (int64_t)left_ms, now_unix_ms, when),
                  format_length((uint64_t)left_ms, length));
}

static void append_ends(const Hikyaku__V1__Campaign *campaign, const char *joint,
                        struct buffer *out)
{
    char text[FORMAT_BYTES];
    const char *before = "";
    for (size_t i = 0; i < END_COUNT; i++) {
        uint64_t count = progress_outcome(campaign, ends[i].outcome);
        if (count > 0 || ends[i].is_always) {
            buffer_printf(out, "%s%s %s", before, ends[i].word, format_count(count, text));
            before = joint;
        }
    }
}

/* "RETRY_DUE 4,402 next 14:26" */
static void append_gate(const Hikyaku__V1__GateCount *gate, int64_t now_unix_ms, struct buffer *out)
{
    char count[FORMAT_BYTES];
    char when[FORMAT_BYTES];
    buffer_printf(out, "%s %s", enum_word(&hikyaku__v1__gate__descriptor, gate->gate),
                  format_count(gate->count, count));
    if (gate->until_unix_ms > now_unix_ms) {
        buffer_printf(out, " until %s", format_time_near(gate->until_unix_ms, now_unix_ms, when));
    }
    if (gate->why[0] != '\0') {
        buffer_append_byte(out, ' ');
        table_print_append_clean(out, text_of(gate->why));
    } else if (gate->gate == HIKYAKU__V1__GATE__GATE_OPERATOR_STOP) {
        buffer_append_string(out, " (hikyaku stop --list)");
    }
}

static bool is_held(const Hikyaku__V1__GateCount *gate)
{
    return gate->gate != HIKYAKU__V1__GATE__GATE_NONE && gate->count > 0;
}

static uint64_t held_of(const Hikyaku__V1__Campaign *campaign)
{
    uint64_t held = 0;
    for (size_t i = 0; i < campaign->n_gates; i++) {
        held += is_held(campaign->gates[i]) ? campaign->gates[i]->count : 0;
    }
    return held;
}

static void append_open(const Hikyaku__V1__Campaign *campaign, int64_t now_unix_ms,
                        struct buffer *out)
{
    char in_flight[FORMAT_BYTES];
    char deferred[FORMAT_BYTES];
    char held[FORMAT_BYTES];
    uint64_t held_count = held_of(campaign);
    buffer_printf(out, " open   in flight %s   deferred %s   held %s%s\n",
                  format_count(campaign->in_flight, in_flight),
                  format_count(progress_outcome(campaign, OUTCOME(DEFERRED)), deferred),
                  format_count(held_count, held), held_count > 0 ? ":" : "");
    for (size_t i = 0; i < campaign->n_gates; i++) {
        if (is_held(campaign->gates[i])) {
            buffer_append_string(out, "        ");
            append_gate(campaign->gates[i], now_unix_ms, out);
            buffer_append_byte(out, '\n');
        }
    }
}

/* "google 1,204 delivered, 3 deferred" for the first sites. */
static void append_sites(const Hikyaku__V1__Campaign *campaign, struct buffer *out)
{
    char delivered[FORMAT_BYTES];
    char deferred[FORMAT_BYTES];
    size_t shown = campaign->n_sites < SITES_SHOWN ? campaign->n_sites : SITES_SHOWN;
    if (shown == 0) {
        return;
    }
    buffer_append_string(out, " sites  ");
    for (size_t i = 0; i < shown; i++) {
        const Hikyaku__V1__SiteCount *site = campaign->sites[i];
        uint64_t waiting = outcome_of(site->outcomes, site->n_outcomes, OUTCOME(DEFERRED));
        buffer_append_string(out, i > 0 ? " | " : "");
        table_print_append_clean(out, text_of(site->site));
        buffer_printf(out, " %s delivered",
                      format_count(outcome_of(site->outcomes, site->n_outcomes, OUTCOME(DELIVERED)),
                                   delivered));
        if (waiting > 0) {
            buffer_printf(out, ", %s deferred", format_count(waiting, deferred));
        }
    }
    if (campaign->n_sites > shown) {
        buffer_printf(out, " | and %zu more", campaign->n_sites - shown);
    }
    buffer_append_byte(out, '\n');
}

static void append_head(const Hikyaku__V1__Campaign *campaign, struct buffer *out)
{
    buffer_printf(out, "campaign %s", campaign->campaign_id);
    if (campaign->name[0] != '\0') {
        buffer_append_string(out, " 「");
        table_print_append_clean(out, text_of(campaign->name));
        buffer_append_string(out, "」");
    }
    buffer_printf(out, "  %s  %s/%s",
                  enum_word(&hikyaku__v1__campaign_state__descriptor, campaign->state),
                  enum_word(&hikyaku__v1__lane__descriptor, campaign->lane),
                  enum_word(&hikyaku__v1__content_class__descriptor, campaign->content_class));
    if (campaign->mode != HIKYAKU__V1__MODE__MODE_LIVE) {
        buffer_printf(out, "  %s", enum_word(&hikyaku__v1__mode__descriptor, campaign->mode));
    }
    buffer_append_string(out, "  pool ");
    table_print_append_clean(out, text_of(campaign->pool));
    buffer_append_byte(out, '\n');
}

static void append_bar(unsigned int percent, struct buffer *out)
{
    unsigned int filled = percent * BAR_WIDTH / 100;
    buffer_printf(out, "%3u %%  [", percent);
    for (unsigned int i = 0; i < BAR_WIDTH; i++) {
        buffer_append_byte(out, i < filled ? '#' : '.');
    }
    buffer_append_string(out, "]  ");
}

void progress_append_screen(const struct progress *progress, const Hikyaku__V1__Campaign *campaign,
                            int64_t now_unix_ms, struct buffer *out)
{
    char done[FORMAT_BYTES];
    char total[FORMAT_BYTES];
    append_head(campaign, out);
    append_bar(percent_of(campaign), out);
    buffer_printf(out, "%s / %s   ", format_count(progress_done(campaign), done),
                  format_count(campaign->accepted, total));
    append_rate(progress_rate(progress), out);
    append_end(progress, campaign, now_unix_ms, out);
    buffer_append_string(out, "\n done   ");
    append_ends(campaign, "  ", out);
    buffer_append_byte(out, '\n');
    append_open(campaign, now_unix_ms, out);
    append_sites(campaign, out);
}

void progress_append_line(const struct progress *progress, const Hikyaku__V1__Campaign *campaign,
                          int64_t now_unix_ms, struct buffer *out)
{
    char now[FORMAT_BYTES];
    char done[FORMAT_BYTES];
    char total[FORMAT_BYTES];
    char deferred[FORMAT_BYTES];
    buffer_printf(out, "%s  %s  %u %%  %s / %s  ", format_time_near(now_unix_ms, now_unix_ms, now),
                  enum_word(&hikyaku__v1__campaign_state__descriptor, campaign->state),
                  percent_of(campaign), format_count(progress_done(campaign), done),
                  format_count(campaign->accepted, total));
    append_rate(progress_rate(progress), out);
    append_end(progress, campaign, now_unix_ms, out);
    buffer_append_string(out, "  ");
    append_ends(campaign, " ", out);
    buffer_printf(out, " deferred %s",
                  format_count(progress_outcome(campaign, OUTCOME(DEFERRED)), deferred));
    for (size_t i = 0; i < campaign->n_gates; i++) {
        if (is_held(campaign->gates[i])) {
            buffer_append_string(out, "  ");
            append_gate(campaign->gates[i], now_unix_ms, out);
        }
    }
    buffer_append_byte(out, '\n');
}

static void add_row(struct table_print *table, const char *word, uint64_t count, uint64_t total)
{
    char text[FORMAT_BYTES];
    table_print_cell(table, text_of(word));
    table_print_cell(table, text_of(format_count(count, text)));
    if (total == 0) {
        table_print_cell(table, TEXT(""));
    } else {
        table_print_format(table, "%.1f %%", (double)count * 100 / (double)total);
    }
}

void progress_append_outcomes(const Hikyaku__V1__Campaign *campaign, int64_t now_unix_ms,
                              struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("OUTCOME,>RECIPIENTS,>SHARE");
    uint64_t total = campaign->accepted;
    for (size_t i = 0; i < END_COUNT; i++) {
        uint64_t count = progress_outcome(campaign, ends[i].outcome);
        if (count > 0 || ends[i].is_always) {
            add_row(table, ends[i].word, count, total);
        }
    }
    uint64_t deferred = progress_outcome(campaign, OUTCOME(DEFERRED));
    uint64_t open = open_of(campaign);
    if (deferred > 0) {
        add_row(table, "deferred", deferred, total);
    }
    if (open > deferred) {
        add_row(table, "pending", open - deferred, total);
    }
    add_row(table, "accepted", total, total);
    add_row(table, "duplicates", campaign->duplicates, 0);
    add_row(table, "rejected", campaign->rejected, 0);
    table_print_append(table, out);
    for (size_t i = 0; i < campaign->n_gates; i++) {
        if (is_held(campaign->gates[i])) {
            buffer_append_string(out, "held   ");
            append_gate(campaign->gates[i], now_unix_ms, out);
            buffer_append_byte(out, '\n');
        }
    }
}
