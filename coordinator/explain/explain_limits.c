/* Shared limits, as Redis counts them: every coordinator sees the same. */
#include "coordinator/explain/explain_inside.h"

#include "hikyaku/v1/api.pb-c.h"

#include <string.h>

static void read_next(struct explain_ask *ask);

static enum store_tokens_lane lane_of(const struct explain_ask *ask)
{
    return ask->campaign.lane == HIKYAKU__V1__LANE__LANE_TRANSACTIONAL ? STORE_TOKENS_TRANSACTIONAL
                                                                       : STORE_TOKENS_BULK;
}

static void on_tokens(void *context, int error, const struct store_look_tokens *look)
{
    struct explain_ask *ask = context;
    if (explain_is_broken(error)) {
        explain_end(ask, error, NULL);
        return;
    }
    const struct fleet_reasons_limit *limit = &ask->limits[ask->limit_at];
    ask->limit_counts[ask->limit_at++] = (struct why_limit){
        .is_campaign = limit->found.kind == LIMIT_CAMPAIGN,
        .used = look->used[STORE_TOKENS_TRANSACTIONAL] + look->used[STORE_TOKENS_BULK],
        .most = limit->found.messages,
        .lane_used = look->used[lane_of(ask)],
        .lane_most = limit->most_of_lane,
        .per_ms = limit->found.per_ms,
        .frees_unix_ms = look->frees_unix_ms};
    read_next(ask);
}

static void read_next(struct explain_ask *ask)
{
    if (ask->limit_at == ask->limit_count) {
        explain_next(ask);
        return;
    }
    const struct fleet_reasons_limit *limit = &ask->limits[ask->limit_at];
    store_look_tokens(ask->explain->settings.store, &limit->name, limit->found.per_ms, on_tokens,
                      ask);
}

void explain_limits_read(struct explain_ask *ask)
{
    struct limit_subject subject = {.tenant = ask->campaign.tenant,
                                    .pool = ask->campaign.pool,
                                    .from_domain = ask->campaign.from_domain,
                                    .dkim_domain = ask->campaign.from_domain};
    if (ask->content != NULL) {
        subject.max_per_minute = ask->content->stored->settings->max_per_minute;
    }
    ask->limits = arena_zero(ask->arena, LIMIT_RULES_FOUND_MAX, sizeof *ask->limits);
    ask->limit_count = fleet_reasons_limits(ask->explain->settings.fleet, &subject,
                                            ask->question.campaign, ask->limits);
    read_next(ask);
}

/* ---------------------------------------------------------------- for GetCampaign */

/* Into how large batches intake has cut it. */
static uint32_t batch_rows(const struct explain_ask *ask)
{
    uint64_t least = 0;
    for (size_t i = 0; i < ask->limit_count; i++) {
        uint64_t messages = ask->limits[i].found.messages;
        least = least == 0 || messages < least ? messages : least;
    }
    uint32_t rows = limit_rules_batch_rows(least);
    uint64_t open =
        ask->campaign.outcomes[OUTCOME_PENDING] + ask->campaign.outcomes[OUTCOME_DEFERRED];
    return open < rows ? (uint32_t)open : rows;
}

static void tell_limit(struct explain_ask *ask)
{
    enum gate gate = GATE_NONE;
    int64_t until_unix_ms = 0;
    uint32_t rows = batch_rows(ask);
    for (size_t i = 0; i < ask->limit_count && gate == GATE_NONE; i++) {
        const struct why_limit *limit = &ask->limit_counts[i];
        if (why_rule_is_full(limit, rows)) {
            gate = limit->is_campaign ? GATE_CAMPAIGN_LIMIT : GATE_TENANT_LIMIT;
            until_unix_ms = limit->frees_unix_ms;
        }
    }
    catalog_release(&ask->content);
    ask->on_limit(ask->context, gate, until_unix_ms);
}

void explain_limits_ask(struct explain *explain, const struct store_campaign *campaign,
                        struct arena *arena, explain_limit_fn *on_answer, void *context)
{
    static explain_step_fn *const steps[] = {explain_load_content, explain_limits_read, tell_limit,
                                             NULL};
    struct explain_ask *ask = arena_zero(arena, 1, sizeof *ask);
    ask->explain = explain;
    ask->arena = arena;
    ask->question.arena = arena;
    explain_copy_campaign(ask, campaign);
    memcpy(ask->question.campaign, campaign->id, sizeof ask->question.campaign);
    ask->steps = steps;
    ask->on_limit = on_answer;
    ask->context = context;
    explain_next(ask);
}
