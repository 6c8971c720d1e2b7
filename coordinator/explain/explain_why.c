/* Facts -> why_rule -> words. */
#include "coordinator/explain/explain_inside.h"

#include "common/base/clock.h"
#include "coordinator/explain/explain_words.h"

#include <string.h>

#define S_MS INT64_C(1000)

/* ---------------------------------------------------------------- facts */

static void add_stop(struct explain_ask *ask, const char *ip, struct why_facts *facts)
{
    const struct stop_question question = {.tenant = ask->campaign.tenant,
                                           .pool = ask->campaign.pool,
                                           .from_domain = ask->campaign.from_domain,
                                           .site = text_of(ask->site),
                                           .domain = text_of(ask->domain),
                                           .ip = text_of(ip)};
    struct fleet_reasons_stop stop;
    if (facts->is_stopped ||
        !fleet_reasons_stop(ask->explain->settings.fleet, &question, ask->arena, &stop)) {
        return;
    }
    struct fleet_reasons_stop *kept = arena_zero(ask->arena, 1, sizeof *kept);
    *kept = stop;
    ask->reasons.stop = kept;
    facts->is_stopped = true;
    facts->stop_since_unix_ms = stop.at_unix_ms;
    facts->stop_until_unix_ms = stop.until_unix_ms;
}

/* IPs that somebody owns; when each of them is stopped, so is the mail. */
static void add_ips(struct explain_ask *ask, struct why_facts *facts)
{
    const struct fleet_reasons *reasons = &ask->reasons;
    const char *stopped = NULL;
    for (size_t i = 0; i < reasons->ip_count; i++) {
        const struct fleet_reasons_ip *ip = &reasons->ips[i];
        const struct stop_question question = {.ip = text_of(ip->address)};
        struct fleet_reasons_stop stop;
        if (ip->owner[0] == '\0') {
            continue;
        }
        if (fleet_reasons_stop(ask->explain->settings.fleet, &question, ask->arena, &stop)) {
            stopped = ip->address;
        } else {
            facts->owned_ips++;
        }
    }
    if (facts->owned_ips == 0 && stopped != NULL) {
        add_stop(ask, stopped, facts);
        facts->owned_ips = 1; /* it is not for want of one */
    }
}

static void add_campaign(struct explain_ask *ask, struct why_facts *facts)
{
    const struct fleet_reasons *reasons = &ask->reasons;
    facts->now_unix_ms = reasons->now_unix_ms;
    facts->is_draft = ask->campaign.state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT;
    facts->driver_gate = (uint8_t)reasons->decision.gate;
    facts->driver_until_unix_ms = reasons->decision.until_unix_ms;
    facts->has_windows = reasons->has_windows;
    facts->window = reasons->window;
    facts->lacks_key = reasons->lacks_key || ask->lacks_key;
    facts->workers = reasons->workers;
    facts->room = reasons->room;
    facts->is_behind = reasons->is_behind;
    facts->limit_count = ask->limit_count;
    memcpy(facts->limits, ask->limit_counts, ask->limit_count * sizeof facts->limits[0]);
    if (reasons->is_restored) {
        return;
    }
    add_stop(ask, "", facts);
    add_ips(ask, facts);
}

/* Its first recipients have batches of their own; until they are judged nothing else is offered. */
static void add_canary(const struct explain_ask *ask, bool is_behind, struct why_facts *facts)
{
    const struct store_campaign *campaign = &ask->campaign;
    facts->is_behind_canary =
        is_behind && store_canary_is_open(campaign) &&
        campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING;
    facts->canary_until_unix_ms = explain_words_canary_end(ask);
}

static void add_paths(const struct explain_ask *ask, struct why_facts *facts)
{
    for (size_t i = 0; i < ask->path_count && facts->path_count < WHY_RULE_PATHS_MAX; i++) {
        const struct explain_path *path = &ask->paths[i];
        facts->paths[facts->path_count++] =
            (struct why_path){path->gate, path->until_unix_ms, path->rate_per_1000_s,
                              path->quota_used, path->quota_most};
    }
}

/* A claim says nothing of a row that is not due: it waits in its batch all the same. */
static enum why_place place_of(const struct explain_ask *ask)
{
    bool is_due = (int64_t)ask->look.row.due * S_MS <= ask->reasons.now_unix_ms;
    if (ask->look.session[0] == '\0') {
        return WHY_FREE;
    }
    if (ask->has_answer) {
        return ask->worker_gate == GATE_NONE ? WHY_ON_WIRE : WHY_HELD;
    }
    if (!is_due) {
        return WHY_FREE;
    }
    return WHY_SILENT; /* or its worker is writing down what became of it */
}

static void add_recipient(struct explain_ask *ask, struct why_facts *facts)
{
    facts->row = ask->look.row;
    add_canary(ask, ask->batch.number >= ask->campaign.canary.batches, facts);
    facts->due_unix_ms = ask->look.session[0] == '\0' ? ask->look.due_unix_s * S_MS : 0;
    facts->batch_rows = ask->look.rows;
    facts->is_behind =
        fleet_reasons_is_behind(ask->explain->settings.fleet, &ask->campaign, &ask->look.group);
    facts->place = place_of(ask);
    facts->worker_gate = ask->worker_gate;
    facts->ahead = ask->worker_ahead;
    add_paths(ask, facts);
}

/* ---------------------------------------------------------------- the answer */

static void add_gate(Hikyaku__V1__WhyResponse *answer, Hikyaku__V1__HeldGate *gate)
{
    answer->gates[answer->n_gates++] = gate;
}

static void fill_paths(const struct explain_ask *ask, Hikyaku__V1__WhyResponse *answer)
{
    answer->paths = arena_zero(ask->arena, ask->path_count + 1, sizeof(void *));
    for (size_t i = 0; i < ask->path_count; i++) {
        answer->paths[answer->n_paths++] = explain_words_path(ask, &ask->paths[i]);
    }
}

static void fill_campaign(const struct explain_ask *ask, Hikyaku__V1__WhyResponse *answer)
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(ask->question.campaign, id);
    answer->campaign_id = explain_text(ask, text_of(id));
    answer->state = (Hikyaku__V1__CampaignState)ask->campaign.state;
    answer->expires_unix_ms = ask->campaign.expires_unix_ms;
    answer->pool = explain_text(ask, ask->campaign.pool);
    answer->gates = arena_zero(ask->arena, GATE_LIMIT + 1, sizeof(void *));
    fill_paths(ask, answer);
}

static void fill_recipient(const struct explain_ask *ask, Hikyaku__V1__WhyResponse *answer)
{
    const struct row *row = &ask->look.row;
    answer->index = ask->question.index;
    answer->ref = explain_text(ask, text_of(ask->ref));
    answer->recipient_domain = explain_text(ask, text_of(ask->domain));
    answer->site = explain_text(ask, text_of(ask->site));
    answer->outcome = (Hikyaku__V1__Outcome)row->state;
    answer->row_gate = (Hikyaku__V1__Gate)row->gate;
    answer->attempts = row->attempts;
    answer->possible_duplicate = (row->flags & ROW_POSSIBLE_DUPLICATE) != 0;
    answer->worker = explain_text(ask, text_of(ask->worker));
    answer->tries = explain_tries_oldest_first(ask);
    answer->n_tries = ask->try_count;
    answer->tries_cut = ask->tries_cut;
    if (row->state == OUTCOME_DEFERRED && row->due != ROWS_DUE_NEVER) {
        answer->next_attempt_unix_ms = (int64_t)row->due * S_MS;
    }
    if (ask->look.expires_unix_ms != 0) {
        answer->expires_unix_ms = ask->look.expires_unix_ms;
    }
}

static void fill_estimate(const struct explain_ask *ask, const struct why_facts *facts,
                          const struct why_answer *why, Hikyaku__V1__WhyResponse *answer)
{
    struct send_window windows[SEND_WINDOWS_MAX];
    int count =
        service_windows_list(ask->explain->settings.windows, ask->campaign.windows, windows);
    if (count < 0 || why->count == 0) {
        return;
    }
    struct why_estimate estimate = why_rule_estimate(facts, why, windows, (size_t)count);
    if (answer->expires_unix_ms != 0 && estimate.at_unix_ms >= answer->expires_unix_ms) {
        return; /* it expires before: `says` */
    }
    answer->estimate_unix_ms = estimate.at_unix_ms;
    answer->estimate_from_unix_ms = estimate.from_unix_ms;
    answer->estimate_to_unix_ms = estimate.to_unix_ms;
}

void explain_why_recipient(struct explain_ask *ask)
{
    struct why_facts *facts = arena_zero(ask->arena, 1, sizeof *facts);
    struct why_answer *why = arena_zero(ask->arena, 1, sizeof *why);
    Hikyaku__V1__WhyResponse answer;
    hikyaku__v1__why_response__init(&answer);
    add_campaign(ask, facts);
    add_recipient(ask, facts);
    why_rule_explain(facts, why);
    fill_campaign(ask, &answer);
    fill_recipient(ask, &answer);
    for (size_t i = 0; i < why->count; i++) {
        add_gate(&answer, explain_words_gate(ask, facts, &why->gates[i]));
    }
    fill_estimate(ask, facts, why, &answer);
    answer.says = explain_words_says(ask, facts, why);
    answer.n_clear = explain_words_clear(ask, facts, why, &answer.clear);
    explain_end(ask, 0, &answer.base);
}

/* ---------------------------------------------------------------- of a campaign */

/* Recipients by gate: by their rows, those at workers as these say, all others under what binds. */
static void count_gates(const struct explain_ask *ask, uint8_t binding, uint64_t counts[GATE_LIMIT])
{
    const struct store_campaign *campaign = &ask->campaign;
    uint64_t total = 0;
    for (int gate = 0; gate < GATE_LIMIT; gate++) {
        counts[gate] = campaign->gates[gate];
        total += counts[gate];
    }
    uint64_t in_flight = ask->reasons.is_restored ? 0 : campaign->in_flight;
    uint64_t waiting = counts[GATE_NONE] > in_flight ? counts[GATE_NONE] - in_flight : 0;
    counts[GATE_NONE] = 0;
    if (ask->reasons.decision.gate != GATE_NONE && total > in_flight) {
        memset(counts, 0, GATE_LIMIT * sizeof *counts);
        waiting = total - in_flight;
    }
    uint64_t others = 0; /* the canary itself waits for workers */
    if (binding == GATE_CANARY) {
        uint64_t behind = campaign->accepted - campaign->canary.rows;
        others = waiting > behind ? waiting - behind : 0;
    }
    counts[binding] += waiting - others;
    counts[GATE_WORKER_CREDIT] += others;
    for (int gate = 1; gate < GATE_LIMIT; gate++) {
        counts[gate] += ask->gates[gate];
    }
    counts[GATE_NONE] = 0;
}

static bool is_open(const struct store_campaign *campaign)
{
    return campaign->outcomes[OUTCOME_PENDING] + campaign->outcomes[OUTCOME_DEFERRED] > 0;
}

static void add_counted(const struct explain_ask *ask, const struct why_facts *facts,
                        const struct why_answer *why, const uint64_t counts[GATE_LIMIT],
                        Hikyaku__V1__WhyResponse *answer)
{
    bool is_named[GATE_LIMIT] = {false};
    for (size_t i = 0; i < why->count; i++) {
        uint8_t gate = why->gates[i].gate;
        struct why_gate shown = why->gates[i];
        shown.is_closed = counts[gate] > 0 || (shown.is_closed && i == 0);
        Hikyaku__V1__HeldGate *held = explain_words_gate(ask, facts, &shown);
        held->count = counts[gate];
        is_named[gate] = true;
        if (gate != GATE_WORKER_CREDIT || counts[gate] > 0) {
            add_gate(answer, held);
        }
    }
    for (int gate = 1; gate < GATE_LIMIT; gate++) {
        if (!is_named[gate] && counts[gate] > 0) {
            const struct why_gate shown = {.gate = (uint8_t)gate, .is_closed = true};
            Hikyaku__V1__HeldGate *held = explain_words_gate(ask, facts, &shown);
            held->count = counts[gate];
            add_gate(answer, held);
        }
    }
}

void explain_why_campaign(struct explain_ask *ask)
{
    struct why_facts *facts = arena_zero(ask->arena, 1, sizeof *facts);
    struct why_answer *why = arena_zero(ask->arena, 1, sizeof *why);
    Hikyaku__V1__WhyResponse answer;
    uint64_t counts[GATE_LIMIT] = {0};
    hikyaku__v1__why_response__init(&answer);
    add_campaign(ask, facts);
    /* One of its recipients that nobody has tried yet. */
    facts->row.state = is_open(&ask->campaign) ? OUTCOME_PENDING : OUTCOME_CANCELLED;
    facts->batch_rows = 1;
    add_canary(ask, ask->campaign.accepted > ask->campaign.canary.rows, facts);
    why_rule_explain(facts, why);
    fill_campaign(ask, &answer);
    if (why->count > 0) {
        count_gates(ask, why->gates[0].gate, counts);
    }
    add_counted(ask, facts, why, counts, &answer);
    answer.in_flight = ask->moving;
    answer.says = explain_words_campaign(ask, why);
    answer.n_clear = explain_words_clear(ask, facts, why, &answer.clear);
    explain_end(ask, 0, &answer.base);
}
