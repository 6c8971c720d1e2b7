#include "common/security/digest.h"
#include "common/store/store_fleet.h"
#include "common/wire/wire_canonical.h"
#include "coordinator/api/api_approval.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"
#include "coordinator/explain/explain.h"

#include <errno.h>
#include <string.h>

/* Chunks may arrive while Submit reads: it reads again, so often. */
#define TRIES_MAX 5
#define MISSING_NAMED_MAX 20

/* SubmitCampaign: header, chunk markers, checks, digest, one script. */
struct submit {
    struct api_call *call;
    struct catalog_campaign *campaign; /* a reference */
    unsigned char id[16];
    unsigned char digest[DIGEST_BYTES];
    uint32_t rows;
    uint32_t rejected;
    uint32_t chunks; /* that these rows came in */
    uint8_t state;
    struct approve_policy policy;
    uint32_t approvals; /* that it needs */
    unsigned int tries;
    Hikyaku__V1__SubmitCampaignResponse response;
};

static void refuse(struct submit *submit, enum wire_code code)
{
    catalog_release(&submit->campaign);
    api_call_refuse(submit->call, code);
}

static void refuse_error(struct submit *submit, int error)
{
    catalog_release(&submit->campaign);
    api_call_refuse_error(submit->call, error);
}

/* It is submitted, whatever became of the forecast. */
static void on_forecast(void *context, int error, const ProtobufCMessage *answer)
{
    struct submit *submit = context;
    if (error == 0) {
        const Hikyaku__V1__ForecastResponse *forecast = (const void *)answer;
        submit->response.forecast_end_unix_ms = forecast->end_unix_ms;
    }
    api_call_answer(submit->call, &submit->response.base);
}

static void answer(struct submit *submit, const struct store_campaign *campaign)
{
    struct api_call *call = submit->call;
    Hikyaku__V1__SubmitCampaignResponse *response = &submit->response;
    struct explain_question question = {.tenant = call->tenant, .arena = call->arena};
    hikyaku__v1__submit_campaign_response__init(response);
    response->state = (Hikyaku__V1__CampaignState)campaign->state;
    response->accepted = campaign->accepted;
    response->rejected = campaign->rejected;
    response->duplicates = campaign->duplicates;
    response->digest.data = submit->digest;
    response->digest.len = sizeof submit->digest;
    response->approval = api_approval_view(campaign, call->arena);
    response->replayed = submit->state != HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT;
    store_fleet_notify(call->api->settings.store, STORE_NOTICE_WORK, submit->id);
    catalog_release(&submit->campaign);
    memcpy(question.campaign, submit->id, sizeof question.campaign);
    explain_forecast(call->api->settings.explain, &question, on_forecast, submit);
}

static void read_header(struct submit *submit);

/* Chunks were added since it began to read. */
static void read_again(struct submit *submit)
{
    if (++submit->tries < TRIES_MAX) {
        read_header(submit);
        return;
    }
    api_call_note(submit->call, "campaign_id", "chunks",
                  "chunks are still being added: submit when all are answered");
    refuse(submit, WIRE_CODE_FAILED_PRECONDITION);
}

static void on_submitted(void *context, int error, const struct store_campaign *campaign)
{
    struct submit *submit = context;
    if (error == -ESTALE) {
        read_again(submit);
    } else if (error == -EBUSY) {
        api_call_note(submit->call, "campaign_id", "state",
                      "it was submitted with other recipients, or has ended");
        refuse(submit, WIRE_CODE_FAILED_PRECONDITION);
    } else if (error != 0) {
        refuse_error(submit, error);
    } else {
        answer(submit, campaign);
    }
}

/* What an approval binds to: the settings, then the chunks' digests in their order. */
static void digest_all(struct submit *submit, const struct store_chunk_marker *markers,
                       size_t count)
{
    struct buffer settings = {NULL, 0, 0};
    wire_canonical_append(&submit->campaign->stored->settings->base, &settings);
    struct digest *digest = digest_create();
    digest_begin(digest, TEXT("approval"));
    digest_add_bytes(digest, 1, buffer_text(&settings));
    for (size_t i = 0; i < count; i++) {
        digest_add_bytes(digest, 2, (struct text){(const char *)markers[i].digest, DIGEST_BYTES});
    }
    digest_finish(digest, submit->digest);
    digest_destroy(&digest);
    buffer_finish(&settings);
}

/* Chunks are numbered without gaps: name the missing ones. */
static void check_gaps(struct api_call *call, const struct store_chunk_marker *markers,
                       size_t count)
{
    size_t missing = 0;
    uint32_t expected = 0;
    for (size_t i = 0; i < count; i++) {
        for (; expected < markers[i].number; expected++) {
            if (missing++ < MISSING_NAMED_MAX) {
                api_call_note(call, "chunk", "missing_chunk", "chunk %u is missing", expected);
            }
        }
        expected = markers[i].number + 1;
    }
    if (missing > MISSING_NAMED_MAX) {
        api_call_note(call, "chunk", "missing_chunk", "%zu chunks are missing in all", missing);
    }
}

static void check_rows(struct submit *submit)
{
    struct api_call *call = submit->call;
    const Hikyaku__V1__SubmitCampaignRequest *request = (const void *)call->request;
    if (submit->rows != request->expected_rows) {
        api_call_note(call, "expected_rows", "expected_rows", "%u rows were sent, not %u",
                      submit->rows, request->expected_rows);
    }
    uint32_t permille =
        request->max_rejected_case ==
                HIKYAKU__V1__SUBMIT_CAMPAIGN_REQUEST__MAX_REJECTED_MAX_REJECTED_PERMILLE
            ? request->max_rejected_permille
            : call->api->settings.limits->max_rejected_permille;
    if ((uint64_t)submit->rejected * 1000 > (uint64_t)permille * submit->rows) {
        api_call_note(call, "max_rejected_permille", "max_rejected_permille",
                      "%u of %u rows were rejected, more than %u permille", submit->rejected,
                      submit->rows, permille);
    }
}

/* What its list of approvals begins with. */
static struct text submission(const struct submit *submit)
{
    const Hikyaku__V1__SubmitCampaignRequest *request = (const void *)submit->call->request;
    Hikyaku__V1__StoredApproval record;
    hikyaku__v1__stored_approval__init(&record);
    record.action = HIKYAKU__V1__APPROVAL_ACTION__APPROVAL_ACTION_SUBMITTED;
    record.principal = api_call_string(submit->call, text_of(submit->call->caller.principal));
    record.digest.data = (uint8_t *)arena_copy(submit->call->arena, submit->digest, DIGEST_BYTES);
    record.digest.len = DIGEST_BYTES;
    record.confirmed = request->confirm;
    record.n_confirmed = request->n_confirm;
    return api_approval_record(&record, submit->call->arena);
}

static void on_markers(void *context, int error, const struct store_chunk_marker *markers,
                       size_t count)
{
    struct submit *submit = context;
    struct api_call *call = submit->call;
    if (error != 0) {
        refuse_error(submit, error);
        return;
    }
    if (count != submit->chunks) {
        read_again(submit);
        return;
    }
    check_gaps(call, markers, count);
    check_rows(submit);
    if (api_call_problems(call)->count > 0) {
        refuse(submit, WIRE_CODE_FAILED_PRECONDITION);
        return;
    }
    digest_all(submit, markers, count);
    struct store_submit transition = {
        .chunks = (uint32_t)count,
        .digest = {(const char *)submit->digest, DIGEST_BYTES},
        .scheduled_unix_ms = submit->campaign->stored->settings->scheduled_at_unix_ms,
        .approvals = (uint8_t)submit->approvals,
        .patience_ms = submit->policy.expires_after_ms,
        .submitter = text_of(call->caller.principal),
        .approval_step = submission(submit),
    };
    memcpy(transition.campaign, submit->id, sizeof transition.campaign);
    store_campaign_submit(call->api->settings.store, &transition, on_submitted, submit);
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct submit *submit = context;
    if (error != 0) {
        refuse_error(submit, error);
        return;
    }
    submit->rows = campaign->rows;
    submit->rejected = campaign->rejected;
    submit->chunks = campaign->chunks;
    submit->state = campaign->state;
    api_approval_policy(submit->call, &submit->policy);
    submit->approvals = approve_rule_needed(&submit->policy, campaign);
    store_campaign_markers(submit->call->api->settings.store, submit->id, on_markers, submit);
}

static void read_header(struct submit *submit)
{
    store_campaign_get(submit->call->api->settings.store, submit->id, on_header, submit);
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct submit *submit = context;
    if (error == 0 && campaign->is_container) {
        catalog_release(&campaign);
        error = -ENOENT;
    }
    if (error != 0) {
        api_call_refuse_error(submit->call, error);
        return;
    }
    submit->campaign = campaign;
    read_header(submit);
}

void api_submit_handle(struct api_call *call)
{
    const Hikyaku__V1__SubmitCampaignRequest *request = (const void *)call->request;
    struct submit *submit = arena_zero(call->arena, 1, sizeof *submit);
    submit->call = call;
    if (api_view_parse_id(request->campaign_id, submit->id) != 0) {
        api_call_refuse_error(call, -ENOENT);
        return;
    }
    catalog_load(call->api->settings.catalog, submit->id, on_loaded, submit);
}
