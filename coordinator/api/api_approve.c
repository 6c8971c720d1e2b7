/* ApproveCampaign, RejectCampaign: one script on the header settles who comes first. */
#include "common/store/store_fleet.h"
#include "coordinator/api/api_approval.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"

#include <errno.h>
#include <string.h>

struct approve {
    struct api_call *call;
    struct store_approval step;
    Hikyaku__V1__StoredApproval record;
};

static void refuse_state(struct api_call *call, const struct store_campaign *campaign)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &hikyaku__v1__campaign_state__descriptor, (int)campaign->state);
    api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "campaign_id", "state",
                         "it does not wait for approval: its state is %s",
                         value != NULL ? value->name : "UNKNOWN");
}

/* @param campaign  NULL only with errors of the store itself */
static void refuse(const struct approve *approve, int error, const struct store_campaign *campaign)
{
    static const struct {
        int error;
        enum wire_code code;
        const char *field;
        const char *rule;
        const char *message;
    } refusals[] = {
        {-ESTALE, WIRE_CODE_FAILED_PRECONDITION, "digest", "digest",
         "is not what waits for approval now: look at it again"},
        {-ETIME, WIRE_CODE_FAILED_PRECONDITION, "campaign_id", "lapsed",
         "it was not approved in time, or has expired: it must be submitted anew"},
        {-EPERM, WIRE_CODE_PERMISSION_DENIED, "campaign_id", "self",
         "its author and its submitter do not approve it: another person must"},
        {-EALREADY, WIRE_CODE_FAILED_PRECONDITION, "campaign_id", "quarantined",
         "it stands under QUARANTINED: release it first (ResolveQuarantine)"},
    };
    struct api_call *call = approve->call;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].error == error) {
            api_call_refuse_with(call, refusals[i].code, refusals[i].field, refusals[i].rule, "%s",
                                 refusals[i].message);
            return;
        }
    }
    if (error == -EBUSY && campaign != NULL) {
        refuse_state(call, campaign);
    } else {
        api_call_refuse_error(call, error);
    }
}

static void on_approved(void *context, int error, bool is_replayed,
                        const struct store_campaign *campaign)
{
    struct approve *approve = context;
    struct api_call *call = approve->call;
    if (error != 0) {
        refuse(approve, error, campaign);
        return;
    }
    store_fleet_notify(call->api->settings.store, STORE_NOTICE_WORK, approve->step.campaign);
    Hikyaku__V1__ApproveCampaignResponse response;
    hikyaku__v1__approve_campaign_response__init(&response);
    response.state = (Hikyaku__V1__CampaignState)campaign->state;
    response.approval = api_approval_view(campaign, call->arena);
    response.replayed = is_replayed;
    api_call_answer(call, &response.base);
}

static void on_rejected(void *context, int error, bool is_replayed,
                        const struct store_campaign *campaign)
{
    struct approve *approve = context;
    struct api_call *call = approve->call;
    if (error != 0) {
        refuse(approve, error, campaign);
        return;
    }
    store_fleet_notify(call->api->settings.store, STORE_NOTICE_CONTROL, approve->step.campaign);
    Hikyaku__V1__RejectCampaignResponse response;
    hikyaku__v1__reject_campaign_response__init(&response);
    response.state = (Hikyaku__V1__CampaignState)campaign->state;
    response.replayed = is_replayed;
    api_call_answer(call, &response.base);
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct approve *approve = context;
    struct api_call *call = approve->call;
    bool is_ours =
        error == 0 && !campaign->is_container && text_equal(campaign->tenant, call->tenant);
    if (!is_ours) {
        api_call_refuse_error(call, error == 0 ? -ENOENT : error);
        return;
    }
    bool approves = approve->step.what == STORE_APPROVAL_APPROVE;
    store_approval_step(call->api->settings.store, &approve->step,
                        approves ? on_approved : on_rejected, approve);
}

static ProtobufCBinaryData bytes_of(struct arena *arena, struct text text)
{
    return (ProtobufCBinaryData){.len = text.size,
                                 .data = (uint8_t *)arena_copy(arena, text.data, text.size)};
}

/* @param said  for its author, or with the approval */
static void begin(struct approve *approve, const char *campaign_id, char *said)
{
    struct api_call *call = approve->call;
    struct store_approval *step = &approve->step;
    bool approves = step->what == STORE_APPROVAL_APPROVE;
    if (api_view_parse_id(campaign_id, step->campaign) != 0) {
        api_call_refuse_error(call, -ENOENT);
        return;
    }
    step->tenant = call->tenant;
    step->principal = text_of(call->caller.principal);
    approve->record.action = approves ? HIKYAKU__V1__APPROVAL_ACTION__APPROVAL_ACTION_APPROVED
                                      : HIKYAKU__V1__APPROVAL_ACTION__APPROVAL_ACTION_REJECTED;
    approve->record.principal = api_call_string(call, step->principal);
    approve->record.otp = call->has_otp;
    approve->record.reason = said;
    approve->record.digest = bytes_of(call->arena, step->digest);
    step->record = api_approval_record(&approve->record, call->arena);
    step->reason =
        text_of(arena_printf(call->arena, "%s by %s%s%s", approves ? "approved" : "sent back",
                             call->caller.principal, said[0] == '\0' ? "" : ": ", said));
    store_campaign_get(call->api->settings.store, step->campaign, on_header, approve);
}

static struct approve *create(struct api_call *call, enum store_approval_what what,
                              const ProtobufCBinaryData *digest)
{
    struct approve *approve = arena_zero(call->arena, 1, sizeof *approve);
    approve->call = call;
    approve->step.what = what;
    approve->step.digest = (struct text){(const char *)digest->data, digest->len};
    hikyaku__v1__stored_approval__init(&approve->record);
    return approve;
}

void api_approve_handle(struct api_call *call)
{
    const Hikyaku__V1__ApproveCampaignRequest *request = (const void *)call->request;
    begin(create(call, STORE_APPROVAL_APPROVE, &request->digest), request->campaign_id,
          request->reason);
}

void api_approve_handle_reject(struct api_call *call)
{
    const Hikyaku__V1__RejectCampaignRequest *request = (const void *)call->request;
    begin(create(call, STORE_APPROVAL_REJECT, &request->digest), request->campaign_id,
          request->reason);
}
