#include "common/base/clock.h"
#include "common/wire/wire_rules.h"
#include "coordinator/api/api_group.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_settle.h"
#include "coordinator/api/api_state.h"

#include <errno.h>

/* SendMessages: identify each message, put those together that share a container, run the groups
 * beside each other, answer in the order of the request. */
struct send {
    struct api_call *call;
    struct intake_identity *identities;
    Hikyaku__V1__MessageResult **results;
    struct api_group **groups;
    size_t group_count;
    size_t running;
    int error;
};

static void answer(struct send *send)
{
    struct api_call *call = send->call;
    const Hikyaku__V1__SendMessagesRequest *request = (const void *)call->request;
    if (send->error != 0) {
        api_call_refuse_error(call, send->error);
        return;
    }
    Hikyaku__V1__SendMessagesResponse response;
    hikyaku__v1__send_messages_response__init(&response);
    response.results = send->results;
    response.n_results = request->n_messages;
    api_call_answer(call, &response.base);
}

/* Messages of groups that went well stand: the caller repeats the call and gets REPLAYED. */
static void on_group_ended(void *context, int error)
{
    struct send *send = context;
    if (error != 0 && send->error == 0) {
        send->error = error;
    }
    if (--send->running == 0) {
        answer(send);
    }
}

static void identify(struct send *send)
{
    struct api_call *call = send->call;
    const Hikyaku__V1__SendMessagesRequest *request = (const void *)call->request;
    send->identities = arena_zero(call->arena, request->n_messages, sizeof *send->identities);
    struct intake *intake = api_take_intake(call->api);
    intake_messages_identify(intake, key_directory_id_key(call->api->settings.keys), call->tenant,
                             request, send->identities);
    api_give_intake(call->api, &intake);
}

/* @return the From of a message: its own or the call's; NULL when there is none */
static Hikyaku__V1__Mailbox *from_of(const Hikyaku__V1__SendMessagesRequest *request,
                                     const Hikyaku__V1__MessageItem *item)
{
    bool has_content = request->what_case == HIKYAKU__V1__SEND_MESSAGES_REQUEST__WHAT_CONTENT;
    if (item->from != NULL) {
        return item->from;
    }
    return has_content ? request->content->from : NULL;
}

static void file_message(struct send *send, uint32_t place)
{
    struct api_call *call = send->call;
    const Hikyaku__V1__SendMessagesRequest *request = (const void *)call->request;
    Hikyaku__V1__Mailbox *from = from_of(request, request->messages[place]);
    struct text domain;
    struct problem problem;
    if (api_settle_from(call, from, &domain, &problem) != 0) {
        api_group_reject(call, send->results[place],
                         HIKYAKU__V1__MESSAGE_STATUS__MESSAGE_STATUS_REJECTED, &problem);
        return;
    }
    unsigned int partition = identity_partition(send->identities[place].key_hash);
    for (size_t i = 0; i < send->group_count; i++) {
        if (api_group_fits(send->groups[i], partition, domain)) {
            api_group_add(send->groups[i], place);
            return;
        }
    }
    struct api_group_batch batch = {
        .call = call,
        .identities = send->identities,
        .results = send->results,
        .on_ended = on_group_ended,
        .context = send,
    };
    struct api_group *group =
        api_group_create(&batch, partition, domain, from, request->n_messages - place);
    api_group_add(group, place);
    send->groups[send->group_count++] = group;
}

/* What holds for the call as a whole. @return 0 or -EINVAL, noted in the call */
static int check_call(struct api_call *call)
{
    const Hikyaku__V1__SendMessagesRequest *request = (const void *)call->request;
    const struct api_settings *settings = &call->api->settings;
    struct problem problem;
    if (wire_rules_schedule(request->scheduled_at_unix_ms, clock_unix_ms(),
                            settings->limits->message_schedule_days, &problem) != 0) {
        problem_list_add(api_call_problems(call), &problem);
    }
    const struct tenant *tenant = api_call_tenant(call);
    Hikyaku__V1__CreateCampaignRequest *effective =
        wire_effective_messages(request, &tenant->limits, &tenant->defaults, NULL, call->arena);
    api_settle_check_messages(call, effective);
    struct store_label *labels = arena_zero(call->arena, request->n_labels + 1, sizeof *labels);
    for (size_t i = 0; i < request->n_labels; i++) {
        labels[i] = (struct store_label){text_of(request->labels[i]->key),
                                         text_of(request->labels[i]->value)};
    }
    int labels_error = api_settle_labels(call, labels, request->n_labels);
    return labels_error != 0 || api_call_problems(call)->count > 0 ? -EINVAL : 0;
}

void api_messages_handle(struct api_call *call)
{
    const Hikyaku__V1__SendMessagesRequest *request = (const void *)call->request;
    if (check_call(call) != 0) {
        api_call_refuse(call, WIRE_CODE_INVALID_ARGUMENT);
        return;
    }
    struct send *send = arena_zero(call->arena, 1, sizeof *send);
    send->call = call;
    identify(send);
    send->results = arena_zero(call->arena, request->n_messages, sizeof(void *));
    send->groups = arena_zero(call->arena, request->n_messages, sizeof(void *));
    for (uint32_t i = 0; i < request->n_messages; i++) {
        send->results[i] = arena_alloc(call->arena, sizeof **send->results);
        hikyaku__v1__message_result__init(send->results[i]);
        file_message(send, i);
    }
    send->running = send->group_count;
    if (send->group_count == 0) {
        answer(send);
        return;
    }
    for (size_t i = 0; i < send->group_count; i++) {
        api_group_run(send->groups[i]);
    }
}
