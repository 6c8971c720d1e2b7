#include "coordinator/api/api_dispatch.h"

#include "common/wire/wire_rules.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"

#include <errno.h>

#define REQUEST(name) (&hikyaku__v1__##name##_request__descriptor)

static const struct api_dispatch_method methods[] = {
    {"CampaignService", "CreateCampaign", REQUEST(create_campaign), api_create_handle,
     API_DISPATCH_DRIVEN},
    {"CampaignService", "AddRecipients", REQUEST(add_recipients), api_recipients_handle,
     API_DISPATCH_DRIVEN},
    {"CampaignService", "SubmitCampaign", REQUEST(submit_campaign), api_submit_handle,
     API_DISPATCH_DRIVEN},
    {"CampaignService", "GetCampaign", REQUEST(get_campaign), api_get_handle, API_DISPATCH_OPEN},
    {"CampaignService", "ListCampaigns", REQUEST(list_campaigns), api_list_handle,
     API_DISPATCH_OPEN},
    {"CampaignService", "PauseCampaign", REQUEST(pause_campaign), api_control_handle,
     API_DISPATCH_OPEN},
    {"CampaignService", "ResumeCampaign", REQUEST(resume_campaign), api_control_handle,
     API_DISPATCH_OPEN},
    {"CampaignService", "CancelCampaign", REQUEST(cancel_campaign), api_control_handle,
     API_DISPATCH_OPEN},
    {"CampaignService", "PreviewMessage", REQUEST(preview_message), api_preview_handle,
     API_DISPATCH_OPEN},
    {"CampaignService", "FindRecipients", REQUEST(find_recipients), api_find_handle,
     API_DISPATCH_OPEN},
    {"CampaignService", "ListUncertain", REQUEST(list_uncertain), api_uncertain_handle,
     API_DISPATCH_OPEN},
    {"CampaignService", "ResolveUncertain", REQUEST(resolve_uncertain), api_resolve_handle,
     API_DISPATCH_DRIVEN},
    {"CampaignService", "ListQuarantine", REQUEST(list_quarantine), api_uncertain_handle_quarantine,
     API_DISPATCH_OPEN},
    {"CampaignService", "ResolveQuarantine", REQUEST(resolve_quarantine),
     api_resolve_handle_quarantine, API_DISPATCH_DRIVEN},
    {"MessageService", "SendMessages", REQUEST(send_messages), api_messages_handle,
     API_DISPATCH_DRIVEN},
    {"EventService", "ReadEvents", REQUEST(read_events), api_events_handle, API_DISPATCH_OPEN},
    {"FleetService", "GetFleet", REQUEST(get_fleet), api_fleet_handle, API_DISPATCH_ALWAYS},
    {"FleetService", "GetRestored", REQUEST(get_restored), api_restored_get_handle,
     API_DISPATCH_ALWAYS},
    {"FleetService", "ResumeRestored", REQUEST(resume_restored), api_restored_resume_handle,
     API_DISPATCH_ALWAYS},
    {"FleetService", "Stop", REQUEST(stop), api_stop_handle, API_DISPATCH_OPEN},
    {"FleetService", "Start", REQUEST(start), api_stop_handle_start, API_DISPATCH_OPEN},
    {"FleetService", "ListStops", REQUEST(list_stops), api_stop_handle_list, API_DISPATCH_OPEN},
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

/* A store that was loaded from a backup takes nothing new until an operator has decided. */
static bool is_closed(struct api_call *call, const struct api_dispatch_method *method)
{
    const struct recovery *recovery = call->api->settings.recovery;
    bool is_closed = (method->when == API_DISPATCH_OPEN && recovery_is_closed(recovery)) ||
                     (method->when == API_DISPATCH_DRIVEN && recovery_is_stopped(recovery));
    if (is_closed) {
        const char *note = recovery_note(recovery);
        api_call_refuse_with(call, WIRE_CODE_UNAVAILABLE, "", note == NULL ? "store" : "restored",
                             "%s", note == NULL ? "the store is away: repeat the call" : note);
    }
    return is_closed;
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
    if (!is_closed(call, method)) {
        method->handle(call);
    }
}
