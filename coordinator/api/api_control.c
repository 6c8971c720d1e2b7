#include "common/store/store_fleet.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"

#include <errno.h>

/* Pause, resume and cancel differ in a word: their requests begin alike. */
struct control {
    struct api_call *call;
    unsigned char id[16];
    enum store_control control;
    const char *reason;
    const char *campaign_id;
};

static void on_controlled(void *context, int error, const struct store_campaign *campaign)
{
    struct control *control = context;
    struct api_call *call = control->call;
    if (error == -EBUSY && campaign->quarantine != STORE_QUARANTINE_NONE &&
        control->control == STORE_CONTROL_RESUME) {
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "campaign_id", "quarantined",
                             "it stands under QUARANTINED: release it (ResolveQuarantine)");
        return;
    }
    if (error == -EBUSY) {
        const Hikyaku__V1__CampaignState state = (Hikyaku__V1__CampaignState)campaign->state;
        const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
            &hikyaku__v1__campaign_state__descriptor, (int)state);
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "campaign_id", "state",
                             "not possible in state %s", value != NULL ? value->name : "UNKNOWN");
        return;
    }
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    store_fleet_notify(call->api->settings.store, STORE_NOTICE_CONTROL, control->id);
    Hikyaku__V1__ControlCampaignResponse response;
    hikyaku__v1__control_campaign_response__init(&response);
    response.state = (Hikyaku__V1__CampaignState)campaign->state;
    response.batches_open = campaign->batches_open;
    api_call_answer(call, &response.base);
}

static void read_request(struct control *control)
{
    const ProtobufCMessage *request = control->call->request;
    control->reason = "";
    if (request->descriptor == &hikyaku__v1__pause_campaign_request__descriptor) {
        const Hikyaku__V1__PauseCampaignRequest *pause = (const void *)request;
        control->control = STORE_CONTROL_PAUSE;
        control->campaign_id = pause->campaign_id;
        control->reason = pause->reason;
    } else if (request->descriptor == &hikyaku__v1__resume_campaign_request__descriptor) {
        const Hikyaku__V1__ResumeCampaignRequest *resume = (const void *)request;
        control->control = STORE_CONTROL_RESUME;
        control->campaign_id = resume->campaign_id;
    } else {
        const Hikyaku__V1__CancelCampaignRequest *cancel = (const void *)request;
        control->control = STORE_CONTROL_CANCEL;
        control->campaign_id = cancel->campaign_id;
        control->reason = cancel->reason;
    }
}

void api_control_handle(struct api_call *call)
{
    struct control *control = arena_zero(call->arena, 1, sizeof *control);
    control->call = call;
    read_request(control);
    if (api_view_parse_id(control->campaign_id, control->id) != 0) {
        api_call_refuse_error(call, -ENOENT);
        return;
    }
    store_campaign_control(call->api->settings.store, control->id, control->control,
                           text_of(control->reason), on_controlled, control);
}
