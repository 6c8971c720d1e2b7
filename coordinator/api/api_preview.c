#include "common/base/clock.h"
#include "common/mail/compose_show.h"
#include "common/mail/fields.h"
#include "common/mail/unsubscribe_link.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_settle.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"

#include <errno.h>

/* In place of tokens: these verify for nobody. */
#define PREVIEW_TOKEN "m.preview-this-token-does-not-verify"
#define PREVIEW_LINK_TOKEN "preview-this-token-does-not-verify"

/* PreviewMessage: compose for one recipient what a campaign, or a draft of one, would send. */
struct preview {
    struct api_call *call;
    struct catalog_campaign *campaign; /* a reference; NULL for a draft */
    const Hikyaku__V1__CreateCampaignRequest *settings;
    const char *sender_id;
    const char *unsubscribe_url; /* HIKYAKU */
};

static void refuse_problem(struct api_call *call, const struct problem *problem)
{
    problem_list_add(api_call_problems(call), problem);
    api_call_refuse(call, WIRE_CODE_INVALID_ARGUMENT);
}

static struct compose_header *headers_of(struct api_call *call,
                                         const Hikyaku__V1__Recipient *recipient)
{
    struct compose_header *headers = arena_zero(call->arena, recipient->n_headers, sizeof *headers);
    for (size_t i = 0; i < recipient->n_headers; i++) {
        headers[i] = (struct compose_header){text_of(recipient->headers[i]->name),
                                             text_of(recipient->headers[i]->value)};
    }
    return headers;
}

static struct text link_of(const struct preview *preview, struct arena *arena)
{
    const Hikyaku__V1__Content *content = preview->settings->content;
    const Hikyaku__V1__Unsubscribe *unsubscribe = content->unsubscribe;
    if (!unsubscribe_link_is_there(content)) {
        return TEXT("");
    }
    bool is_ours = unsubscribe->mode == HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU;
    return unsubscribe_link_make(unsubscribe->mode,
                                 text_of(is_ours ? preview->unsubscribe_url : unsubscribe->url),
                                 TEXT(PREVIEW_LINK_TOKEN), arena);
}

/* @return 0, or an error with a problem */
static int compose(const struct preview *preview, const struct compose_prepared *prepared,
                   const struct fields_value *fields, Hikyaku__V1__PreviewMessageResponse *response,
                   struct composed *message, struct problem *problem)
{
    struct api_call *call = preview->call;
    const Hikyaku__V1__PreviewMessageRequest *request = (const void *)call->request;
    const Hikyaku__V1__Recipient *recipient = request->recipient;
    const Hikyaku__V1__Unsubscribe *unsubscribe = preview->settings->content->unsubscribe;
    struct address address;
    int error = address_parse(text_of(recipient->address), NULL, call->arena, &address, problem);
    if (error != 0) {
        problem_prefix(problem, "recipient.address");
        return error;
    }
    struct text domain = compose_from_domain(prepared);
    struct compose_recipient one = {
        .address = &address,
        .display_name = text_of(recipient->display_name),
        .fields = fields,
        .lang = text_of(recipient->lang),
        .headers = headers_of(call, recipient),
        .header_count = recipient->n_headers,
        .message_id = text_of(arena_printf(call->arena, PREVIEW_TOKEN "@%.*s", TEXT_PRINT(domain))),
        .date_unix_s = clock_unix_ms() / 1000,
        .unsubscribe_url = link_of(preview, call->arena),
        .unsubscribe_mailto = text_of(unsubscribe->mailto),
    };
    struct compose_scratch *scratch = compose_scratch_create();
    struct compose_shown shown;
    error = compose_message(prepared, &one, scratch, message, problem);
    error = error == 0 ? compose_show(prepared, &one, scratch, &shown, problem) : error;
    if (error == 0) {
        response->subject = api_call_string(call, shown.subject);
        response->text = api_call_string(call, shown.text);
        response->html = api_call_string(call, shown.html);
    } else {
        problem_prefix(problem, "recipient");
    }
    compose_scratch_destroy(&scratch);
    return error;
}

static void answer(const struct preview *preview, const struct compose_prepared *prepared)
{
    struct api_call *call = preview->call;
    const Hikyaku__V1__PreviewMessageRequest *request = (const void *)call->request;
    const struct fields_value *fields = NULL;
    struct composed message = {NULL, 0, 0, false, {NULL, 0, 0}, 0};
    struct problem problem;
    Hikyaku__V1__PreviewMessageResponse response;
    hikyaku__v1__preview_message_response__init(&response);
    int error = fields_parse(text_of(request->recipient->fields), &fields_limits_recipient,
                             call->arena, &fields, &problem);
    if (error != 0) {
        problem_prefix(&problem, "recipient.fields");
    } else {
        error = compose(preview, prepared, fields, &response, &message, &problem);
    }
    if (error != 0) {
        compose_finish(&message);
        refuse_problem(call, &problem);
        return;
    }
    struct buffer whole = {NULL, 0, 0};
    compose_flatten(&message, &whole);
    response.message.data = (uint8_t *)whole.data;
    response.message.len = whole.size;
    api_settle_warn(call, preview->settings, &response.warnings, &response.n_warnings);
    api_call_answer(call, &response.base);
    buffer_finish(&whole);
    compose_finish(&message);
}

static void show(struct preview *preview)
{
    struct api_call *call = preview->call;
    struct compose_prepared *prepared = NULL;
    struct problem problem;
    if (intake_settings_prepare(preview->settings->content, preview->sender_id,
                                call->api->settings.limits, &prepared, &problem) != 0) {
        refuse_problem(call, &problem);
    } else {
        answer(preview, prepared);
    }
    compose_destroy(&prepared);
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct preview *preview = context;
    if (error != 0) {
        api_call_refuse_error(preview->call, error);
        return;
    }
    preview->settings = campaign->stored->settings;
    preview->sender_id = campaign->stored->feedback_sender_id;
    preview->unsubscribe_url = campaign->stored->unsubscribe_url;
    show(preview);
    catalog_release(&campaign);
}

static void show_draft(struct preview *preview, const Hikyaku__V1__CreateCampaignRequest *draft)
{
    struct api_call *call = preview->call;
    const struct tenant *tenant = api_call_tenant(call);
    struct text domain;
    Hikyaku__V1__CreateCampaignRequest *effective =
        wire_effective_campaign(draft, &tenant->limits, &tenant->defaults, call->arena);
    if (api_settle_check(call, effective, &domain) != 0) {
        api_call_refuse(call, WIRE_CODE_INVALID_ARGUMENT);
        return;
    }
    preview->settings = effective;
    preview->sender_id = tenant->feedback_sender_id;
    preview->unsubscribe_url = tenant->unsubscribe_url;
    show(preview);
}

void api_preview_handle(struct api_call *call)
{
    const Hikyaku__V1__PreviewMessageRequest *request = (const void *)call->request;
    struct preview *preview = arena_zero(call->arena, 1, sizeof *preview);
    preview->call = call;
    unsigned char id[16];
    if (request->recipient == NULL) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "recipient", "required",
                             "must be set");
    } else if (request->source_case == HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__SOURCE_DRAFT) {
        show_draft(preview, request->draft);
    } else if (api_view_parse_id(request->campaign_id, id) != 0) {
        api_call_refuse_error(call, -ENOENT);
    } else {
        catalog_load(call->api->settings.catalog, id, on_loaded, preview);
    }
}
