/* Facts -> forecast_rule -> the answer. */
#include "coordinator/explain/explain_words.h"

#include "common/policy/retry_clock.h"

#include <string.h>

#define S_MS INT64_C(1000)
/* Of attempts: more than that is no forecast any more. */
#define DEFERRED_MOST 0.9

/* ---------------------------------------------------------------- facts */

/* Gates that nobody knows the end of stop the forecast; time, windows and rates are its own. */
static bool is_reckoned(enum gate gate)
{
    return gate == GATE_NONE || gate == GATE_SCHEDULED_FOR || gate == GATE_OUTSIDE_WINDOW ||
           gate == GATE_TENANT_LIMIT || gate == GATE_CAMPAIGN_LIMIT;
}

static size_t owned_ips(const struct fleet_reasons *reasons)
{
    size_t owned = 0;
    for (size_t i = 0; i < reasons->ip_count; i++) {
        owned += reasons->ips[i].owner[0] != '\0';
    }
    return owned;
}

static void add_hold(const struct explain_ask *ask, struct forecast_facts *facts)
{
    const struct fleet_reasons *reasons = &ask->reasons;
    bool is_draft = ask->campaign.state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT;
    if (!is_draft && !is_reckoned(reasons->decision.gate)) {
        facts->held_by = (uint8_t)reasons->decision.gate;
        facts->held_until_unix_s = reasons->decision.until_unix_ms / S_MS;
    } else if (reasons->lacks_key || ask->lacks_key) {
        facts->held_by = GATE_KEY_UNAVAILABLE;
    } else if (owned_ips(reasons) == 0) {
        facts->held_by = GATE_NO_SENDING_IP;
    } else if (store_canary_is_open(&ask->campaign)) {
        int64_t end_unix_ms = explain_words_canary_end(ask);
        int64_t wait_ms = (int64_t)ask->campaign.canary.wait_s * S_MS;
        facts->held_by = GATE_CANARY; /* as if it were tried at once */
        facts->held_until_unix_s =
            (end_unix_ms != 0 ? end_unix_ms : reasons->now_unix_ms + wait_ms) / S_MS;
    }
}

static void add_limits(const struct explain_ask *ask, struct forecast_facts *facts)
{
    for (size_t i = 0; i < ask->limit_count; i++) {
        const struct why_limit *limit = &ask->limit_counts[i];
        uint64_t most = limit->most < limit->lane_most ? limit->most : limit->lane_most;
        double per_s = (double)most * 1000 / (double)(limit->per_ms > 0 ? limit->per_ms : 1);
        if (facts->most_per_s <= 0 || per_s < facts->most_per_s) {
            facts->most_per_s = per_s;
            facts->limit_gate = limit->is_campaign ? GATE_CAMPAIGN_LIMIT : GATE_TENANT_LIMIT;
        }
    }
}

/* Of all IPs; one that is warm takes what the others may not. */
static void add_quotas(const struct explain_path *path, bool is_first, struct forecast_site *site)
{
    for (size_t day = 0; day < FORECAST_DAYS_MAX; day++) {
        bool is_warm = path->quotas[day] == FORECAST_NO_QUOTA;
        if (is_first || is_warm) {
            site->quotas[day] = path->quotas[day];
        } else if (site->quotas[day] != FORECAST_NO_QUOTA) {
            site->quotas[day] += path->quotas[day];
        }
    }
}

/* All paths of the site; one that pauses counts from then on. */
static void add_rates(const struct explain_ask *ask, const char *name, struct forecast_site *site)
{
    size_t open = 0;
    int64_t until_unix_ms = 0;
    bool is_first = true;
    for (size_t i = 0; i < ask->path_count; i++) {
        const struct explain_path *path = &ask->paths[i];
        if (strcmp(path->site, name) != 0) {
            continue;
        }
        site->per_s += path->per_s;
        add_quotas(path, is_first, site);
        is_first = false;
        site->is_rated = site->is_rated || path->rate_per_1000_s > 0;
        open += path->gate != GATE_SITE_SUSPENDED;
        bool is_sooner = until_unix_ms == 0 || path->until_unix_ms < until_unix_ms;
        until_unix_ms = path->until_unix_ms > 0 && is_sooner ? path->until_unix_ms : until_unix_ms;
    }
    site->suspended_until_unix_s = open == 0 ? until_unix_ms / S_MS : 0;
    if (site->per_s <= 0) {
        site->per_s = (double)owned_ips(&ask->reasons) * explain_paths_usual_per_s(ask, name);
    }
}

static void add_site(const struct explain_ask *ask, const char *name,
                     const uint64_t outcomes[OUTCOME_LIMIT], struct forecast_facts *facts)
{
    if (facts->site_count == FORECAST_SITES_MAX) {
        return;
    }
    struct forecast_site *site = &facts->sites[facts->site_count++];
    *site = (struct forecast_site){.pending = (double)outcomes[OUTCOME_PENDING],
                                   .deferred = (double)outcomes[OUTCOME_DEFERRED]};
    for (size_t day = 0; day < FORECAST_DAYS_MAX; day++) {
        site->quotas[day] = FORECAST_NO_QUOTA;
    }
    add_rates(ask, name, site);
}

static void add_sites(const struct explain_ask *ask, struct forecast_facts *facts)
{
    const struct store_campaign *campaign = &ask->campaign;
    for (size_t i = 0; i < campaign->site_count; i++) {
        add_site(ask, explain_text(ask, campaign->sites[i].key), campaign->sites[i].outcomes,
                 facts);
    }
    if (campaign->site_count == 0) {
        add_site(ask, "other", campaign->outcomes, facts);
    }
}

static void add_retries(const struct explain_ask *ask, struct forecast_facts *facts)
{
    const uint64_t *outcomes = ask->campaign.outcomes;
    bool is_transactional = ask->campaign.lane == HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    double deferred = (double)outcomes[OUTCOME_DEFERRED];
    double tried = deferred + (double)(outcomes[OUTCOME_DELIVERED] + outcomes[OUTCOME_BOUNCED]);
    facts->retry_s =
        retry_clock_delay_s(retry_clock_plan_of(is_transactional, REPLY_CLASS_NONE), 1);
    facts->deferred_part = tried > 0 ? deferred / tried : 0;
    facts->deferred_part =
        facts->deferred_part < DEFERRED_MOST ? facts->deferred_part : DEFERRED_MOST;
}

static void add_times(const struct explain_ask *ask, struct forecast_facts *facts)
{
    const struct store_campaign *campaign = &ask->campaign;
    facts->now_unix_s = ask->reasons.now_unix_ms / S_MS;
    facts->day_ends_unix_s = ask->warm_day_ends_unix_ms / S_MS;
    bool is_draft = campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT;
    bool is_scheduled = campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_SCHEDULED;
    if (is_scheduled) {
        facts->starts_unix_s = campaign->scheduled_unix_ms / S_MS;
    } else if (is_draft && ask->content != NULL) {
        facts->starts_unix_s = ask->content->stored->settings->scheduled_at_unix_ms / S_MS;
    }
    facts->expires_unix_s = campaign->expires_unix_ms / S_MS;
    if (is_draft) { /* as if it were submitted now */
        int64_t begins =
            facts->starts_unix_s > facts->now_unix_s ? facts->starts_unix_s : facts->now_unix_s;
        facts->expires_unix_s = begins + campaign->expires_after_s;
    }
}

/* ---------------------------------------------------------------- the answer */

static uint64_t people(double count)
{
    return count < 0.5 ? 0 : (uint64_t)(count + 0.5);
}

static Hikyaku__V1__ForecastHour *view_of(const struct explain_ask *ask,
                                          const struct forecast_hour *hour)
{
    Hikyaku__V1__ForecastHour *view = arena_alloc(ask->arena, sizeof *view);
    hikyaku__v1__forecast_hour__init(view);
    view->begin_unix_ms = hour->begin_unix_s * S_MS;
    view->sent = people(hour->sent);
    view->held = arena_zero(ask->arena, GATE_LIMIT, sizeof(void *));
    for (int gate = 1; gate < GATE_LIMIT; gate++) {
        if (people(hour->held[gate]) == 0) {
            continue;
        }
        Hikyaku__V1__GateCount *count = arena_alloc(ask->arena, sizeof *count);
        hikyaku__v1__gate_count__init(count);
        count->gate = (Hikyaku__V1__Gate)gate;
        count->count = people(hour->held[gate]);
        view->held[view->n_held++] = count;
    }
    return view;
}

static char *says(const struct explain_ask *ask, const struct forecast *forecast, uint64_t open)
{
    const char *gate = rows_gate_name(forecast->decided_by);
    if (open == 0) {
        return explain_text(ask, TEXT("it has no open recipient"));
    }
    if (forecast->is_stuck) {
        return arena_printf(ask->arena, "%s holds it; that ends: %s", gate,
                            explain_words_ends(forecast->decided_by));
    }
    if (forecast->end_unix_s == 0) {
        return arena_printf(ask->arena, "it does not end in time; decided by %s", gate);
    }
    return forecast->decided_by == GATE_NONE ? explain_text(ask, TEXT("nothing holds it back"))
                                             : arena_printf(ask->arena, "decided by %s", gate);
}

static void fill(const struct explain_ask *ask, const struct forecast *forecast,
                 Hikyaku__V1__ForecastResponse *answer)
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(ask->question.campaign, id);
    answer->campaign_id = explain_text(ask, text_of(id));
    answer->state = (Hikyaku__V1__CampaignState)ask->campaign.state;
    answer->open =
        ask->campaign.outcomes[OUTCOME_PENDING] + ask->campaign.outcomes[OUTCOME_DEFERRED];
    answer->end_unix_ms = forecast->end_unix_s * S_MS;
    answer->end_from_unix_ms = forecast->from_unix_s * S_MS;
    answer->end_to_unix_ms = forecast->to_unix_s * S_MS;
    answer->decided_by = (Hikyaku__V1__Gate)forecast->decided_by;
    answer->expires_unsent = forecast->is_stuck ? 0 : people(forecast->left);
    answer->waits_for_warmup = people(forecast->warmup);
    answer->says = says(ask, forecast, answer->open);
    answer->hours = arena_zero(ask->arena, forecast->hour_count + 1, sizeof(void *));
    for (size_t i = 0; i < forecast->hour_count; i++) {
        answer->hours[answer->n_hours++] = view_of(ask, &forecast->hours[i]);
    }
}

void explain_forecast_run(struct explain_ask *ask)
{
    struct forecast_facts *facts = arena_zero(ask->arena, 1, sizeof *facts);
    struct forecast *forecast = arena_zero(ask->arena, 1, sizeof *forecast);
    struct send_window windows[SEND_WINDOWS_MAX];
    Hikyaku__V1__ForecastResponse answer;
    int count =
        service_windows_list(ask->explain->settings.windows, ask->campaign.windows, windows);
    hikyaku__v1__forecast_response__init(&answer);
    facts->windows = windows;
    facts->window_count = count > 0 ? (size_t)count : 0;
    add_times(ask, facts);
    add_hold(ask, facts);
    add_limits(ask, facts);
    add_sites(ask, facts);
    add_retries(ask, facts);
    forecast_rule_run(facts, forecast);
    fill(ask, forecast, &answer);
    explain_end(ask, 0, &answer.base);
}
