#include "coordinator/api/api.h"

#include "common/base/metrics.h"
#include "coordinator/api/api_http.h"
#include "coordinator/api/api_state.h"
#include "coordinator/events/event_reader.h"
#include "coordinator/quota/quota.h"
#include "coordinator/tenants/owner_cache.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define BODY_BYTES_MAX ((size_t)8 * 1024 * 1024)

struct api *api_create(const struct api_settings *settings)
{
    struct api *api = xalloc_zero(1, sizeof *api);
    api->settings = *settings;
    api->events = event_reader_create(&(struct event_reader_settings){
        .loop = settings->loop, .store = settings->store, .catalog = settings->catalog});
    api->owners = owner_cache_create();
    api->quota = quota_create(settings->store);
    return api;
}

void api_destroy(struct api **api)
{
    if (*api == NULL) {
        return;
    }
    struct api *closing = *api;
    closing->is_closing = true;
    closing->is_destroyed = true;
    /* Answering needs the requests: servers close last. */
    event_reader_destroy(&closing->events);
    while (closing->calls != NULL) {
        api_call_refuse_error(closing->calls, -ECANCELED);
    }
    for (size_t i = 0; i < closing->listener_count; i++) {
        http_server_close(&closing->listeners[i].server);
    }
    for (size_t i = 0; i < closing->intake_count; i++) {
        intake_destroy(&closing->intakes[i]);
    }
    owner_cache_destroy(&closing->owners);
    quota_destroy(&closing->quota);
    free(closing);
    *api = NULL;
}

void api_stop(struct api *api)
{
    api->is_closing = true;
}

int api_listen(struct api *api, const struct api_listen *listen, struct problem *problem)
{
    assert(api->listener_count < API_LISTENERS_MAX);
    struct api_listener *listener = &api->listeners[api->listener_count];
    *listener = (struct api_listener){.api = api, .is_tls = listen->certificate_file != NULL};
    int error = http_server_open(api->settings.loop,
                                 &(struct http_server_settings){
                                     .endpoint = listen->endpoint,
                                     .certificate_file = listen->certificate_file,
                                     .key_file = listen->key_file,
                                     .body_bytes_max = BODY_BYTES_MAX,
                                     .on_head = api_http_on_head,
                                     .on_request = api_http_on_request,
                                     .on_gone = api_http_on_gone,
                                     .context = listener,
                                 },
                                 &listener->server, problem);
    if (error == 0) {
        api->listener_count++;
    }
    return error;
}

int api_renew(struct api *api, const char *certificate_file, const char *key_file,
              struct problem *problem)
{
    int error = 0;
    for (size_t i = 0; i < api->listener_count && error == 0; i++) {
        if (api->listeners[i].is_tls) {
            error =
                http_server_renew(api->listeners[i].server, certificate_file, key_file, problem);
        }
    }
    return error;
}

void api_set_gauges(const struct api *api)
{
    for (size_t i = 0; i < api->listener_count; i++) {
        if (api->listeners[i].is_tls) {
            metrics_set(metrics_gauge("hikyaku_api_certificate_expires_seconds",
                                      "Unix time when the certificate of the API ends.", NULL,
                                      TEXT("")),
                        http_server_expires_unix_s(api->listeners[i].server));
        }
    }
}

uint16_t api_port(const struct api *api, size_t listener)
{
    assert(listener < api->listener_count);
    return http_server_port(api->listeners[listener].server);
}

struct intake *api_take_intake(struct api *api)
{
    if (api->intake_count > 0) {
        return api->intakes[--api->intake_count];
    }
    return intake_create();
}

void api_give_intake(struct api *api, struct intake **intake)
{
    if (api->intake_count < API_INTAKES_MAX) {
        api->intakes[api->intake_count++] = *intake;
        *intake = NULL;
        return;
    }
    intake_destroy(intake);
}
