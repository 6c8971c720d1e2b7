/* Stop, Start, ListStops. */
#include "common/base/log.h"
#include "common/net/stream.h"
#include "common/policy/stop_set.h"
#include "common/service/service_windows.h"
#include "common/store/store_fleet.h"
#include "common/store/store_stops.h"
#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define UNTIL_MAX_MS ((int64_t)366 * 24 * 3600 * 1000)

struct stop_call {
    struct api_call *call;
    Hikyaku__V1__OperatorStop *stop; /* in the call's arena */
};

static bool is_listed(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

/* A slip of the pen must not look like a stop: what can be known is held against what there is. */
static const char *fault_of(const struct api_call *call, Hikyaku__V1__StopKind kind,
                            const char *target)
{
    const struct api_settings *settings = &call->api->settings;
    if (kind == HIKYAKU__V1__STOP_KIND__STOP_KIND_TENANT) {
        return tenants_find(settings->tenants, text_of(target)) != NULL
                   ? NULL
                   : "there is no tenant of this name";
    }
    if (kind == HIKYAKU__V1__STOP_KIND__STOP_KIND_POOL) {
        return is_listed(settings->pools, target) ? NULL : "there is no pool of this name";
    }
    if (kind == HIKYAKU__V1__STOP_KIND__STOP_KIND_FROM_DOMAIN) {
        return is_listed(settings->from_domains, target) ? NULL : "is not one of from_domains";
    }
    return NULL;
}

/* Domains in lower case, addresses as screens show them. */
static int normalise(struct api_call *call, Hikyaku__V1__StopKind kind, const char *given,
                     char **ret_target)
{
    char *target = api_call_string(call, text_of(given));
    if (kind == HIKYAKU__V1__STOP_KIND__STOP_KIND_IP) {
        struct stream_address address;
        if (stream_address_parse(text_of(given), 0, &address) != 0) {
            return -EINVAL;
        }
        target = arena_alloc(call->arena, STREAM_ADDRESS_LENGTH);
        stream_address_format(&address, target);
    } else if (kind == HIKYAKU__V1__STOP_KIND__STOP_KIND_SITE ||
               kind == HIKYAKU__V1__STOP_KIND__STOP_KIND_FROM_DOMAIN) {
        text_lower_ascii(target, strlen(target));
    }
    *ret_target = target;
    return 0;
}

/* Kind and target; of a planned one, when it begins as well: a target may have several. */
static struct text name_of(struct arena *arena, const Hikyaku__V1__OperatorStop *stop)
{
    const char *name = arena_printf(arena, "%d%s", (int)stop->kind, stop->target);
    return text_of(stop->from_unix_ms == 0
                       ? name
                       : arena_printf(arena, "%s %" PRId64, name, stop->from_unix_ms));
}

/* @return NULL: the call has been refused */
static struct stop_call *begin(struct api_call *call, Hikyaku__V1__StopKind kind,
                               const char *target, const char *author)
{
    struct stop_call *stop = arena_zero(call->arena, 1, sizeof *stop);
    stop->call = call;
    stop->stop = arena_alloc(call->arena, sizeof *stop->stop);
    hikyaku__v1__operator_stop__init(stop->stop);
    stop->stop->kind = kind;
    if (normalise(call, kind, target, &stop->stop->target) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "target", "ip",
                             "must be an IPv4 or IPv6 address");
        return NULL;
    }
    const char *fault = fault_of(call, kind, stop->stop->target);
    if (fault != NULL) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "target", "unknown", "%s", fault);
        return NULL;
    }
    stop->stop->author = api_call_string(call, text_of(author));
    stop->stop->at_unix_ms = store_now_unix_ms(call->api->settings.store);
    return stop;
}

static void log_stop(enum log_event event, const struct stop_call *stop)
{
    LOG(event, NULL, log_string("kind", stop_set_kind_name((enum stop_kind)stop->stop->kind)),
        log_string("target", stop->stop->target), log_string("author", stop->stop->author),
        log_number("from", stop->stop->from_unix_ms),
        log_number("until", stop->stop->until_unix_ms));
}

static void tell_all(const struct stop_call *stop)
{
    static const unsigned char nobody[16] = {0};
    store_fleet_notify(stop->call->api->settings.store, STORE_NOTICE_STOPS, nobody);
}

static void on_set(void *context, int error)
{
    struct stop_call *stop = context;
    if (error == -ENOSPC) {
        api_call_refuse_with(stop->call, WIRE_CODE_RESOURCE_EXHAUSTED, "target", "too_many",
                             "there are %d stops already: end some", STOP_SET_MAX);
        return;
    }
    if (error != 0) {
        api_call_refuse_error(stop->call, error);
        return;
    }
    tell_all(stop);
    log_stop(LOG_STOP_SET, stop);
    Hikyaku__V1__StopResponse response;
    hikyaku__v1__stop_response__init(&response);
    response.stop = stop->stop;
    api_call_answer(stop->call, &response.base);
}

static void put(struct stop_call *stop)
{
    Hikyaku__V1__StoredStop stored = HIKYAKU__V1__STORED_STOP__INIT;
    struct buffer *packed = arena_zero(stop->call->arena, 1, sizeof *packed);
    stored.kind = (uint32_t)stop->stop->kind;
    stored.target = stop->stop->target;
    stored.reason = stop->stop->reason;
    stored.author = stop->stop->author;
    stored.at_unix_ms = stop->stop->at_unix_ms;
    stored.from_unix_ms = stop->stop->from_unix_ms;
    stored.time_zone = stop->stop->time_zone;
    wire_unpack_append(&stored.base, packed);
    const struct store_stop given = {.name = name_of(stop->call->arena, stop->stop),
                                     .until_unix_ms = stop->stop->until_unix_ms,
                                     .packed = buffer_text(packed)};
    store_stops_set(stop->call->api->settings.store, STORE_STOPS, &given, STOP_SET_MAX, on_set,
                    stop);
    buffer_finish(packed);
}

/* Local time as a moment. @return false: the call has been refused */
static bool read_local(struct api_call *call, const char *field, const char *local,
                       int64_t *ret_first_ms, int64_t *ret_last_ms)
{
    const Hikyaku__V1__StopRequest *request = (const void *)call->request;
    int64_t first_s = 0;
    int64_t last_s = 0;
    int error = local[0] == '\0' ? 0
                                 : service_windows_read_local(call->api->settings.windows,
                                                              text_of(request->time_zone),
                                                              text_of(local), &first_s, &last_s);
    *ret_first_ms = first_s * 1000;
    *ret_last_ms = last_s * 1000;
    /* A refused call is gone, and its arena with it. */
    if (error == -ENOENT) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "time_zone", "unknown",
                             "is no IANA time zone, such as Asia/Tokyo");
    } else if (error != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, field, "time",
                             "must be a local time, such as 2026-12-31T00:00");
    }
    return error == 0;
}

/* What was told as local time is longer rather than shorter. @return false: refused */
static bool read_times(struct api_call *call, Hikyaku__V1__OperatorStop *stop)
{
    const Hikyaku__V1__StopRequest *request = (const void *)call->request;
    int64_t other_ms = 0;
    stop->from_unix_ms = request->from_unix_ms;
    stop->until_unix_ms = request->until_unix_ms;
    stop->time_zone = api_call_string(call, text_of(request->time_zone));
    return request->time_zone[0] == '\0' ||
           (read_local(call, "from_local", request->from_local, &stop->from_unix_ms, &other_ms) &&
            read_local(call, "until_local", request->until_local, &other_ms, &stop->until_unix_ms));
}

/* @return false: the call has been refused */
static bool check_times(struct api_call *call, const Hikyaku__V1__OperatorStop *stop)
{
    const Hikyaku__V1__StopRequest *request = (const void *)call->request;
    int64_t now_ms = store_now_unix_ms(call->api->settings.store);
    const char *until = request->until_local[0] != '\0' ? "until_local" : "until_unix_ms";
    const char *from = request->from_local[0] != '\0' ? "from_local" : "from_unix_ms";
    const char *field = until;
    const char *fault = NULL;
    if (stop->from_unix_ms != 0 && stop->until_unix_ms == 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, until, "required",
                             "must be set: what is planned ahead has an end");
        return false;
    }
    if (stop->until_unix_ms != 0 &&
        (stop->until_unix_ms <= now_ms || stop->until_unix_ms > now_ms + UNTIL_MAX_MS)) {
        fault = "must lie ahead, by a year at most";
    } else if (stop->from_unix_ms != 0 && stop->from_unix_ms <= now_ms) {
        field = from;
        fault = "must lie ahead; without it the stop holds at once";
    } else if (stop->from_unix_ms != 0 && stop->until_unix_ms <= stop->from_unix_ms) {
        fault = "must lie behind its beginning";
    }
    if (fault != NULL) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, field, "out_of_range", "%s", fault);
    }
    return fault == NULL;
}

void api_stop_handle(struct api_call *call)
{
    const Hikyaku__V1__StopRequest *request = (const void *)call->request;
    struct stop_call *stop = begin(call, request->kind, request->target, request->author);
    if (stop != NULL && read_times(call, stop->stop) && check_times(call, stop->stop)) {
        stop->stop->reason = api_call_string(call, text_of(request->reason));
        put(stop);
    }
}

static void on_cleared(void *context, int error)
{
    struct stop_call *stop = context;
    if (error == -ENOENT) {
        api_call_refuse_with(stop->call, WIRE_CODE_NOT_FOUND, "target", "no_stop",
                             "there is no such stop; ListStops shows those in force");
        return;
    }
    if (error != 0) {
        api_call_refuse_error(stop->call, error);
        return;
    }
    tell_all(stop);
    log_stop(LOG_STOP_CLEARED, stop);
    Hikyaku__V1__StartResponse response;
    hikyaku__v1__start_response__init(&response);
    api_call_answer(stop->call, &response.base);
}

void api_stop_handle_start(struct api_call *call)
{
    const Hikyaku__V1__StartRequest *request = (const void *)call->request;
    struct stop_call *stop = begin(call, request->kind, request->target, request->author);
    if (stop != NULL) {
        stop->stop->from_unix_ms = request->from_unix_ms;
        store_stops_clear(call->api->settings.store, STORE_STOPS, name_of(call->arena, stop->stop),
                          on_cleared, stop);
    }
}

static Hikyaku__V1__OperatorStop *view_of(struct arena *arena, const struct store_stop *given)
{
    Hikyaku__V1__OperatorStop *view = arena_alloc(arena, sizeof *view);
    Hikyaku__V1__StoredStop *stored = NULL;
    hikyaku__v1__operator_stop__init(view);
    if (wire_store_read_stop(given->packed, arena, &stored) == 0) {
        view->kind = (Hikyaku__V1__StopKind)stored->kind;
        view->target = stored->target;
        view->reason = stored->reason;
        view->author = stored->author;
        view->at_unix_ms = stored->at_unix_ms;
        view->from_unix_ms = stored->from_unix_ms;
        view->time_zone = stored->time_zone;
    }
    view->until_unix_ms = given->until_unix_ms;
    return view;
}

static void on_list(void *context, int error, const struct store_stop *stops, size_t count)
{
    struct api_call *call = context;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    Hikyaku__V1__ListStopsResponse response;
    hikyaku__v1__list_stops_response__init(&response);
    response.stops = arena_zero(call->arena, count + 1, sizeof(void *));
    int64_t now_ms = store_now_unix_ms(call->api->settings.store);
    for (size_t i = 0; i < count; i++) {
        if (stops[i].until_unix_ms == 0 || stops[i].until_unix_ms > now_ms) {
            response.stops[response.n_stops++] = view_of(call->arena, &stops[i]);
        }
    }
    api_call_answer(call, &response.base);
}

void api_stop_handle_list(struct api_call *call)
{
    store_stops_read(call->api->settings.store, STORE_STOPS, on_list, call);
}
