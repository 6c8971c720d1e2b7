#include "coordinator/api/api_http.h"

#include "common/base/clock.h"
#include "common/base/metrics.h"
#include "coordinator/api/api_audit.h"
#include "coordinator/api/api_dispatch.h"
#include "coordinator/api/api_state.h"

#include <stdio.h>
#include <stdlib.h>

#define PROTO_TYPE "application/proto"

/* A call and its request, until it is answered. */
struct exchange {
    struct http_request *request; /* borrowed until answered */
    struct api_call *call;        /* NULL once answered */
    const char *method;
    uint64_t started_us;
};

static void respond_error(struct http_request *request, const struct wire_error *error)
{
    struct buffer json = {NULL, 0, 0};
    wire_error_append_json(error, &json);
    char seconds[16];
    (void)snprintf(seconds, sizeof seconds, "%u", (error->retry_after_ms + 999) / 1000);
    const char *headers[] = {"Retry-After", seconds, NULL};
    http_server_respond(&request, &(struct http_answer){
                                      .status = wire_error_http_status(error->code),
                                      .content_type = "application/json",
                                      .body = buffer_text(&json),
                                      .headers = error->retry_after_ms > 0 ? headers : NULL,
                                  });
    buffer_finish(&json);
}

static void refuse(struct http_request *request, enum wire_code code, const char *field,
                   const char *rule, const char *message)
{
    struct problem problem;
    problem_set(&problem, field, rule, "%s", message);
    respond_error(request,
                  &(struct wire_error){.code = code, .problems = &problem, .problem_count = 1});
}

/* @return false when the request was answered */
static bool admit(struct http_request *request, struct api *api, struct access_caller *ret_caller)
{
    uint64_t wait_ms = 0;
    const struct access_showing showing = {.authorization =
                                               http_request_header(request, "Authorization"),
                                           .source = http_request_peer(request)};
    enum access_verdict verdict =
        access_admit(api->settings.access, &showing, ret_caller, &wait_ms);
    if (verdict == ACCESS_ADMITTED) {
        return true;
    }
    api_audit_refused(api, &showing, verdict);
    struct problem problem;
    problem_set(&problem, "", access_verdict_word(verdict), "%s", access_verdict_text(verdict));
    enum wire_code code = verdict == ACCESS_LOCKED     ? WIRE_CODE_RESOURCE_EXHAUSTED
                          : verdict == ACCESS_NOT_READ ? WIRE_CODE_UNAVAILABLE
                                                       : WIRE_CODE_UNAUTHENTICATED;
    respond_error(request, &(struct wire_error){.code = code,
                                                .problems = &problem,
                                                .problem_count = 1,
                                                .retry_after_ms = (uint32_t)wait_ms});
    return false;
}

static void count(const char *method, const char *word, uint64_t started_us)
{
    metrics_observe_ms(metrics_histogram("hikyaku_api_call_seconds", "Time to answer a call.",
                                         "method", text_of(method)),
                       (clock_monotonic_us() - started_us) / 1000);
    metrics_add(metrics_counter("hikyaku_api_answers_total", "Calls answered, by code.", "code",
                                text_of(word)),
                1);
}

static void on_done(void *context, const struct wire_error *error, struct text body)
{
    struct exchange *exchange = context;
    struct http_request *request = exchange->request;
    http_request_set_data(request, NULL);
    count(exchange->method, error != NULL ? wire_error_word(error->code) : "ok",
          exchange->started_us);
    free(exchange);
    if (error != NULL) {
        respond_error(request, error);
        return;
    }
    http_server_respond(
        &request, &(struct http_answer){.status = 200, .content_type = PROTO_TYPE, .body = body});
}

/* @return false when the request was answered: it is no call of ours */
static bool check_form(const struct api_listener *listener, struct http_request *request)
{
    if (!text_equal(http_request_method(request), TEXT("POST"))) {
        http_server_respond(
            &request, &(struct http_answer){.status = 405,
                                            .content_type = "text/plain",
                                            .body = TEXT("calls are POST requests\n"),
                                            .headers = (const char *[]){"Allow", "POST", NULL}});
        return false;
    }
    struct text type = http_request_header(request, "Content-Type");
    if (!text_equal_nocase(type, TEXT(PROTO_TYPE))) {
        http_server_respond(&request,
                            &(struct http_answer){
                                .status = 415,
                                .content_type = "text/plain",
                                .body = TEXT("bodies are " PROTO_TYPE "\n"),
                                .headers = (const char *[]){"Accept-Post", PROTO_TYPE, NULL},
                            });
        return false;
    }
    if (!listener->is_tls && !http_request_is_loopback(request)) {
        refuse(request, WIRE_CODE_UNAUTHENTICATED, "", "plaintext",
               "a key over plain TCP is refused off loopback: configure api.certificate_file");
        return false;
    }
    struct access_caller caller;
    return admit(request, listener->api, &caller);
}

/* Connect-Timeout-Ms: at most 10 digits. @return false when the request was answered */
static bool take_timeout(struct http_request *request, uint32_t *ret_ms)
{
    struct text header = http_request_header(request, "Connect-Timeout-Ms");
    uint64_t ms = 0;
    if (header.data != NULL && text_to_u64(header, 9999999999, &ms) != 0) {
        refuse(request, WIRE_CODE_INVALID_ARGUMENT, "Connect-Timeout-Ms", "connect_timeout",
               "must be a number of at most 10 digits");
        return false;
    }
    *ret_ms = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
    return true;
}

void api_http_on_head(void *context, struct http_request *request)
{
    (void)check_form(context, request);
}

void api_http_on_request(void *context, struct http_request *request)
{
    struct api_listener *listener = context;
    uint32_t timeout_ms = 0;
    if (!take_timeout(request, &timeout_ms)) {
        return;
    }
    struct text version = http_request_header(request, "Connect-Protocol-Version");
    if (version.data != NULL && !text_equal(version, TEXT("1"))) {
        refuse(request, WIRE_CODE_INVALID_ARGUMENT, "Connect-Protocol-Version", "connect_version",
               "must be 1");
        return;
    }
    if (listener->api->is_closing) {
        refuse(request, WIRE_CODE_UNAVAILABLE, "", "stopping",
               "this coordinator is stopping: repeat the call");
        return;
    }
    const struct api_dispatch_method *method = api_dispatch_find(http_request_path(request));
    if (method == NULL) {
        refuse(request, WIRE_CODE_UNIMPLEMENTED, "", "method",
               "there is no such method; docs/api.md lists them");
        return;
    }
    struct access_caller caller;
    if (!admit(request, listener->api, &caller)) {
        return;
    }
    struct exchange *exchange = xalloc_zero(1, sizeof *exchange);
    exchange->request = request;
    exchange->method = method->name;
    exchange->started_us = clock_monotonic_us();
    exchange->call =
        api_call_begin(listener->api, &caller, http_request_peer(request), on_done, exchange);
    exchange->call->name =
        arena_printf(exchange->call->arena, "%s/%s", method->service, method->name);
    exchange->call->wait_limit_ms = timeout_ms;
    exchange->call->otp =
        arena_text(exchange->call->arena, text_trim(http_request_header(request, "Hikyaku-OTP")));
    http_request_set_data(request, exchange);
    api_dispatch_run(exchange->call, method, http_request_body(request));
}

void api_http_on_gone(void *context, struct http_request *request)
{
    (void)context;
    struct exchange *exchange = http_request_data(request);
    if (exchange == NULL) {
        return;
    }
    exchange->call->is_gone = true;
    if (exchange->call->on_gone != NULL) {
        exchange->call->on_gone(exchange->call->waiting);
    }
}
