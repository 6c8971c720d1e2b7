/* Why, Forecast, Trace. */
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"
#include "coordinator/explain/explain.h"

#include <errno.h>

static void on_answer(void *context, int error, const ProtobufCMessage *answer)
{
    struct api_call *call = context;
    if (error == -ENODATA) {
        api_call_refuse_with(call, WIRE_CODE_NOT_FOUND, "index", "index",
                             "the campaign has no such recipient: it was rejected, was never "
                             "given, or its row has left the store");
    } else if (error != 0) {
        api_call_refuse_error(call, error);
    } else {
        api_call_answer(call, answer);
    }
}

/* @return false: the call has been refused */
static bool begin(struct api_call *call, const char *campaign, struct explain_question *question)
{
    *question = (struct explain_question){.tenant = call->tenant, .arena = call->arena};
    if (api_view_parse_id(campaign, question->campaign) != 0) {
        api_call_refuse_error(call, -ENOENT);
        return false;
    }
    return true;
}

void api_why_handle(struct api_call *call)
{
    const Hikyaku__V1__WhyRequest *request = (const void *)call->request;
    struct explain_question question;
    if (begin(call, request->campaign_id, &question)) {
        question.has_index = request->who_case == HIKYAKU__V1__WHY_REQUEST__WHO_INDEX;
        question.index = question.has_index ? request->index : 0;
        explain_why(call->api->settings.explain, &question, on_answer, call);
    }
}

void api_why_handle_forecast(struct api_call *call)
{
    const Hikyaku__V1__ForecastRequest *request = (const void *)call->request;
    struct explain_question question;
    if (begin(call, request->campaign_id, &question)) {
        explain_forecast(call->api->settings.explain, &question, on_answer, call);
    }
}

void api_why_handle_trace(struct api_call *call)
{
    const Hikyaku__V1__TraceRequest *request = (const void *)call->request;
    struct explain_question question;
    if (begin(call, request->campaign_id, &question)) {
        question.has_index = true;
        question.index = request->index;
        explain_trace(call->api->settings.explain, &question, on_answer, call);
    }
}
