#include "coordinator/api/api_approval.h"

#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_state.h"
#include "coordinator/tenants/tenants.h"

#include <string.h>

/* Bits by the numbers of the words; 0: none is told. */
static uint32_t bits_of(const struct config_strings *words, const char *first, unsigned int one,
                        unsigned int other)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < words->count; i++) {
        bits |= UINT32_C(1) << (strcmp(words->items[i], first) == 0 ? one : other);
    }
    return bits;
}

void api_approval_policy(const struct api_call *call, struct approve_policy *ret_policy)
{
    const struct tenant *tenant = tenants_find(call->api->settings.tenants, call->tenant);
    if (tenant == NULL) {
        *ret_policy = (struct approve_policy){.approvers = 0};
        return;
    }
    const struct tenant_config *config = tenant->config;
    *ret_policy = (struct approve_policy){
        .approvers = (uint32_t)config->approval.approvers,
        .above_recipients = config->approval.above_recipients,
        .two_above = config->approval.two_above,
        .lanes = bits_of(&config->approval.lanes, "bulk", HIKYAKU__V1__LANE__LANE_BULK,
                         HIKYAKU__V1__LANE__LANE_TRANSACTIONAL),
        .content_classes = bits_of(&config->approval.content_classes, "advertising",
                                   HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING,
                                   HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_NOTICE),
        .expires_after_ms = config->approval.expires_after_ms,
    };
}

struct text api_approval_record(const Hikyaku__V1__StoredApproval *step, struct arena *arena)
{
    OWNED(buffer_finish) struct buffer packed = {0};
    wire_unpack_append(&step->base, &packed);
    return arena_text(arena, buffer_text(&packed));
}

static char *copy(struct arena *arena, struct text text)
{
    return arena_copy(arena, text.data, text.size);
}

Hikyaku__V1__CampaignApproval *api_approval_view(const struct store_campaign *campaign,
                                                 struct arena *arena)
{
    Hikyaku__V1__CampaignApproval *view = arena_alloc(arena, sizeof *view);
    hikyaku__v1__campaign_approval__init(view);
    view->author = copy(arena, campaign->approval.author);
    view->submitter = copy(arena, campaign->approval.submitter);
    view->needed = campaign->approval.needed;
    view->given = campaign->approval.given;
    view->until_unix_ms = campaign->approval.until_unix_ms;
    view->returned_unix_ms = campaign->approval.returned_unix_ms;
    view->returned_why = copy(arena, campaign->approval.returned_why);
    return view;
}

bool api_approval_has_steps(const struct store_campaign *campaign)
{
    return campaign->approval.needed > 0 || campaign->approval.returned_unix_ms > 0;
}

static Hikyaku__V1__Approval *view_step(const struct store_approval_step *step,
                                        const Hikyaku__V1__StoredApproval *stored,
                                        struct arena *arena)
{
    Hikyaku__V1__Approval *view = arena_alloc(arena, sizeof *view);
    hikyaku__v1__approval__init(view);
    view->at_unix_ms = step->at_unix_ms;
    view->principal = stored->principal;
    view->action = (Hikyaku__V1__ApprovalAction)stored->action;
    view->reason = stored->reason;
    view->digest = stored->digest;
    view->otp = stored->otp;
    view->confirmed = stored->confirmed;
    view->n_confirmed = stored->n_confirmed;
    return view;
}

void api_approval_fill_steps(const struct store_approval_list *list, struct arena *arena,
                             Hikyaku__V1__Campaign *view)
{
    view->approvals = arena_zero(arena, list->step_count + 1, sizeof(void *));
    for (size_t i = 0; i < list->step_count; i++) {
        Hikyaku__V1__StoredApproval *stored = NULL;
        if (wire_store_read_approval(list->steps[i].record, arena, &stored) == 0) {
            view->approvals[view->n_approvals++] = view_step(&list->steps[i], stored, arena);
        }
    }
}
