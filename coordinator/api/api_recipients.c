#include "common/store/store_campaign.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_chunk.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"

#include <errno.h>
#include <stdio.h>

/* AddRecipients: load the campaign, intake and sealing in the pool, one script. */
struct addition {
    struct api_call *call;
    struct catalog_campaign *campaign; /* a reference */
    const struct intake_settings *settings;
    struct intake *intake; /* owned while the pool works */
    struct intake_result *result;
    int error;
};

static void finish(struct addition *addition)
{
    intake_result_destroy(&addition->result);
    catalog_release(&addition->campaign);
}

static void fill_rejected(struct api_call *call, const struct intake_result *result,
                          Hikyaku__V1__AddRecipientsResponse *response)
{
    response->rejected = arena_zero(call->arena, result->rejected_count, sizeof(void *));
    for (size_t i = 0; i < result->rejected_count; i++) {
        const struct intake_rejected *from = &result->rejected[i];
        Hikyaku__V1__Rejected *rejected = arena_alloc(call->arena, sizeof *rejected);
        hikyaku__v1__rejected__init(rejected);
        rejected->index = from->index;
        rejected->field = api_call_string(call, from->field);
        rejected->rule = api_call_string(call, from->rule);
        rejected->message = api_call_string(call, from->message);
        response->rejected[response->n_rejected++] = rejected;
    }
    response->rejected_total = result->rejected_total;
}

/* REFUSE_CHUNK, or REFUSE for duplicates: every bad row is named, nothing is stored. */
static void refuse_rows(struct api_call *call, const struct intake_result *result, int error)
{
    const Hikyaku__V1__AddRecipientsRequest *request = (const void *)call->request;
    for (size_t i = 0; i < result->rejected_count; i++) {
        const struct intake_rejected *from = &result->rejected[i];
        char field[128];
        struct problem problem;
        uint32_t position = from->index - request->chunk * ROWS_PER_CHUNK;
        (void)snprintf(field, sizeof field, "recipients[%u].%.*s", position,
                       TEXT_PRINT(from->field));
        char *rule = api_call_string(call, from->rule);
        problem_set(&problem, field, rule, "%.*s", TEXT_PRINT(from->message));
        problem_list_add(api_call_problems(call), &problem);
    }
    api_call_refuse(call,
                    error == -EEXIST ? WIRE_CODE_FAILED_PRECONDITION : WIRE_CODE_INVALID_ARGUMENT);
}

static void answer(struct api_call *call, const struct store_chunk_answer *stored)
{
    Hikyaku__V1__AddRecipientsResponse *response = NULL;
    ProtobufCMessage *message = NULL;
    if (wire_unpack(&hikyaku__v1__add_recipients_response__descriptor, &wire_unpack_store_bounds,
                    stored->answer, call->arena, &message, NULL) != 0) {
        api_call_refuse_error(call, -EPROTO);
        return;
    }
    response = (Hikyaku__V1__AddRecipientsResponse *)(void *)message;
    response->accepted = stored->accepted;
    response->duplicates = stored->duplicates;
    response->replayed = stored->is_replayed;
    api_call_answer(call, &response->base);
}

static void on_added(void *context, int error, const struct store_chunk_answer *stored)
{
    struct addition *addition = context;
    struct api_call *call = addition->call;
    finish(addition);
    if (error == 0) {
        answer(call, stored);
    } else if (error == -EEXIST) {
        api_call_refuse_with(call, WIRE_CODE_CONFLICT, "chunk", "other_content",
                             "this chunk number was used with other content");
    } else if (error == -EBUSY) {
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "campaign_id", "state",
                             "recipients are added before Submit only");
    } else if (error == -ENOTUNIQ) {
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "recipients", "duplicate",
                             "some stand in this campaign already and duplicates is REFUSE");
    } else {
        api_call_refuse_error(call, error);
    }
}

static void store_result(struct addition *addition)
{
    struct api_call *call = addition->call;
    Hikyaku__V1__AddRecipientsResponse response;
    hikyaku__v1__add_recipients_response__init(&response);
    fill_rejected(call, addition->result, &response);
    size_t size = protobuf_c_message_get_packed_size(&response.base);
    char *packed = arena_alloc(call->arena, size + 1);
    (void)protobuf_c_message_pack(&response.base, (uint8_t *)packed);
    struct store_chunk chunk;
    api_chunk_fill(addition->settings, addition->result, call->arena, &chunk);
    chunk.answer = (struct text){packed, size};
    store_campaign_add_chunk(call->api->settings.store, &chunk, on_added, addition);
}

static void work(void *context)
{
    struct addition *addition = context;
    addition->error = intake_chunk(addition->intake, addition->settings,
                                   (const void *)addition->call->request, &addition->result);
    if (addition->error == 0) {
        addition->error = intake_seal(addition->intake, addition->settings, addition->result);
    }
}

static void on_worked(void *context)
{
    struct addition *addition = context;
    struct api_call *call = addition->call;
    api_give_intake(call->api, &addition->intake);
    int error = addition->error;
    if (error == -EINVAL || error == -EEXIST) {
        struct intake_result *result = addition->result;
        addition->result = NULL;
        finish(addition);
        refuse_rows(call, result, error); /* `addition` is gone with the call */
        intake_result_destroy(&result);
    } else if (error != 0) {
        finish(addition);
        api_call_refuse_error(call, error);
    } else {
        store_result(addition);
    }
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct addition *addition = context;
    struct api_call *call = addition->call;
    struct problem problem;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    addition->campaign = campaign;
    addition->settings = catalog_intake_settings(campaign, &problem);
    if (addition->settings == NULL || campaign->is_container) {
        catalog_release(&addition->campaign);
        api_call_refuse_error(call, -ENOENT);
        return;
    }
    addition->intake = api_take_intake(call->api);
    loop_run_in_pool(call->api->settings.loop, work, on_worked, addition);
}

void api_recipients_handle(struct api_call *call)
{
    const Hikyaku__V1__AddRecipientsRequest *request = (const void *)call->request;
    unsigned char id[16];
    if (api_view_parse_id(request->campaign_id, id) != 0) {
        api_call_refuse_error(call, -ENOENT);
        return;
    }
    struct addition *addition = arena_zero(call->arena, 1, sizeof *addition);
    addition->call = call;
    catalog_load(call->api->settings.catalog, id, on_loaded, addition);
}
