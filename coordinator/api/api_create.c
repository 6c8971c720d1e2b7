#include "common/base/clock.h"
#include "common/security/digest.h"
#include "common/wire/wire_canonical.h"
#include "common/wire/wire_rules.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_settle.h"
#include "coordinator/api/api_state.h"

#include <errno.h>
#include <string.h>

/* CreateCampaign: look whether the key is known (a replay), else settle, seal, store. */
struct create {
    struct api_call *call;
    Hikyaku__V1__CreateCampaignRequest *effective;
    struct store_campaign header;
    unsigned char id[IDENTITY_CAMPAIGN_BYTES];
    unsigned char digest[DIGEST_BYTES];
};

static void digest_request(const ProtobufCMessage *request, unsigned char ret_digest[DIGEST_BYTES])
{
    struct buffer bytes = {NULL, 0, 0};
    wire_canonical_append(request, &bytes);
    struct digest *digest = digest_create();
    digest_begin(digest, TEXT("create_campaign"));
    digest_add_bytes(digest, 1, buffer_text(&bytes));
    digest_finish(digest, ret_digest);
    digest_destroy(&digest);
    buffer_finish(&bytes);
}

static void answer(struct create *create, Hikyaku__V1__CreateCampaignRequest *effective,
                   uint8_t state, bool is_replayed)
{
    struct api_call *call = create->call;
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(create->id, id);
    Hikyaku__V1__CreateCampaignResponse response;
    hikyaku__v1__create_campaign_response__init(&response);
    response.campaign_id = id;
    response.state = (Hikyaku__V1__CampaignState)state;
    response.effective = wire_effective_without_data(effective, call->arena);
    api_settle_warn(call, effective, &response.warnings, &response.n_warnings);
    response.replayed = is_replayed;
    api_call_answer(call, &response.base);
}

static void refuse_conflict(struct api_call *call)
{
    api_call_refuse_with(call, WIRE_CODE_CONFLICT, "idempotency_key", "other_payload",
                         "this key was used with another payload");
}

static void on_known_state(void *context, int error, const struct store_campaign *campaign)
{
    struct create *create = context;
    if (error != 0) {
        api_call_refuse_error(create->call, error);
        return;
    }
    answer(create, create->effective, campaign->state, true);
}

/* The key is known: the first answer again, from what was stored then. */
static void replay(struct create *create, struct catalog_campaign *campaign)
{
    struct api_call *call = create->call;
    if (!text_equal(campaign->request_digest,
                    (struct text){(const char *)create->digest, DIGEST_BYTES})) {
        refuse_conflict(call);
        return;
    }
    ProtobufCMessage *copy = wire_unpack_copy(&campaign->stored->settings->base, call->arena);
    create->effective = (Hikyaku__V1__CreateCampaignRequest *)(void *)copy;
    store_campaign_get(call->api->settings.store, create->id, on_known_state, create);
}

static void on_created(void *context, int error, bool is_replayed,
                       const struct store_campaign *campaign)
{
    struct create *create = context;
    if (error == -EEXIST) {
        refuse_conflict(create->call);
    } else if (error != 0) {
        api_call_refuse_error(create->call, error);
    } else {
        answer(create, create->effective, campaign->state, is_replayed);
    }
}

static void on_sealed(void *context, int error, const struct catalog_sealed *sealed,
                      const struct problem *problem)
{
    struct create *create = context;
    struct api_call *call = create->call;
    if (error != 0) {
        problem_list_add(api_call_problems(call), problem);
        api_call_refuse(call, error == -ECANCELED ? WIRE_CODE_UNAVAILABLE
                                                  : WIRE_CODE_FAILED_PRECONDITION);
        return;
    }
    create->header.wrapped_key = sealed->wrapped_key;
    create->header.token_key_id = sealed->token_key_id;
    store_campaign_create(call->api->settings.store, &create->header, sealed->sealed_content,
                          on_created, create);
}

static void create_new(struct create *create)
{
    struct api_call *call = create->call;
    const struct api_settings *settings = &call->api->settings;
    int64_t now_ms = clock_unix_ms();
    struct problem problem;
    if (wire_rules_schedule(create->effective->scheduled_at_unix_ms, now_ms,
                            settings->limits->campaign_schedule_days, &problem) != 0) {
        problem_list_add(api_call_problems(call), &problem);
    }
    struct text domain;
    if (api_settle_check(call, create->effective, &domain) != 0 ||
        api_call_problems(call)->count > 0) {
        api_call_refuse(call, WIRE_CODE_INVALID_ARGUMENT);
        return;
    }
    api_settle_header(call, create->effective, domain, now_ms, &create->header);
    memcpy(create->header.id, create->id, sizeof create->id);
    create->header.approval.author = text_of(call->caller.principal);
    create->header.request_digest = (struct text){(const char *)create->digest, DIGEST_BYTES};
    catalog_seal_new(settings->catalog, create->id, api_settle_stored(call, create->effective),
                     now_ms, on_sealed, create);
}

/* The content is gone, or never was: a stub still knows its key. The first answer again; its
 * effective settings are made anew from the same payload. */
static void on_stub(void *context, int error, const struct store_campaign *campaign)
{
    struct create *create = context;
    if (error == -ENOENT) {
        create_new(create);
    } else if (error != 0) {
        api_call_refuse_error(create->call, error);
    } else if (!text_equal(campaign->request_digest,
                           (struct text){(const char *)create->digest, DIGEST_BYTES})) {
        refuse_conflict(create->call);
    } else {
        answer(create, create->effective, campaign->state, true);
    }
}

static void on_looked_up(void *context, int error, struct catalog_campaign *campaign)
{
    struct create *create = context;
    if (error == -ENOENT) {
        store_campaign_get(create->call->api->settings.store, create->id, on_stub, create);
    } else if (error != 0) {
        api_call_refuse_error(create->call, error);
    } else {
        replay(create, campaign);
    }
    catalog_release(&campaign);
}

void api_create_handle(struct api_call *call)
{
    const struct api_settings *settings = &call->api->settings;
    const Hikyaku__V1__CreateCampaignRequest *request = (const void *)call->request;
    struct create *create = arena_zero(call->arena, 1, sizeof *create);
    create->call = call;
    digest_request(call->request, create->digest);
    const struct wire_effective_tenant defaults = api_call_defaults(call);
    create->effective =
        wire_effective_campaign(request, &api_call_tenant(call)->limits, &defaults, call->arena);
    identity_campaign(key_directory_id_key(settings->keys), call->tenant,
                      text_of(request->idempotency_key), create->id);
    catalog_load(settings->catalog, create->id, on_looked_up, create);
}
