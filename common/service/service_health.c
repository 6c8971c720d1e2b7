#include "common/service/service_health.h"

#include "common/base/metrics.h"
#include "common/net/http_server.h"

#include <stdlib.h>

#define BODY_BYTES_MAX 1024

struct service_health {
    struct service_health_settings settings;
    struct http_server *server;
};

static void answer(struct http_request *request, unsigned int status, struct text body)
{
    const struct http_answer answer = {
        .status = status, .content_type = "text/plain; charset=utf-8", .body = body};
    http_server_respond(&request, &answer);
}

static void answer_metrics(struct service_health *health, struct http_request *request)
{
    if (health->settings.set_gauges != NULL) {
        health->settings.set_gauges(health->settings.context);
    }
    struct buffer body = {.data = NULL};
    metrics_render(&body);
    const struct http_answer answer = {.status = 200,
                                       .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                       .body = buffer_text(&body)};
    http_server_respond(&request, &answer);
    buffer_finish(&body);
}

static void answer_ready(struct service_health *health, struct http_request *request)
{
    const char *reason = health->settings.why_not_ready(health->settings.context);
    service_health_not_ready_fn *find_note = health->settings.note;
    const char *note = find_note == NULL ? NULL : find_note(health->settings.context);
    struct buffer body = {.data = NULL};
    if (reason == NULL) {
        buffer_append_text(&body, TEXT("ready\n"));
    } else {
        buffer_printf(&body, "not ready: %s\n", reason);
    }
    if (note != NULL) {
        buffer_printf(&body, "%s\n", note);
    }
    answer(request, reason == NULL ? 200 : 503, buffer_text(&body));
    buffer_finish(&body);
}

static void on_request(void *context, struct http_request *request)
{
    struct service_health *health = context;
    struct text path = http_request_path(request);
    if (!text_equal(http_request_method(request), TEXT("GET"))) {
        answer(request, 405, TEXT("only GET\n"));
    } else if (text_equal(path, TEXT("/metrics"))) {
        answer_metrics(health, request);
    } else if (text_equal(path, TEXT("/healthz"))) {
        answer(request, 200, TEXT("ok\n"));
    } else if (text_equal(path, TEXT("/readyz"))) {
        answer_ready(health, request);
    } else {
        answer(request, 404, TEXT("there are /metrics, /healthz and /readyz\n"));
    }
}

int service_health_open(const struct service_health_settings *settings,
                        struct service_health **ret_health, struct problem *problem)
{
    struct service_health *health = xalloc_zero(1, sizeof *health);
    health->settings = *settings;
    const struct http_server_settings server = {.endpoint = settings->endpoint,
                                                .body_bytes_max = BODY_BYTES_MAX,
                                                .on_request = on_request,
                                                .context = health};
    int error = http_server_open(settings->loop, &server, &health->server, problem);
    if (error != 0) {
        free(health);
        return error;
    }
    *ret_health = health;
    return 0;
}

void service_health_close(struct service_health **health)
{
    if (*health == NULL) {
        return;
    }
    http_server_close(&(*health)->server);
    free(*health);
    *health = NULL;
}

uint16_t service_health_port(const struct service_health *health)
{
    return http_server_port(health->server);
}
