#include "coordinator/unsubscribe/unsubscribe.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/net/http_server.h"
#include "common/security/identity.h"
#include "common/security/unsubscribe_token.h"
#include "common/store/store_unsubscribe.h"
#include "coordinator/access/access_lockout.h"
#include "coordinator/unsubscribe/unsubscribe_form.h"
#include "coordinator/unsubscribe/unsubscribe_page.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define BODIES_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define TIMEOUT_S 20
#define TICK_MS 1000
#define SOURCE_BYTES 64

/* A POST on its way: first the list, then the event. */
struct task {
    struct unsubscribe *unsubscribe;
    struct http_request *request; /* NULL once answered */
    struct unsubscribe_token_content content;
    struct unsubscribe_form form;
    char source[SOURCE_BYTES];
    bool is_english;
    uint64_t since_ms;
    struct task *prev;
    struct task *next;
};

struct unsubscribe {
    struct unsubscribe_settings settings;
    struct http_server *server;
    struct access_lockout *lockout; /* of who shows forged links */
    struct loop_timer *tick;
    struct task *tasks;
    bool is_stopped;
    char policy[UNSUBSCRIBE_PAGE_POLICY_BYTES];
};

/* What an answer is; one row each makes its status, page and count. */
enum result {
    RESULT_PAGE,
    RESULT_DONE,
    RESULT_FORGED,
    RESULT_LIMITED,
    RESULT_BAD_FORM,
    RESULT_BAD_TYPE,
    RESULT_METHOD,
    RESULT_LATER,
};

static const struct {
    const char *name;
    unsigned int status;
    enum unsubscribe_page page;
    const char *header; /* with its value; NULL: none */
    const char *value;
} results[] = {
    [RESULT_PAGE] = {"page", 200, UNSUBSCRIBE_PAGE_CONFIRM, NULL, NULL},
    [RESULT_DONE] = {"done", 200, UNSUBSCRIBE_PAGE_DONE, NULL, NULL},
    [RESULT_FORGED] = {"forged", 404, UNSUBSCRIBE_PAGE_NO_LINK, NULL, NULL},
    [RESULT_LIMITED] = {"limited", 429, UNSUBSCRIBE_PAGE_LATER, "Retry-After",
                        UNSUBSCRIBE_RETRY_AFTER_S},
    [RESULT_BAD_FORM] = {"bad_form", 400, UNSUBSCRIBE_PAGE_BAD_FORM, NULL, NULL},
    [RESULT_BAD_TYPE] = {"bad_form", 415, UNSUBSCRIBE_PAGE_BAD_FORM, "Accept-Post",
                         "application/x-www-form-urlencoded, multipart/form-data"},
    [RESULT_METHOD] = {"method", 405, UNSUBSCRIBE_PAGE_BAD_FORM, "Allow", "GET, HEAD, POST"},
    [RESULT_LATER] = {"later", 503, UNSUBSCRIBE_PAGE_LATER, "Retry-After",
                      UNSUBSCRIBE_RETRY_AFTER_S},
};

/* ------------------------------------------------------------------ answers */

static void count(const char *result)
{
    metrics_add(metrics_counter("hikyaku_unsubscribe_answers_total",
                                "Answers to unsubscribe links, by what became of them.", "result",
                                text_of(result)),
                1);
}

/* U4: no redirect, no cookie; nobody keeps a page. */
static void respond(const struct unsubscribe *unsubscribe, struct http_request **request,
                    enum result result, const char *type, struct text body)
{
    const char *const headers[] = {"Cache-Control",
                                   "no-store",
                                   "Content-Security-Policy",
                                   unsubscribe->policy,
                                   "Referrer-Policy",
                                   "no-referrer",
                                   "X-Content-Type-Options",
                                   "nosniff",
                                   results[result].header,
                                   results[result].value,
                                   NULL};
    count(results[result].name);
    http_server_respond(request, &(struct http_answer){.status = results[result].status,
                                                       .content_type = type,
                                                       .body = body,
                                                       .headers = headers});
}

static void show(const struct unsubscribe *unsubscribe, struct http_request *request,
                 enum result result, struct text stream)
{
    OWNED(buffer_finish) struct buffer page = {0};
    bool is_english = unsubscribe_page_is_english(http_request_header(request, "Accept-Language"));
    unsubscribe_page_append(&page, results[result].page, stream, is_english);
    respond(unsubscribe, &request, result, "text/html; charset=utf-8", buffer_text(&page));
}

static void refuse(const struct unsubscribe *unsubscribe, struct http_request *request,
                   enum result result)
{
    show(unsubscribe, request, result, TEXT(""));
}

/* The request of a task; a provider reads the status, a person the page. */
static void answer(struct task *task, enum result result)
{
    OWNED(buffer_finish) struct buffer page = {0};
    enum unsubscribe_page shown = results[result].page;
    if (task->request == NULL) {
        return;
    }
    if (shown == UNSUBSCRIBE_PAGE_DONE && task->form.is_of_all) {
        shown = UNSUBSCRIBE_PAGE_DONE_ALL;
    }
    unsubscribe_page_append(&page, shown, task->content.list.stream, task->is_english);
    http_request_set_data(task->request, NULL);
    respond(task->unsubscribe, &task->request, result, "text/html; charset=utf-8",
            buffer_text(&page));
}

static void end_task(struct task *task, enum result result)
{
    answer(task, result);
    DL_DELETE(task->unsubscribe->tasks, task);
    free(task);
}

/* ------------------------------------------------------------------ the audit log */

/* Behind a proxy the last address that it added; one that is none is the proxy's own fault. */
static void take_source(const struct unsubscribe *unsubscribe, const struct http_request *request,
                        char ret_source[SOURCE_BYTES])
{
    struct text source = TEXT("");
    if (unsubscribe->settings.is_behind_proxy) {
        struct text rest = http_request_header(request, "X-Forwarded-For");
        struct text part;
        while (rest.data != NULL && text_next_part(&rest, ',', &part)) {
            source = text_trim(part);
        }
    }
    bool is_address = source.size > 0 && source.size < SOURCE_BYTES;
    for (size_t i = 0; i < source.size && is_address; i++) {
        char c = source.data[i];
        is_address = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
                     c == '.' || c == ':';
    }
    if (!is_address) {
        source = text_of(http_request_peer(request));
    }
    (void)snprintf(ret_source, SOURCE_BYTES, "%.*s", TEXT_PRINT(source));
}

static const char *why_of(const struct task *task)
{
    if (task->form.is_of_all) {
        return "page-all";
    }
    return task->form.is_page ? "page" : "one-click";
}

static void audit_done(const struct task *task)
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    OWNED(buffer_finish) struct buffer target = {0};
    identity_campaign_to_text(task->content.list.campaign, id);
    buffer_printf(&target, "campaign_id=%s index=%u", id,
                  (unsigned int)task->content.recipient.index);
    const struct audit_entry entry = {.at_unix_ms = clock_unix_ms(),
                                      .tenant = task->content.list.tenant,
                                      .source = text_of(task->source),
                                      .call = TEXT("unsubscribe"),
                                      .target = buffer_text(&target),
                                      .reason = text_of(why_of(task)),
                                      .result = TEXT("ok")};
    audit_write(task->unsubscribe->settings.audit, &entry, NULL, NULL);
}

/* Who shows many of them waits; links that are good are never held up. */
static void refuse_forged(struct unsubscribe *unsubscribe, struct http_request *request, int error)
{
    char source[SOURCE_BYTES];
    uint64_t now_ms = loop_now_ms(unsubscribe->settings.loop);
    take_source(unsubscribe, request, source);
    bool is_limited = access_lockout_wait_ms(unsubscribe->lockout, text_of(source), now_ms) > 0;
    if (!is_limited) {
        (void)access_lockout_fail(unsubscribe->lockout, text_of(source), now_ms);
    }
    const struct audit_entry entry = {.at_unix_ms = clock_unix_ms(),
                                      .source = text_of(source),
                                      .call = TEXT("unsubscribe.refused"),
                                      .result = TEXT("not_found"),
                                      .rule = error == -ENOKEY ? TEXT("token_key")
                                                               : TEXT("token_forged")};
    audit_sum(unsubscribe->settings.audit, &entry);
    refuse(unsubscribe, request, is_limited ? RESULT_LIMITED : RESULT_FORGED);
}

/* ------------------------------------------------------------------ the way of a POST */

static void on_told(void *context, int error, bool is_new)
{
    struct task *task = context;
    if (error == 0 && is_new) {
        audit_done(task);
        metrics_add(metrics_counter("hikyaku_unsubscribed_total", "Recipients that unsubscribed.",
                                    "how", text_of(why_of(task))),
                    1);
    }
    end_task(task, error == 0 ? RESULT_DONE : RESULT_LATER);
}

static void on_suppressed(void *context, int error, enum store_suppression_status status)
{
    struct task *task = context;
    (void)status; /* it stands there, now or before */
    if (error != 0) {
        if (error != -EAGAIN && error != -ECONNRESET && error != -ECANCELED) {
            LOG(LOG_UNSUBSCRIBE_FAILED, NULL, log_number("error", -error));
        }
        end_task(task, RESULT_LATER);
        return;
    }
    const struct unsubscribe_token_content *content = &task->content;
    struct store_unsubscribe told = {.tenant = content->list.tenant,
                                     .name = {.number = content->recipient.batch},
                                     .position = content->recipient.position,
                                     .index = content->recipient.index,
                                     .is_of_all = task->form.is_of_all,
                                     .why = text_of(why_of(task))};
    memcpy(told.name.campaign, content->list.campaign, sizeof told.name.campaign);
    store_unsubscribe_tell(task->unsubscribe->settings.store, &told, on_told, task);
}

/* The list first: should the event fail, the person is left alone all the same, and whoever asked
 * asks again (U6). */
static void begin_task(struct task *task)
{
    const struct unsubscribe_token_content *content = &task->content;
    struct suppression_entry entry = {
        .tenant = content->list.tenant,
        .stream = task->form.is_of_all ? TEXT(STORE_SUPPRESSION_ALL) : content->list.stream,
        .reason = SUPPRESSION_UNSUBSCRIBE,
        .source = SUPPRESSION_BY_RECIPIENT,
        .actor = text_of(why_of(task)),
    };
    memcpy(entry.hash, content->recipient.hash, sizeof entry.hash);
    suppression_add(task->unsubscribe->settings.suppression, &entry, on_suppressed, task);
}

static void take_post(struct unsubscribe *unsubscribe, struct http_request *request,
                      struct task *task)
{
    int error = unsubscribe_form_read(http_request_header(request, "Content-Type"),
                                      http_request_body(request), &task->form);
    bool is_closed = unsubscribe->is_stopped ||
                     unsubscribe->settings.is_closed(unsubscribe->settings.context) ||
                     !store_is_ready(unsubscribe->settings.store);
    enum result refusal = error == -EPROTONOSUPPORT                ? RESULT_BAD_TYPE
                          : error != 0 || !task->form.is_one_click ? RESULT_BAD_FORM
                          : is_closed                              ? RESULT_LATER
                                                                   : RESULT_DONE;
    if (refusal != RESULT_DONE) {
        free(task);
        refuse(unsubscribe, request, refusal);
        return;
    }
    task->unsubscribe = unsubscribe;
    task->request = request;
    task->since_ms = loop_now_ms(unsubscribe->settings.loop);
    task->is_english = unsubscribe_page_is_english(http_request_header(request, "Accept-Language"));
    take_source(unsubscribe, request, task->source);
    http_request_set_data(request, task);
    DL_APPEND(unsubscribe->tasks, task);
    begin_task(task);
}

/* ------------------------------------------------------------------ requests */

static bool is_post(const struct http_request *request)
{
    return text_equal(http_request_method(request), TEXT("POST"));
}

static void on_head(void *context, struct http_request *request)
{
    struct text method = http_request_method(request);
    if (!is_post(request) && !text_equal(method, TEXT("GET")) &&
        !text_equal(method, TEXT("HEAD"))) {
        refuse(context, request, RESULT_METHOD);
    }
}

/* Whatever a proxy puts in front: the token is the last part of the path. */
static struct text token_of(const struct http_request *request)
{
    struct text path = http_request_path(request);
    size_t start = path.size;
    while (start > 0 && path.data[start - 1] != '/') {
        start--;
    }
    return text_skip(path, start);
}

static void on_request(void *context, struct http_request *request)
{
    struct unsubscribe *unsubscribe = context;
    struct task *task = xalloc_zero(1, sizeof *task);
    int error = unsubscribe_token_verify(token_of(request), key_directory_token_key,
                                         unsubscribe->settings.keys, &task->content);
    if (error == 0 && is_post(request)) {
        take_post(unsubscribe, request, task);
        return;
    }
    if (error == 0) {
        show(unsubscribe, request, RESULT_PAGE, task->content.list.stream);
    } else {
        refuse_forged(unsubscribe, request, error);
    }
    free(task);
}

static void on_gone(void *context, struct http_request *request)
{
    struct task *task = http_request_data(request);
    (void)context;
    if (task != NULL) {
        answer(task, RESULT_LATER); /* to nobody; what is under way goes on */
    }
}

static void on_tick(void *context)
{
    struct unsubscribe *unsubscribe = context;
    struct task *task = NULL;
    uint64_t now_ms = loop_now_ms(unsubscribe->settings.loop);
    DL_FOREACH(unsubscribe->tasks, task)
    {
        if (now_ms - task->since_ms >= UNSUBSCRIBE_PATIENCE_MS) {
            answer(task, RESULT_LATER);
        }
    }
}

/* ------------------------------------------------------------------ opening and closing */

int unsubscribe_open(const struct unsubscribe_settings *settings,
                     struct unsubscribe **ret_unsubscribe, struct problem *problem)
{
    struct unsubscribe *unsubscribe = xalloc_zero(1, sizeof *unsubscribe);
    unsubscribe->settings = *settings;
    unsubscribe_page_policy(unsubscribe->policy);
    int error = http_server_open(
        settings->loop,
        &(struct http_server_settings){
            .endpoint = settings->endpoint,
            .certificate_file = settings->certificate_file,
            .key_file = settings->key_file,
            .body_bytes_max = UNSUBSCRIBE_BODY_BYTES_MAX,
            .bodies_bytes_max = BODIES_BYTES_MAX,
            .connections = settings->connections,
            .connections_of_one = settings->is_behind_proxy ? 0 : UNSUBSCRIBE_CONNECTIONS_OF_ONE,
            .timeout_s = TIMEOUT_S,
            .on_head = on_head,
            .on_request = on_request,
            .on_gone = on_gone,
            .context = unsubscribe,
        },
        &unsubscribe->server, problem);
    if (error != 0) {
        free(unsubscribe);
        return error;
    }
    unsubscribe->lockout = access_lockout_create();
    unsubscribe->tick = loop_timer_create(settings->loop, on_tick, unsubscribe);
    loop_timer_start(unsubscribe->tick, TICK_MS, TICK_MS);
    *ret_unsubscribe = unsubscribe;
    return 0;
}

void unsubscribe_stop(struct unsubscribe *unsubscribe)
{
    unsubscribe->is_stopped = true;
}

void unsubscribe_close(struct unsubscribe **unsubscribe)
{
    struct unsubscribe *closing = *unsubscribe;
    *unsubscribe = NULL;
    if (closing == NULL) {
        return;
    }
    assert(closing->tasks == NULL);
    http_server_close(&closing->server);
    loop_timer_destroy(&closing->tick);
    access_lockout_destroy(&closing->lockout);
    free(closing);
}

int unsubscribe_renew(struct unsubscribe *unsubscribe, const char *certificate_file,
                      const char *key_file, struct problem *problem)
{
    bool has_tls = unsubscribe->settings.certificate_file != NULL;
    return has_tls ? http_server_renew(unsubscribe->server, certificate_file, key_file, problem)
                   : 0;
}

void unsubscribe_set_gauges(const struct unsubscribe *unsubscribe)
{
    if (unsubscribe->settings.certificate_file != NULL) {
        metrics_set(metrics_gauge("hikyaku_unsubscribe_certificate_expires_seconds",
                                  "Unix time when the certificate of unsubscribe links ends.", NULL,
                                  TEXT("")),
                    http_server_expires_unix_s(unsubscribe->server));
    }
}
