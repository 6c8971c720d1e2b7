#include "coordinator/api/api_dispatch.h"

#include "common/base/log.h"
#include "common/wire/wire_rules.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_otp.h"
#include "coordinator/api/api_owner.h"
#include "coordinator/api/api_quota.h"
#include "coordinator/api/api_state.h"

#include <errno.h>

#define REQUEST(name) (&hikyaku__v1__##name##_request__descriptor)

#define SCOPE(name) ACCESS_BIT(ACCESS_##name)
/* Names, states and counts of campaigns: whoever has to do with them. */
#define LOOK                                                                 \
    (SCOPE(CAMPAIGN_WRITE) | SCOPE(CAMPAIGN_SUBMIT) | SCOPE(CAMPAIGN_TEST) | \
     SCOPE(CAMPAIGN_APPROVE) | SCOPE(CAMPAIGN_CONTROL) | SCOPE(EVENT_READ))
/* What a recipient would read. */
#define CONTENT (SCOPE(CAMPAIGN_WRITE) | SCOPE(CAMPAIGN_TEST) | SCOPE(CAMPAIGN_APPROVE))
/* What became of single recipients, by their numbers and refs. */
#define ROWS (SCOPE(CAMPAIGN_CONTROL) | SCOPE(EVENT_READ) | SCOPE(RECIPIENT_VIEW))
/* Who may call, and with which keys; never the keys. */
#define KEYS (SCOPE(ACCESS_ADMIN) | SCOPE(AUDIT_READ))
#define FLEET (SCOPE(FLEET_OPERATE) | SCOPE(THROTTLE_WRITE))

static const struct api_dispatch_method methods[] = {
    {"CampaignService", "CreateCampaign", REQUEST(create_campaign), api_create_handle,
     API_DISPATCH_DRIVEN, SCOPE(CAMPAIGN_WRITE)},
    {"CampaignService", "AddRecipients", REQUEST(add_recipients), api_recipients_handle,
     API_DISPATCH_DRIVEN, SCOPE(CAMPAIGN_WRITE)},
    {"CampaignService", "SubmitCampaign", REQUEST(submit_campaign), api_submit_handle,
     API_DISPATCH_DRIVEN, SCOPE(CAMPAIGN_SUBMIT)},
    {"CampaignService", "GetCampaign", REQUEST(get_campaign), api_get_handle, API_DISPATCH_OPEN,
     LOOK},
    {"CampaignService", "ListCampaigns", REQUEST(list_campaigns), api_list_handle,
     API_DISPATCH_OPEN, LOOK},
    {"CampaignService", "PauseCampaign", REQUEST(pause_campaign), api_control_handle,
     API_DISPATCH_OPEN, SCOPE(CAMPAIGN_CONTROL)},
    {"CampaignService", "ResumeCampaign", REQUEST(resume_campaign), api_control_handle,
     API_DISPATCH_OPEN, SCOPE(CAMPAIGN_CONTROL)},
    {"CampaignService", "CancelCampaign", REQUEST(cancel_campaign), api_control_handle,
     API_DISPATCH_OPEN, SCOPE(CAMPAIGN_CONTROL)},
    {"CampaignService", "PreviewMessage", REQUEST(preview_message), api_preview_handle,
     API_DISPATCH_OPEN, CONTENT},
    {"CampaignService", "FindRecipients", REQUEST(find_recipients), api_find_handle,
     API_DISPATCH_OPEN, ROWS},
    {"CampaignService", "ListUncertain", REQUEST(list_uncertain), api_uncertain_handle,
     API_DISPATCH_OPEN, ROWS},
    {"CampaignService", "ResolveUncertain", REQUEST(resolve_uncertain), api_resolve_handle,
     API_DISPATCH_DRIVEN, SCOPE(CAMPAIGN_CONTROL)},
    {"CampaignService", "ListQuarantine", REQUEST(list_quarantine), api_uncertain_handle_quarantine,
     API_DISPATCH_OPEN, ROWS},
    {"CampaignService", "ResolveQuarantine", REQUEST(resolve_quarantine),
     api_resolve_handle_quarantine, API_DISPATCH_DRIVEN, SCOPE(CAMPAIGN_CONTROL)},
    {"CampaignService", "ApproveCampaign", REQUEST(approve_campaign), api_approve_handle,
     API_DISPATCH_DRIVEN, SCOPE(CAMPAIGN_APPROVE)},
    {"CampaignService", "RejectCampaign", REQUEST(reject_campaign), api_approve_handle_reject,
     API_DISPATCH_DRIVEN, SCOPE(CAMPAIGN_APPROVE)},
    {"MessageService", "SendMessages", REQUEST(send_messages), api_messages_handle,
     API_DISPATCH_DRIVEN, SCOPE(MESSAGE_SEND)},
    {"EventService", "ReadEvents", REQUEST(read_events), api_events_handle, API_DISPATCH_OPEN,
     SCOPE(EVENT_READ) | FLEET},
    {"FleetService", "GetFleet", REQUEST(get_fleet), api_fleet_handle, API_DISPATCH_ALWAYS, FLEET},
    {"FleetService", "GetRestored", REQUEST(get_restored), api_restored_get_handle,
     API_DISPATCH_ALWAYS, SCOPE(FLEET_OPERATE)},
    {"FleetService", "ResumeRestored", REQUEST(resume_restored), api_restored_resume_handle,
     API_DISPATCH_ALWAYS, SCOPE(FLEET_OPERATE)},
    {"FleetService", "Stop", REQUEST(stop), api_stop_handle, API_DISPATCH_OPEN, FLEET},
    {"FleetService", "Start", REQUEST(start), api_stop_handle_start, API_DISPATCH_OPEN, FLEET},
    {"FleetService", "ListStops", REQUEST(list_stops), api_stop_handle_list, API_DISPATCH_OPEN,
     FLEET},
    {"FleetService", "ListReputation", REQUEST(list_reputation), api_reputation_handle,
     API_DISPATCH_OPEN, FLEET | SCOPE(EVENT_READ)},
    {"FleetService", "ListThrottles", REQUEST(list_throttles), api_throttles_handle_list,
     API_DISPATCH_OPEN, FLEET},
    {"FleetService", "GetThrottle", REQUEST(get_throttle), api_throttles_handle_get,
     API_DISPATCH_OPEN, FLEET},
    {"FleetService", "SetThrottle", REQUEST(set_throttle), api_throttle_handle_set,
     API_DISPATCH_OPEN, SCOPE(THROTTLE_WRITE)},
    {"FleetService", "SuspendPath", REQUEST(suspend_path), api_throttle_handle_suspend,
     API_DISPATCH_OPEN, SCOPE(THROTTLE_WRITE)},
    {"FleetService", "ResumePath", REQUEST(resume_path), api_throttle_handle_resume,
     API_DISPATCH_OPEN, SCOPE(THROTTLE_WRITE)},
    {"FleetService", "GetShadow", REQUEST(get_shadow), api_shadow_handle, API_DISPATCH_OPEN, FLEET},
    {"AccessService", "WhoAmI", &hikyaku__v1__who_am_irequest__descriptor, api_principal_handle_who,
     API_DISPATCH_ALWAYS, ACCESS_ALL},
    {"AccessService", "PutPrincipal", REQUEST(put_principal), api_principal_handle,
     API_DISPATCH_OPEN, SCOPE(ACCESS_ADMIN)},
    {"AccessService", "ListPrincipals", REQUEST(list_principals), api_principal_handle_list,
     API_DISPATCH_OPEN, KEYS},
    {"AccessService", "CreateKey", REQUEST(create_key), api_key_handle, API_DISPATCH_OPEN,
     SCOPE(ACCESS_ADMIN)},
    {"AccessService", "ListKeys", REQUEST(list_keys), api_key_handle_list, API_DISPATCH_OPEN, KEYS},
    {"AccessService", "RotateKey", REQUEST(rotate_key), api_key_handle_rotate, API_DISPATCH_OPEN,
     ACCESS_ALL},
    {"AccessService", "RevokeKey", REQUEST(revoke_key), api_key_handle_revoke, API_DISPATCH_OPEN,
     ACCESS_ALL},
    {"AccessService", "EnrolOtp", REQUEST(enrol_otp), api_enrol_handle, API_DISPATCH_OPEN,
     ACCESS_ALL},
    {"AccessService", "RemoveOtp", REQUEST(remove_otp), api_enrol_handle_remove, API_DISPATCH_OPEN,
     SCOPE(ACCESS_ADMIN)},
    {"FleetService", "Why", REQUEST(why), api_why_handle, API_DISPATCH_OPEN, ROWS},
    {"FleetService", "Forecast", REQUEST(forecast), api_why_handle_forecast, API_DISPATCH_OPEN,
     LOOK},
    {"FleetService", "Trace", REQUEST(trace), api_why_handle_trace, API_DISPATCH_OPEN, ROWS},
    {"AccessService", "ListAudit", REQUEST(list_audit), api_log_handle, API_DISPATCH_OPEN,
     SCOPE(AUDIT_READ)},
    {"FleetService", "GetWarmup", REQUEST(get_warmup), api_warmup_handle, API_DISPATCH_OPEN, FLEET},
    {"FleetService", "SetWarmup", REQUEST(set_warmup), api_warmup_handle_set, API_DISPATCH_OPEN,
     FLEET},
    {"SuppressionService", "AddSuppressions", REQUEST(add_suppressions), api_suppression_handle_add,
     API_DISPATCH_OPEN, SCOPE(SUPPRESSION_WRITE)},
    {"SuppressionService", "RemoveSuppression", REQUEST(remove_suppression),
     api_suppression_handle_remove, API_DISPATCH_OPEN, SCOPE(SUPPRESSION_WRITE)},
    {"SuppressionService", "CheckSuppressions", REQUEST(check_suppressions),
     api_suppressions_handle_check, API_DISPATCH_OPEN, SCOPE(SUPPRESSION_WRITE)},
    {"SuppressionService", "ListSuppressions", REQUEST(list_suppressions),
     api_suppressions_handle_list, API_DISPATCH_OPEN, SCOPE(SUPPRESSION_WRITE)},
    {"PersonService", "ExportPerson", REQUEST(export_person), api_person_handle_export,
     API_DISPATCH_OPEN, SCOPE(PERSON_EXPORT)},
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

/* @return whether the call was refused */
static bool lacks_scope(struct api_call *call, const struct api_dispatch_method *method)
{
    if ((call->caller.scopes & method->scopes) != 0) {
        return false;
    }
    OWNED(buffer_finish) struct buffer needed = {0};
    access_scope_append(method->scopes, &needed);
    LOG(LOG_ACCESS_REFUSED, NULL, log_string("principal", call->caller.principal),
        log_string("key", call->caller.key_id), log_string("reason", "scope"),
        log_string("method", method->name));
    bool is_one = text_find(buffer_text(&needed), ',') == needed.size;
    api_call_refuse_with(call, WIRE_CODE_PERMISSION_DENIED, "", "scope",
                         "%s may not call %s: it needs %s%.*s", call->caller.principal,
                         method->name, is_one ? "" : "one of ", TEXT_PRINT(buffer_text(&needed)));
    return true;
}

static void check_owner(struct api_call *call)
{
    api_owner_check(call, call->method->handle);
}

/* What shows recipients, or what they read, is counted (alarms). */
static bool is_revealing(const struct api_dispatch_method *method)
{
    bool is_open_to_all = method->scopes == ACCESS_ALL || method->scopes == LOOK;
    return !is_open_to_all && (method->scopes & (SCOPE(RECIPIENT_VIEW) | SCOPE(PERSON_EXPORT) |
                                                 SCOPE(CAMPAIGN_TEST))) != 0;
}

/* What is wrong with a call is told once it is counted. */
static void handle(struct api_call *call)
{
    if (call->fault != 0) {
        api_call_refuse(call, (enum wire_code)call->fault);
    } else if (!is_closed(call, call->method)) {
        if (is_revealing(call->method)) {
            access_note_reveal(call->api->settings.access, call->caller.key_id,
                               call->caller.source);
        }
        api_otp_check(call, call->method->scopes, check_owner);
    }
}

void api_dispatch_run(struct api_call *call, const struct api_dispatch_method *method,
                      struct text body)
{
    if (lacks_scope(call, method)) {
        return;
    }
    struct problem problem = {.field = ""};
    ProtobufCMessage *request = NULL;
    call->method = method;
    int error = wire_unpack(method->request, &wire_unpack_call_bounds, body, call->arena, &request,
                            &problem);
    if (error != 0) {
        problem_list_add(api_call_problems(call), &problem);
        call->fault =
            error == -EMSGSIZE ? WIRE_CODE_RESOURCE_EXHAUSTED : WIRE_CODE_INVALID_ARGUMENT;
    } else {
        call->request = request;
        error = wire_rules_check(request, &api_call_tenant(call)->limits, api_call_problems(call));
        call->fault = error != 0 ? WIRE_CODE_INVALID_ARGUMENT : 0;
    }
    api_quota_check(call, body.size, handle);
}
