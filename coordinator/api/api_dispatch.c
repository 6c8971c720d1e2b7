#include "coordinator/api/api_dispatch.h"

#include "common/wire/wire_rules.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"

#include <errno.h>

#define REQUEST(name) (&hikyaku__v1__##name##_request__descriptor)

static const struct api_dispatch_method methods[] = {
    {"CampaignService", "CreateCampaign", REQUEST(create_campaign), api_create_handle},
    {"CampaignService", "AddRecipients", REQUEST(add_recipients), api_recipients_handle},
    {"CampaignService", "SubmitCampaign", REQUEST(submit_campaign), api_submit_handle},
    {"CampaignService", "GetCampaign", REQUEST(get_campaign), api_get_handle},
    {"CampaignService", "ListCampaigns", REQUEST(list_campaigns), api_list_handle},
    {"CampaignService", "PauseCampaign", REQUEST(pause_campaign), api_control_handle},
    {"CampaignService", "ResumeCampaign", REQUEST(resume_campaign), api_control_handle},
    {"CampaignService", "CancelCampaign", REQUEST(cancel_campaign), api_control_handle},
    {"CampaignService", "PreviewMessage", REQUEST(preview_message), api_preview_handle},
    {"CampaignService", "FindRecipients", REQUEST(find_recipients), api_find_handle},
    {"CampaignService", "ListUncertain", REQUEST(list_uncertain), api_uncertain_handle},
    {"CampaignService", "ResolveUncertain", REQUEST(resolve_uncertain), api_resolve_handle},
    {"MessageService", "SendMessages", REQUEST(send_messages), api_messages_handle},
    {"EventService", "ReadEvents", REQUEST(read_events), api_events_handle},
    {"FleetService", "GetFleet", REQUEST(get_fleet), api_fleet_handle},
    {"FleetService", "Stop", REQUEST(stop), api_stop_handle},
    {"FleetService", "Start", REQUEST(start), api_stop_handle_start},
    {"FleetService", "ListStops", REQUEST(list_stops), api_stop_handle_list},
};

const struct api_dispatch_method *api_dispatch_methods(size_t *ret_count)
{
    *ret_count = sizeof methods / sizeof methods[0];
    return methods;
}

const struct api_dispatch_method *api_dispatch_find(struct text path)
{
    struct text package = TEXT("/hikyaku.v1.");
    if (!text_starts_with(path, package)) {
        return NULL;
    }
    struct text name = text_skip(path, package.size);
    size_t slash = text_find(name, '/');
    if (slash == name.size) {
        return NULL;
    }
    struct text service = {name.data, slash};
    struct text method = text_skip(name, slash + 1);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (text_equal(service, text_of(methods[i].service)) &&
            text_equal(method, text_of(methods[i].name))) {
            return &methods[i];
        }
    }
    return NULL;
}

void api_dispatch_run(struct api_call *call, const struct api_dispatch_method *method,
                      struct text body)
{
    struct problem problem = {.field = ""};
    ProtobufCMessage *request = NULL;
    int error = wire_unpack(method->request, &wire_unpack_call_bounds, body, call->arena, &request,
                            &problem);
    if (error != 0) {
        problem_list_add(api_call_problems(call), &problem);
        api_call_refuse(call, error == -EMSGSIZE ? WIRE_CODE_RESOURCE_EXHAUSTED
                                                 : WIRE_CODE_INVALID_ARGUMENT);
        return;
    }
    call->request = request;
    if (wire_rules_check(request, call->api->settings.limits, api_call_problems(call)) != 0) {
        api_call_refuse(call, WIRE_CODE_INVALID_ARGUMENT);
        return;
    }
    method->handle(call);
}
