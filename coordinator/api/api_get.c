#include "common/wire/wire_effective.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"

#include <errno.h>

struct get {
    struct api_call *call;
    unsigned char id[16];
    Hikyaku__V1__GetCampaignResponse response;
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

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct get *get = context;
    struct api_call *call = get->call;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    const Hikyaku__V1__GetCampaignRequest *request = (const void *)call->request;
    hikyaku__v1__get_campaign_response__init(&get->response);
    const struct api_gate gate = api_view_running_gate(call, campaign);
    get->response.campaign = api_view_campaign(campaign, &gate, call->arena);
    if (!request->with_settings) {
        api_call_answer(call, &get->response.base);
        return;
    }
    catalog_load(call->api->settings.catalog, get->id, on_settings, get);
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
