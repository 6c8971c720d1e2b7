#include "coordinator/explain/explain_words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS 86400000U

/* Who ends it, and how: docs/why.md tells more. */
static const char *const ends[GATE_LIMIT] = {
    [GATE_AWAITING_APPROVAL] = "somebody else than its author: hikyaku approve CAMPAIGN",
    [GATE_PREFLIGHT_FAILED] = "a new campaign without the faults",
    [GATE_DOMAIN_UNVERIFIED] = "the DKIM record in DNS: hikyaku dkim check",
    [GATE_CONTENT_SCAN] = "the scanner",
    [GATE_SCHEDULED_FOR] = "its time",
    [GATE_OUTSIDE_WINDOW] = "the clock: its next window",
    [GATE_CANARY] = "what becomes of the first recipients",
    [GATE_PAUSED] = "hikyaku resume CAMPAIGN",
    [GATE_OPERATOR_STOP] = "hikyaku start, or the stop's own time",
    [GATE_TENANT_LIMIT] = "time: the window of the limit moves on",
    [GATE_CAMPAIGN_LIMIT] = "time: max_per_minute of the campaign",
    [GATE_WARMUP_QUOTA] = "the next hour or day of the plan, or a warm IP of the pool",
    [GATE_PATH_RATE] = "time: the path sends as fast as its receiver lets it",
    [GATE_PATH_CONNECTIONS] = "time: a connection becomes free",
    [GATE_SITE_SUSPENDED] = "time: then one connection tries",
    [GATE_RETRY_DUE] = "its time: the next try",
    [GATE_NO_SENDING_IP] = "a worker that holds an IP of the pool: hikyaku fleet",
    [GATE_WORKER_CREDIT] = "time: workers take more when they have room",
    [GATE_STORE_UNAVAILABLE] = "Redis, when it answers again",
    [GATE_KEY_UNAVAILABLE] = "an operator: the key directory lacks a key",
    [GATE_DNS_FAILURE] = "time: DNS is asked again",
    [GATE_TLS_POLICY] = "the receiver: TLS as the campaign demands it",
    [GATE_QUARANTINED] = "a person: hikyaku quarantine release or bounce",
    [GATE_CLOCK_DOUBT] = "an operator: the clocks of Redis and coordinators differ by over 60 s",
};

const char *explain_words_ends(uint8_t gate)
{
    return gate < GATE_LIMIT && ends[gate] != NULL ? ends[gate] : "";
}

static char *copy(const struct explain_ask *ask, const char *text)
{
    return explain_text(ask, text_of(text));
}

char *explain_words_time(const struct explain_ask *ask, int64_t unix_ms)
{
    char text[32] = "";
    struct tm parts;
    time_t unix_s = (time_t)(unix_ms / 1000);
    if (gmtime_r(&unix_s, &parts) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    return copy(ask, text);
}

/* ---------------------------------------------------------------- what a gate is about */

/* The one that opens first. */
static const struct explain_path *closed_path(const struct explain_ask *ask, uint8_t gate)
{
    const struct explain_path *first = NULL;
    for (size_t i = 0; i < ask->path_count; i++) {
        const struct explain_path *path = &ask->paths[i];
        bool is_sooner = first == NULL || path->until_unix_ms < first->until_unix_ms;
        first = path->gate == gate && is_sooner ? path : first;
    }
    return first;
}

static char *about_limit(const struct explain_ask *ask, size_t place)
{
    static const char *const kinds[] = {[LIMIT_TENANT] = "tenant",
                                        [LIMIT_POOL] = "pool",
                                        [LIMIT_FROM_DOMAIN] = "From domain",
                                        [LIMIT_DKIM_DOMAIN] = "DKIM domain",
                                        [LIMIT_CAMPAIGN] = "this campaign"};
    if (place >= ask->limit_count) {
        return copy(ask, "");
    }
    const struct limit_found *found = &ask->limits[place].found;
    return arena_printf(ask->arena, "%s%s%.*s", kinds[found->kind], found->name.size > 0 ? " " : "",
                        TEXT_PRINT(found->name));
}

static char *about(const struct explain_ask *ask, const struct why_gate *gate)
{
    const struct explain_path *path = closed_path(ask, gate->gate);
    switch ((enum gate)gate->gate) {
    case GATE_TENANT_LIMIT:
    case GATE_CAMPAIGN_LIMIT:
        return about_limit(ask, gate->limit);
    case GATE_SITE_SUSPENDED:
    case GATE_WARMUP_QUOTA:
        return path == NULL ? copy(ask, ask->site[0] != '\0' ? ask->site : ask->domain)
                            : arena_printf(ask->arena, "%s x %s", path->site, path->ip);
    case GATE_OPERATOR_STOP:
        return copy(ask, ask->reasons.stop == NULL ? "" : ask->reasons.stop->about);
    case GATE_NO_SENDING_IP:
    case GATE_WORKER_CREDIT:
        return arena_printf(ask->arena, "pool %.*s", TEXT_PRINT(ask->campaign.pool));
    case GATE_DOMAIN_UNVERIFIED:
        return explain_text(ask, ask->campaign.from_domain);
    case GATE_PATH_RATE:
    case GATE_PATH_CONNECTIONS:
    case GATE_DNS_FAILURE:
        return copy(ask, ask->site);
    case GATE_NONE:
    case GATE_AWAITING_APPROVAL:
    case GATE_PREFLIGHT_FAILED:
    case GATE_CONTENT_SCAN:
    case GATE_SCHEDULED_FOR:
    case GATE_OUTSIDE_WINDOW:
    case GATE_CANARY:
    case GATE_PAUSED:
    case GATE_RETRY_DUE:
    case GATE_STORE_UNAVAILABLE:
    case GATE_KEY_UNAVAILABLE:
    case GATE_TLS_POLICY:
    case GATE_QUARANTINED:
    case GATE_CLOCK_DOUBT:
    case GATE_LIMIT:
    default:
        return copy(ask, "");
    }
}

/* ---------------------------------------------------------------- by whose word */

static const Hikyaku__V1__Event *last_try(const struct explain_ask *ask)
{
    return ask->try_count > 0 ? ask->tries[0] : NULL;
}

/* "421 4.7.0 rate-limited" */
static char *reason_of_try(const struct explain_ask *ask, const Hikyaku__V1__Event *event)
{
    if (event == NULL) {
        return copy(ask, "");
    }
    if (event->smtp_code == 0) {
        return arena_printf(ask->arena, "%s at %s", event->reply_class, event->stage);
    }
    return arena_printf(ask->arena, "%u%s%s %s", event->smtp_code,
                        event->enhanced_code[0] == '\0' ? "" : " ", event->enhanced_code,
                        event->reply_class);
}

static char *reason_of_credit(const struct explain_ask *ask, const struct why_facts *facts)
{
    if (facts->place == WHY_SILENT && ask->is_answered) {
        return copy(ask, "its worker is writing down what became of it");
    }
    if (facts->place == WHY_SILENT) {
        return arena_printf(ask->arena, "%s holds it and does not answer",
                            ask->worker[0] == '\0' ? "a worker" : ask->worker);
    }
    return copy(ask, facts->room == 0 ? "its workers have as much in hand as they take"
                                      : "it is its turn soon");
}

static const char *reason_of_stop(const struct explain_ask *ask)
{
    if (ask->reasons.is_restored) {
        return "restored from a backup: hikyaku restore status";
    }
    return ask->reasons.stop == NULL ? "" : ask->reasons.stop->word;
}

static char *reason_of_pause(const struct explain_ask *ask)
{
    const struct explain_path *path = closed_path(ask, GATE_SITE_SUSPENDED);
    return path == NULL ? reason_of_try(ask, last_try(ask))
                        : arena_printf(ask->arena, "rule %s", path->rule);
}

int64_t explain_words_canary_end(const struct explain_ask *ask)
{
    const struct store_campaign *campaign = &ask->campaign;
    return campaign->canary.state == STORE_CANARY_WAITING
               ? campaign->canary.since_unix_ms + (int64_t)campaign->canary.wait_s * 1000
               : 0;
}

static char *reason_of_canary(const struct explain_ask *ask)
{
    const struct store_campaign *campaign = &ask->campaign;
    uint64_t tried = campaign->accepted - campaign->outcomes[OUTCOME_PENDING];
    return campaign->canary.state == STORE_CANARY_WAITING
               ? arena_printf(ask->arena, "all %u of its canary were tried", campaign->canary.rows)
               : arena_printf(ask->arena, "%llu of %u of its canary were tried",
                              (unsigned long long)tried, campaign->canary.rows);
}

static char *reason_of_approval(const struct explain_ask *ask)
{
    const struct store_campaign *campaign = &ask->campaign;
    int64_t until_unix_ms = campaign->approval.until_unix_ms;
    return arena_printf(ask->arena, "%u of %u approvals%s%s", campaign->approval.given,
                        campaign->approval.needed, until_unix_ms > 0 ? ", a draft again at " : "",
                        until_unix_ms > 0 ? explain_words_time(ask, until_unix_ms) : "");
}

static char *reason(const struct explain_ask *ask, const struct why_facts *facts,
                    const struct why_gate *gate)
{
    switch (gate->gate) {
    case GATE_SITE_SUSPENDED:
        return reason_of_pause(ask);
    case GATE_OPERATOR_STOP:
        return copy(ask, reason_of_stop(ask));
    case GATE_CANARY:
        return reason_of_canary(ask);
    case GATE_AWAITING_APPROVAL:
        return reason_of_approval(ask);
    case GATE_PAUSED:
        return copy(ask, ask->state_reason == NULL ? "" : ask->state_reason);
    case GATE_RETRY_DUE:
        return reason_of_try(ask, last_try(ask));
    case GATE_NO_SENDING_IP:
        return copy(ask, facts->workers == 0 ? "no worker serves the pool"
                                             : "no worker holds an address of the pool");
    case GATE_WORKER_CREDIT:
        return reason_of_credit(ask, facts);
    default:
        return copy(ask, "");
    }
}

static void fill_quota(const struct why_facts *facts, const struct why_gate *gate,
                       Hikyaku__V1__HeldGate *held)
{
    if (gate->gate == GATE_WARMUP_QUOTA && gate->path < facts->path_count) {
        held->used = facts->paths[gate->path].quota_used;
        held->most = facts->paths[gate->path].quota_most;
        held->per_ms = DAY_MS;
    }
}

static void fill_limit(const struct why_facts *facts, const struct why_gate *gate,
                       Hikyaku__V1__HeldGate *held)
{
    bool is_limit = gate->gate == GATE_TENANT_LIMIT || gate->gate == GATE_CAMPAIGN_LIMIT;
    if (!is_limit || gate->limit >= facts->limit_count) {
        return;
    }
    const struct why_limit *limit = &facts->limits[gate->limit];
    bool is_lane = limit->used + facts->batch_rows <= limit->most && gate->is_closed;
    held->used = is_lane ? limit->lane_used : limit->used;
    held->most = is_lane ? limit->lane_most : limit->most;
    held->per_ms = limit->per_ms;
}

Hikyaku__V1__HeldGate *explain_words_gate(const struct explain_ask *ask,
                                          const struct why_facts *facts,
                                          const struct why_gate *gate)
{
    Hikyaku__V1__HeldGate *held = arena_alloc(ask->arena, sizeof *held);
    hikyaku__v1__held_gate__init(held);
    held->gate = (Hikyaku__V1__Gate)gate->gate;
    held->closed = gate->is_closed;
    held->about = about(ask, gate);
    held->reason = reason(ask, facts, gate);
    held->since_unix_ms = gate->since_unix_ms;
    held->until_unix_ms = gate->until_unix_ms;
    held->rate_per_1000_s = gate->rate_per_1000_s;
    held->ahead = gate->ahead;
    held->adds_ms = gate->adds_ms;
    held->ends = copy(ask, explain_words_ends(gate->gate));
    held->event_id = copy(ask, "");
    const struct explain_path *path = closed_path(ask, GATE_SITE_SUSPENDED);
    if (gate->gate == GATE_SITE_SUSPENDED && path != NULL && path->event_id != NULL) {
        held->since_unix_ms = path->since_unix_ms;
        held->event_id = copy(ask, path->event_id);
    } else if (gate->gate == GATE_PAUSED && ask->state_event != NULL) {
        held->since_unix_ms = ask->state_since_unix_ms;
        held->event_id = copy(ask, ask->state_event);
    } else if (gate->gate == GATE_RETRY_DUE && last_try(ask) != NULL) {
        held->since_unix_ms = last_try(ask)->occurred_unix_ms;
        held->event_id = copy(ask, last_try(ask)->event_id);
    }
    fill_limit(facts, gate, held);
    fill_quota(facts, gate, held);
    return held;
}

Hikyaku__V1__PathView *explain_words_path(const struct explain_ask *ask,
                                          const struct explain_path *path)
{
    Hikyaku__V1__PathView *view = arena_alloc(ask->arena, sizeof *view);
    hikyaku__v1__path_view__init(view);
    view->site = copy(ask, path->site);
    view->sending_ip = copy(ask, path->ip);
    view->gate = (Hikyaku__V1__Gate)path->gate;
    view->until_unix_ms = path->until_unix_ms;
    view->rule = copy(ask, path->gate == GATE_SITE_SUSPENDED ? path->rule : "");
    view->rate_per_1000_s = path->rate_per_1000_s;
    view->connections = path->connections;
    view->waiting = path->waiting;
    return view;
}

/* ---------------------------------------------------------------- sentences */

static char *says_ended(const struct explain_ask *ask)
{
    char word[32];
    const Hikyaku__V1__Event *event = last_try(ask);
    (void)snprintf(word, sizeof word, "%s", rows_outcome_name(ask->look.row.state));
    text_lower_ascii(word, strlen(word));
    if (ask->look.row.state == OUTCOME_UNCERTAIN) {
        return copy(ask, "nobody knows whether it arrived: hikyaku uncertain list");
    }
    return event == NULL ? arena_printf(ask->arena, "nothing holds it: %s", word)
                         : arena_printf(ask->arena, "nothing holds it: %s at %s", word,
                                        explain_words_time(ask, event->occurred_unix_ms));
}

static char *says_draft(const struct explain_ask *ask)
{
    const struct store_campaign *campaign = &ask->campaign;
    return campaign->approval.returned_unix_ms == 0
               ? copy(ask, "the campaign has not been submitted")
               : arena_printf(ask->arena, "the campaign is a draft again: %.*s",
                              TEXT_PRINT(campaign->approval.returned_why));
}

char *explain_words_says(const struct explain_ask *ask, const struct why_facts *facts,
                         const struct why_answer *why)
{
    if (!rows_is_open(ask->look.row.state)) {
        return says_ended(ask);
    }
    if (facts->place == WHY_ON_WIRE) {
        return arena_printf(ask->arena, "nothing holds it: it is being sent%s%s",
                            ask->worker[0] == '\0' ? "" : " by ", ask->worker);
    }
    if (ask->campaign.state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT) {
        return says_draft(ask);
    }
    return arena_printf(ask->arena, "%s holds it", rows_gate_name(why->gates[0].gate));
}

char *explain_words_campaign(const struct explain_ask *ask, const struct why_answer *why)
{
    if (ask->campaign.state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT) {
        return says_draft(ask);
    }
    if (why->count == 0) {
        return copy(ask, "nothing holds it: no recipient is open");
    }
    return arena_printf(ask->arena, "%s holds what waits", rows_gate_name(why->gates[0].gate));
}

static bool is_closed(const struct why_answer *why, uint8_t gate)
{
    for (size_t i = 0; i < why->closed; i++) {
        if (why->gates[i].gate == gate) {
            return true;
        }
    }
    return false;
}

size_t explain_words_clear(const struct explain_ask *ask, const struct why_facts *facts,
                           const struct why_answer *why, char ***ret_list)
{
    char **list = arena_zero(ask->arena, LIMIT_RULES_FOUND_MAX + 4, sizeof *list);
    size_t count = 0;
    *ret_list = list;
    if (why->count == 0) {
        return 0;
    }
    if (!is_closed(why, GATE_OPERATOR_STOP)) {
        list[count++] = copy(ask, "not stopped");
    }
    if (facts->has_windows && facts->window.is_open) {
        list[count++] = copy(ask, "inside its windows");
    }
    for (size_t i = 0; i < ask->limit_count; i++) {
        const struct why_limit *limit = &facts->limits[i];
        if (!why_rule_is_full(limit, facts->batch_rows) && limit->most > 0) {
            list[count++] = arena_printf(ask->arena, "%s %u %%", about_limit(ask, i),
                                         (unsigned int)(limit->used * 100 / limit->most));
        }
    }
    if (!is_closed(why, GATE_NO_SENDING_IP) && facts->owned_ips > 0) {
        list[count++] = arena_printf(ask->arena, "%zu IPs of the pool owned", facts->owned_ips);
    }
    return count;
}
