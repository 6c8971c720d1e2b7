#include "cli/why_text.h"

#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/table_print.h"
#include "common/base/clock.h"

#define PATHS_SHOWN 20

static const char *gate_word(Hikyaku__V1__Gate gate)
{
    return enum_word(&hikyaku__v1__gate__descriptor, gate);
}

static void append_clean(struct buffer *out, const char *before, const char *word)
{
    if (word[0] != '\0') {
        buffer_append_string(out, before);
        table_print_append_clean(out, text_of(word));
    }
}

static void append_until(struct buffer *out, const char *word, int64_t unix_ms)
{
    char when[FORMAT_BYTES];
    char length[FORMAT_BYTES];
    int64_t now_ms = clock_unix_ms();
    if (unix_ms == 0) {
        return;
    }
    buffer_printf(out, "  %s %s", word, format_time_near(unix_ms, now_ms, when));
    if (unix_ms > now_ms) {
        buffer_printf(out, " (%s)", format_length((uint64_t)(unix_ms - now_ms), length));
    }
}

/* "8/s on its path, 61,000 ahead, + 2 h 07 min" */
static void append_numbers(struct buffer *out, const Hikyaku__V1__HeldGate *gate)
{
    char count[FORMAT_BYTES];
    char most[FORMAT_BYTES];
    if (gate->most > 0) {
        buffer_printf(out, "  %s of %s", format_count(gate->used, count),
                      format_count(gate->most, most));
        buffer_printf(out, " in %s", format_length(gate->per_ms, count));
    }
    if (gate->rate_per_1000_s > 0) {
        buffer_printf(out, "  %.1f/s", (double)gate->rate_per_1000_s / 1000);
    }
    if (gate->ahead > 0) {
        buffer_printf(out, "  %s ahead", format_count(gate->ahead, count));
    }
    if (gate->adds_ms > 0) {
        buffer_printf(out, "  + %s", format_length(gate->adds_ms, count));
    }
}

/* "binding    1 SITE_SUSPENDED  docomo x 203.0.113.7 until 14:31 (6 min)  rule docomo-conn" */
static void append_gate(struct buffer *out, const Hikyaku__V1__HeldGate *gate, size_t place)
{
    char count[FORMAT_BYTES];
    bool is_open_window = !gate->closed && gate->gate == HIKYAKU__V1__GATE__GATE_OUTSIDE_WINDOW;
    buffer_append_string(out, place == 0   ? "binding    "
                              : place == 1 ? "then       "
                                           : "           ");
    buffer_printf(out, "%zu ", place + 1);
    table_print_append_cell(out, text_of(gate_word(gate->gate)), 17, false);
    if (gate->count > 0) {
        buffer_printf(out, " %s", format_count(gate->count, count));
    }
    append_clean(out, " ", gate->about);
    append_until(out, is_open_window ? "closes" : "until", gate->until_unix_ms);
    append_numbers(out, gate);
    append_clean(out, "  ", gate->reason);
    append_until(out, "since", gate->since_unix_ms);
    append_clean(out, "  event ", gate->event_id);
    buffer_append_byte(out, '\n');
    if (gate->closed) {
        append_clean(out, "             ends: ", gate->ends);
        buffer_append_byte(out, '\n');
    }
}

static void append_head(struct buffer *out, const Hikyaku__V1__WhyResponse *why, bool is_recipient)
{
    char text[FORMAT_BYTES];
    if (!is_recipient) {
        buffer_printf(out, "campaign   %s  %s", why->campaign_id,
                      enum_word(&hikyaku__v1__campaign_state__descriptor, why->state));
    } else {
        buffer_printf(out, "recipient  %s/%u", why->campaign_id, why->index);
        append_clean(out, "  ref ", why->ref);
        append_clean(out, "  ", why->recipient_domain);
        buffer_printf(out, "  %s", enum_word(&hikyaku__v1__outcome__descriptor, why->outcome));
        if (why->attempts > 0) {
            buffer_printf(out, ", attempt %u", why->attempts);
        }
        append_clean(out, "  at ", why->worker);
    }
    append_clean(out, "  pool ", why->pool);
    if (why->expires_unix_ms > 0 && why->n_gates > 0) {
        buffer_printf(out, "  expires %s", format_time(why->expires_unix_ms, text));
    }
    buffer_append_byte(out, '\n');
}

static void append_clear(struct buffer *out, const Hikyaku__V1__WhyResponse *why)
{
    for (size_t i = 0; i < why->n_clear; i++) {
        append_clean(out, i == 0 ? "clear      " : "  ", why->clear[i]);
    }
    buffer_append_string(out, why->n_clear > 0 ? "\n" : "");
}

static void append_estimate(struct buffer *out, const Hikyaku__V1__WhyResponse *why)
{
    char at[FORMAT_BYTES];
    char from[FORMAT_BYTES];
    char to[FORMAT_BYTES];
    int64_t now_ms = clock_unix_ms();
    if (why->n_gates == 0) {
        return;
    }
    if (why->estimate_unix_ms == 0) {
        buffer_append_string(out, "estimate   nobody can say\n");
        return;
    }
    buffer_printf(out, "estimate   %s (%s - %s)\n",
                  format_time_near(why->estimate_unix_ms, now_ms, at),
                  format_time_near(why->estimate_from_unix_ms, now_ms, from),
                  format_time_near(why->estimate_to_unix_ms, now_ms, to));
}

static void append_paths(struct buffer *out, const Hikyaku__V1__WhyResponse *why)
{
    char count[FORMAT_BYTES];
    size_t shown = why->n_paths < PATHS_SHOWN ? why->n_paths : PATHS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const Hikyaku__V1__PathView *path = why->paths[i];
        append_clean(out, i == 0 ? "paths      " : "           ", path->site);
        append_clean(out, " x ", path->sending_ip);
        if (path->gate != HIKYAKU__V1__GATE__GATE_NONE) {
            buffer_printf(out, "  %s", gate_word(path->gate));
        }
        append_until(out, "until", path->until_unix_ms);
        append_clean(out, "  rule ", path->rule);
        if (path->rate_per_1000_s > 0) {
            buffer_printf(out, "  %.1f/s", (double)path->rate_per_1000_s / 1000);
        }
        buffer_printf(out, "  %u connections", path->connections);
        if (path->waiting > 0) {
            buffer_printf(out, "  %s wait", format_count(path->waiting, count));
        }
        buffer_append_byte(out, '\n');
    }
}

/* ---------------------------------------------------------------- tries */

/* 13:58:02  203.0.113.7 -> mx.docomo  at rcpt  421 4.7.0 "too many connections"  rate-limited */
static void append_try(const Hikyaku__V1__Event *event, struct buffer *out)
{
    char text[FORMAT_BYTES];
    buffer_printf(out, "%s  %s", format_time(event->occurred_unix_ms, text),
                  enum_word(&hikyaku__v1__event_type__descriptor, event->type));
    append_clean(out, "  ", event->sending_ip);
    append_clean(out, " -> ", event->mx_host[0] == '\0' ? event->mx_ip : event->mx_host);
    append_clean(out, "  at ", event->stage);
    if (event->smtp_code != 0) {
        buffer_printf(out, "  %u", event->smtp_code);
    }
    append_clean(out, " ", event->enhanced_code);
    if (event->reply_text[0] != '\0') {
        append_clean(out, " \"", event->reply_text);
        buffer_append_byte(out, '"');
    }
    append_clean(out, "  ", event->reply_class);
    append_clean(out, "  rule ", event->rule_id);
    append_clean(out, "  ", event->reason);
    if (event->smtp_ms > 0) {
        buffer_printf(out, "  %u ms", event->smtp_ms);
    }
    if (event->next_attempt_unix_ms > 0) {
        buffer_printf(out, "  next %s", format_time(event->next_attempt_unix_ms, text));
    }
    buffer_append_string(out, event->possible_duplicate ? "  possible duplicate" : "");
    buffer_append_byte(out, '\n');
}

void why_text_append_tries(Hikyaku__V1__Event *const *events, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, i == 0 ? "tries      " : "           ");
        append_try(events[i], out);
    }
}

/* ---------------------------------------------------------------- all of it */

void why_text_append(const Hikyaku__V1__WhyResponse *why, bool is_recipient, struct buffer *out)
{
    char count[FORMAT_BYTES];
    append_head(out, why, is_recipient);
    for (size_t i = 0; i < why->n_gates; i++) {
        append_gate(out, why->gates[i], i);
    }
    if (why->n_gates == 0) {
        append_clean(out, "           ", why->says);
        buffer_append_byte(out, '\n');
    }
    append_clear(out, why);
    if (is_recipient) {
        append_estimate(out, why);
    } else if (why->in_flight > 0) {
        buffer_printf(out, "in flight  %s\n", format_count(why->in_flight, count));
    }
    append_paths(out, why);
    why_text_append_tries(why->tries, why->n_tries, out);
    buffer_append_string(out, why->tries_cut ? "           older tries were not looked for\n" : "");
}
