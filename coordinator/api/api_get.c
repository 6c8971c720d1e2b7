#include "common/wire/wire_effective.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_approval.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"
#include "coordinator/explain/explain.h"

#include <errno.h>

struct get {
    struct api_call *call;
    unsigned char id[16];
    bool has_steps; /* of approval */
    Hikyaku__V1__GetCampaignResponse response;
    Hikyaku__V1__Campaign *limited[2]; /* the same under TENANT_LIMIT, CAMPAIGN_LIMIT */
};

static void on_settings(void *context, int error, struct catalog_campaign *campaign)
{
    struct get *get = context;
    struct api_call *call = get->call;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    get->response.settings = wire_effective_without_data(campaign->stored->settings, call->arena);
    api_call_answer(call, &get->response.base);
    catalog_release(&campaign);
}

static void add_settings(struct get *get)
{
    struct api_call *call = get->call;
    const Hikyaku__V1__GetCampaignRequest *request = (const void *)call->request;
    if (!request->with_settings) {
        api_call_answer(call, &get->response.base);
        return;
    }
    catalog_load(call->api->settings.catalog, get->id, on_settings, get);
}

static void on_steps(void *context, int error, const struct store_approval_list *list)
{
    struct get *get = context;
    if (error != 0) {
        api_call_refuse_error(get->call, error);
        return;
    }
    api_approval_fill_steps(list, get->call->arena, get->response.campaign);
    add_settings(get);
}

static void finish(struct get *get)
{
    if (get->has_steps) {
        store_approval_read(get->call->api->settings.store, get->id, on_steps, get);
    } else {
        add_settings(get);
    }
}

static void on_limit(void *context, enum gate gate, int64_t until_unix_ms)
{
    struct get *get = context;
    if (gate != GATE_NONE) {
        Hikyaku__V1__Campaign *view = get->limited[gate == GATE_CAMPAIGN_LIMIT];
        for (size_t i = 0; i < view->n_gates; i++) {
            bool is_it = (int)view->gates[i]->gate == (int)gate;
            view->gates[i]->until_unix_ms = is_it ? until_unix_ms : view->gates[i]->until_unix_ms;
        }
        get->response.campaign = view;
    }
    finish(get);
}

/* Its driver alone knows which shared limit it has met; the others see what Redis counts. */
static bool may_be_limited(const struct store_campaign *campaign, const struct api_gate *gate)
{
    return campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING &&
           (gate->gate == GATE_WORKER_CREDIT || gate->gate == GATE_NO_SENDING_IP);
}

static void ask_limits(struct get *get, const struct store_campaign *campaign)
{
    struct arena *arena = get->call->arena;
    const struct api_gate tenant = {.gate = GATE_TENANT_LIMIT, .why = ""};
    const struct api_gate own = {.gate = GATE_CAMPAIGN_LIMIT, .why = ""};
    get->limited[0] = api_view_campaign(campaign, &tenant, arena);
    get->limited[1] = api_view_campaign(campaign, &own, arena);
    explain_limits_ask(get->call->api->settings.explain, campaign, arena, on_limit, get);
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct get *get = context;
    struct api_call *call = get->call;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    hikyaku__v1__get_campaign_response__init(&get->response);
    get->has_steps = api_approval_has_steps(campaign);
    const struct api_gate gate = api_view_running_gate(call, campaign);
    get->response.campaign = api_view_campaign(campaign, &gate, call->arena);
    if (may_be_limited(campaign, &gate)) {
        ask_limits(get, campaign);
    } else {
        finish(get);
    }
}

void api_get_handle(struct api_call *call)
{
    const Hikyaku__V1__GetCampaignRequest *request = (const void *)call->request;
    struct get *get = arena_zero(call->arena, 1, sizeof *get);
    get->call = call;
    if (api_view_parse_id(request->campaign_id, get->id) != 0) {
        api_call_refuse_error(call, -ENOENT);
        return;
    }
    store_campaign_get(call->api->settings.store, get->id, on_header, get);
}
