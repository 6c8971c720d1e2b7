#include "coordinator/api/api_view.h"

#include "coordinator/api/api_approval.h"
#include "coordinator/api/api_state.h"

#include "common/security/identity.h"

#include <string.h>

static char *copy(struct arena *arena, struct text text)
{
    return arena_copy(arena, text.data, text.size);
}

int api_view_parse_id(const char *text, unsigned char ret_id[16])
{
    return identity_campaign_from_text(text_of(text), ret_id);
}

static void fill_labels(const struct store_campaign *campaign, struct arena *arena,
                        Hikyaku__V1__Campaign *view)
{
    view->labels = arena_zero(arena, campaign->label_count, sizeof(void *));
    for (size_t i = 0; i < campaign->label_count; i++) {
        Hikyaku__V1__Campaign__LabelsEntry *entry = arena_alloc(arena, sizeof *entry);
        hikyaku__v1__campaign__labels_entry__init(entry);
        entry->key = copy(arena, campaign->labels[i].name);
        entry->value = copy(arena, campaign->labels[i].value);
        view->labels[view->n_labels++] = entry;
    }
}

static void fill_outcomes(const uint64_t counts[OUTCOME_LIMIT], struct arena *arena,
                          Hikyaku__V1__OutcomeCount ***ret_list, size_t *ret_count)
{
    *ret_list = arena_zero(arena, OUTCOME_LIMIT, sizeof(void *));
    *ret_count = 0;
    for (int outcome = 1; outcome < OUTCOME_LIMIT; outcome++) {
        if (counts[outcome] == 0) {
            continue;
        }
        Hikyaku__V1__OutcomeCount *count = arena_alloc(arena, sizeof *count);
        hikyaku__v1__outcome_count__init(count);
        count->outcome = (Hikyaku__V1__Outcome)outcome;
        count->count = counts[outcome];
        (*ret_list)[(*ret_count)++] = count;
    }
}

/* I7: an open row without a gate of its own stands under its campaign's. */
static enum gate campaign_gate(const struct store_campaign *campaign, enum gate running_gate)
{
    switch ((Hikyaku__V1__CampaignState)campaign->state) {
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_SCHEDULED:
        return GATE_SCHEDULED_FOR;
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_PAUSED:
        return campaign->quarantine != STORE_QUARANTINE_NONE ? GATE_QUARANTINED : GATE_PAUSED;
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_AWAITING_APPROVAL:
        return GATE_AWAITING_APPROVAL;
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING:
        return running_gate;
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT:
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_CANCELLING:
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_CANCELLED:
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_COMPLETED:
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_REJECTED:
    case HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_UNSPECIFIED:
    case _HIKYAKU__V1__CAMPAIGN_STATE_IS_INT_SIZE:
    default:
        return GATE_NONE;
    }
}

/* Whatever else its rows wait for, this is what binds. */
static bool binds_all(const struct store_campaign *campaign, enum gate gate)
{
    return campaign->word == STORE_PAUSE || gate == GATE_OPERATOR_STOP ||
           gate == GATE_OUTSIDE_WINDOW;
}

/* Recipients that wait for the canary and for nothing else. */
static uint64_t behind_canary(const struct store_campaign *campaign)
{
    bool is_running = campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING;
    return is_running && store_canary_is_open(campaign) &&
                   campaign->accepted > campaign->canary.rows
               ? campaign->accepted - campaign->canary.rows
               : 0;
}

static int64_t canary_end(const struct store_campaign *campaign)
{
    return campaign->canary.state == STORE_CANARY_WAITING
               ? campaign->canary.since_unix_ms + (int64_t)campaign->canary.wait_s * 1000
               : 0;
}

static void fill_canary(const struct store_campaign *campaign, struct arena *arena,
                        Hikyaku__V1__Campaign *view)
{
    if (campaign->canary.state == STORE_CANARY_NONE) {
        return;
    }
    view->canary = arena_alloc(arena, sizeof *view->canary);
    hikyaku__v1__campaign_canary__init(view->canary);
    view->canary->state = (Hikyaku__V1__CanaryState)campaign->canary.state;
    view->canary->recipients = campaign->canary.rows;
    view->canary->behind = behind_canary(campaign);
    view->canary->judged_unix_ms = canary_end(campaign);
    view->canary->why = copy(arena, campaign->canary.why);
}

static void fill_approval(const struct store_campaign *campaign, struct arena *arena,
                          Hikyaku__V1__Campaign *view)
{
    if (campaign->approval.author.size > 0) {
        view->approval = api_approval_view(campaign, arena);
    }
}

static void fill_gates(const struct store_campaign *campaign, const struct api_gate *running_gate,
                       struct arena *arena, Hikyaku__V1__Campaign *view)
{
    enum gate own = campaign_gate(campaign, running_gate->gate);
    uint64_t counts[GATE_LIMIT];
    uint64_t total = 0;
    for (int gate = 0; gate < GATE_LIMIT; gate++) {
        counts[gate] = campaign->gates[gate];
        total += counts[gate];
    }
    /* What is at a worker is on its way, not waiting. */
    uint64_t waiting =
        counts[GATE_NONE] > view->in_flight ? counts[GATE_NONE] - view->in_flight : 0;
    counts[GATE_NONE] = 0;
    uint64_t behind = behind_canary(campaign);
    counts[GATE_CANARY] += waiting < behind ? waiting : behind;
    counts[own] += waiting < behind ? 0 : waiting - behind;
    enum gate paused =
        campaign->quarantine != STORE_QUARANTINE_NONE ? GATE_QUARANTINED : GATE_PAUSED;
    own = campaign->word == STORE_PAUSE ? paused : own;
    if (binds_all(campaign, own) && total > view->in_flight) {
        memset(counts, 0, sizeof counts);
        counts[own] = total - view->in_flight;
    }
    view->gates = arena_zero(arena, GATE_LIMIT, sizeof(void *));
    for (int gate = 1; gate < GATE_LIMIT; gate++) {
        if (counts[gate] == 0) {
            continue;
        }
        Hikyaku__V1__GateCount *count = arena_alloc(arena, sizeof *count);
        hikyaku__v1__gate_count__init(count);
        count->gate = (Hikyaku__V1__Gate)gate;
        count->count = counts[gate];
        if (gate == GATE_SCHEDULED_FOR) {
            count->until_unix_ms = campaign->scheduled_unix_ms;
        } else if (gate == GATE_CANARY) {
            count->until_unix_ms = canary_end(campaign);
        } else if (gate == (int)running_gate->gate) {
            count->until_unix_ms = running_gate->until_unix_ms;
            count->why = copy(arena, text_of(running_gate->why));
        }
        view->gates[view->n_gates++] = count;
    }
}

static void fill_sites(const struct store_campaign *campaign, struct arena *arena,
                       Hikyaku__V1__Campaign *view)
{
    view->sites = arena_zero(arena, campaign->site_count, sizeof(void *));
    for (size_t i = 0; i < campaign->site_count; i++) {
        Hikyaku__V1__SiteCount *site = arena_alloc(arena, sizeof *site);
        hikyaku__v1__site_count__init(site);
        site->site = copy(arena, campaign->sites[i].key);
        fill_outcomes(campaign->sites[i].outcomes, arena, &site->outcomes, &site->n_outcomes);
        view->sites[view->n_sites++] = site;
    }
}

static void fill_digest(const struct store_campaign *campaign, struct arena *arena,
                        Hikyaku__V1__Campaign *view)
{
    view->digest.len = campaign->digest.size;
    view->digest.data = arena_copy(arena, campaign->digest.data, campaign->digest.size);
}

Hikyaku__V1__Campaign *api_view_campaign(const struct store_campaign *campaign,
                                         const struct api_gate *running_gate, struct arena *arena)
{
    Hikyaku__V1__Campaign *view = arena_alloc(arena, sizeof *view);
    hikyaku__v1__campaign__init(view);
    view->campaign_id = arena_alloc(arena, IDENTITY_CAMPAIGN_LENGTH + 1);
    identity_campaign_to_text(campaign->id, view->campaign_id);
    view->name = copy(arena, campaign->name);
    view->state = (Hikyaku__V1__CampaignState)campaign->state;
    view->lane = (Hikyaku__V1__Lane)campaign->lane;
    view->content_class = (Hikyaku__V1__ContentClass)campaign->content_class;
    view->mode = (Hikyaku__V1__Mode)campaign->mode;
    view->pool = copy(arena, campaign->pool);
    view->from_domain = copy(arena, campaign->from_domain);
    view->created_unix_ms = campaign->created_unix_ms;
    view->submitted_unix_ms = campaign->submitted_unix_ms;
    view->scheduled_at_unix_ms = campaign->scheduled_unix_ms;
    view->expires_unix_ms = campaign->expires_unix_ms;
    view->rows = campaign->rows;
    view->accepted = campaign->accepted;
    view->duplicates = campaign->duplicates;
    view->rejected = campaign->rejected;
    view->chunks = campaign->chunks;
    view->batches_open = campaign->batches_open;
    view->container = campaign->is_container;
    view->in_flight = running_gate->is_idle ? 0 : campaign->in_flight;
    view->doubled = campaign->doubled;
    view->breaker = copy(arena, campaign->tripped);
    fill_labels(campaign, arena, view);
    fill_outcomes(campaign->outcomes, arena, &view->outcomes, &view->n_outcomes);
    fill_gates(campaign, running_gate, arena, view);
    fill_canary(campaign, arena, view);
    fill_approval(campaign, arena, view);
    fill_sites(campaign, arena, view);
    fill_digest(campaign, arena, view);
    return view;
}

struct api_gate api_view_running_gate(const struct api_call *call,
                                      const struct store_campaign *campaign)
{
    const struct api_settings *settings = &call->api->settings;
    struct api_gate gate = {.gate = GATE_NONE, .why = ""};
    if (settings->find_gate != NULL) {
        gate = settings->find_gate(settings->fleet_context, campaign, call->arena);
    }
    gate.gate = gate.gate == GATE_NONE ? GATE_WORKER_CREDIT : gate.gate;
    return gate;
}
