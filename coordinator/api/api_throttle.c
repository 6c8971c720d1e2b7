/* SetThrottle, SuspendPath, ResumePath. */
#include "common/base/log.h"
#include "common/policy/path_orders.h"
#include "common/store/store_fleet.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_path.h"
#include "coordinator/api/api_state.h"
#include "coordinator/fleet/inquiries.h"

#include <errno.h>
#include <string.h>

#define UNTIL_MAX_MS ((int64_t)366 * 24 * 3600 * 1000)
/* The word stands at least so long, and as long as the longest pause that it ends: a worker may be
 * away, or have no mail for the path meanwhile. */
#define RESUME_KEPT_MS 600000

struct order_call {
    struct api_call *call;
    struct api_path path;
    enum path_order_kind kind;
    Hikyaku__V1__ThrottleOrder *order; /* in the call's arena */
    int64_t longest_ms;                /* RESUME: of the pauses that workers tell of */
    bool is_suspended; /* RESUME: a worker tells of a pause, or an operator made one */
};

static struct order_call *begin(struct api_call *call, enum path_order_kind kind, const char *ip,
                                const char *site, const char *author)
{
    struct order_call *order = arena_zero(call->arena, 1, sizeof *order);
    order->call = call;
    order->kind = kind;
    if (!api_path_read(call, ip, site, true, &order->path)) {
        return NULL;
    }
    order->order = arena_alloc(call->arena, sizeof *order->order);
    hikyaku__v1__throttle_order__init(order->order);
    order->order->sending_ip = order->path.ip;
    order->order->site = order->path.site;
    order->order->suspended = kind == PATH_ORDER_SUSPEND;
    order->order->author =
        api_call_string(call, text_of(author[0] != '\0' ? author : call->caller.principal));
    order->order->at_unix_ms = store_now_unix_ms(call->api->settings.store);
    return order;
}

static struct text name_of(const struct order_call *order, enum path_order_kind kind)
{
    char *name = arena_alloc(order->call->arena, PATH_ORDERS_NAME_BYTES);
    const struct path_order named = {.kind = kind, .ip = order->path.ip, .site = order->path.site};
    return path_orders_print_name(&named, name) ? text_of(name) : TEXT("");
}

static bool check_until(struct api_call *call, int64_t until_ms)
{
    int64_t now_ms = store_now_unix_ms(call->api->settings.store);
    bool is_good = until_ms == 0 || (until_ms > now_ms && until_ms <= now_ms + UNTIL_MAX_MS);
    if (!is_good) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "until_unix_ms", "out_of_range",
                             "must lie ahead, by a year at most");
    }
    return is_good;
}

static void tell_all(const struct order_call *order, bool is_cleared)
{
    static const unsigned char nobody[16] = {0};
    static const char *const words[] = {"bound", "suspend", "resume"};
    struct store *store = order->call->api->settings.store;
    size_t word = order->kind == PATH_ORDER_BOUND ? 0 : order->kind == PATH_ORDER_SUSPEND ? 1 : 2;
    store_fleet_notify(store, STORE_NOTICE_THROTTLES, nobody);
    LOG(is_cleared ? LOG_ORDER_CLEARED : LOG_ORDER_SET, NULL, log_string("order", words[word]),
        log_string("sending_ip", order->path.ip), log_string("site", order->path.site),
        log_string("author", order->order->author),
        log_number("until", order->order->until_unix_ms));
}

/* ---------------------------------------------------------------- set and suspend */

static void answer_order(struct order_call *order, bool is_there)
{
    if (order->kind == PATH_ORDER_SUSPEND) {
        Hikyaku__V1__SuspendPathResponse response;
        hikyaku__v1__suspend_path_response__init(&response);
        response.order = order->order;
        api_call_answer(order->call, &response.base);
    } else {
        Hikyaku__V1__SetThrottleResponse response;
        hikyaku__v1__set_throttle_response__init(&response);
        response.order = is_there ? order->order : NULL;
        api_call_answer(order->call, &response.base);
    }
}

static void on_set(void *context, int error)
{
    struct order_call *order = context;
    if (error == -ENOSPC) {
        api_call_refuse_with(order->call, WIRE_CODE_RESOURCE_EXHAUSTED, "site", "too_many",
                             "there are %d bounds and pauses already: end some", PATH_ORDERS_MAX);
        return;
    }
    if (error != 0) {
        api_call_refuse_error(order->call, error);
        return;
    }
    tell_all(order, false);
    answer_order(order, true);
}

static void put(struct order_call *order, int64_t until_unix_ms, store_stops_done_fn *on_done)
{
    Hikyaku__V1__StoredPathOrder stored = HIKYAKU__V1__STORED_PATH_ORDER__INIT;
    const Hikyaku__V1__ThrottleBound *bound = order->order->bound;
    struct buffer *packed = arena_zero(order->call->arena, 1, sizeof *packed);
    if (bound != NULL) {
        stored.per_minute_least = bound->per_minute_least;
        stored.per_minute_most = bound->per_minute_most;
        stored.connections_most = bound->connections_most;
        stored.messages_per_connection = bound->messages_per_connection;
    }
    stored.reason = order->order->reason;
    stored.author = order->order->author;
    stored.at_unix_ms = order->order->at_unix_ms;
    wire_unpack_append(&stored.base, packed);
    const struct store_stop given = {.name = name_of(order, order->kind),
                                     .until_unix_ms = until_unix_ms,
                                     .packed = buffer_text(packed)};
    store_stops_set(order->call->api->settings.store, STORE_THROTTLES, &given, PATH_ORDERS_MAX,
                    on_done, order);
    buffer_finish(packed);
}

static void on_bound_cleared(void *context, int error)
{
    struct order_call *order = context;
    if (error == -ENOENT) {
        api_call_refuse_with(order->call, WIRE_CODE_NOT_FOUND, "site", "no_bound",
                             "there is no bound of this IP and site; ListThrottles shows all");
    } else if (error != 0) {
        api_call_refuse_error(order->call, error);
    } else {
        tell_all(order, true);
        answer_order(order, false);
    }
}

void api_throttle_handle_set(struct api_call *call)
{
    const Hikyaku__V1__SetThrottleRequest *request = (const void *)call->request;
    struct order_call *order =
        check_until(call, request->until_unix_ms)
            ? begin(call, PATH_ORDER_BOUND, request->sending_ip, request->site, request->author)
            : NULL;
    if (order == NULL) {
        return;
    }
    if (request->bound == NULL) {
        store_stops_clear(call->api->settings.store, STORE_THROTTLES,
                          name_of(order, PATH_ORDER_BOUND), on_bound_cleared, order);
        return;
    }
    order->order->bound = request->bound;
    order->order->reason = api_call_string(call, text_of(request->reason));
    order->order->until_unix_ms = request->until_unix_ms;
    put(order, request->until_unix_ms, on_set);
}

void api_throttle_handle_suspend(struct api_call *call)
{
    const Hikyaku__V1__SuspendPathRequest *request = (const void *)call->request;
    struct order_call *order =
        check_until(call, request->until_unix_ms)
            ? begin(call, PATH_ORDER_SUSPEND, request->sending_ip, request->site, request->author)
            : NULL;
    if (order != NULL) {
        order->order->reason = api_call_string(call, text_of(request->reason));
        order->order->until_unix_ms = request->until_unix_ms;
        put(order, request->until_unix_ms, on_set);
    }
}

/* ---------------------------------------------------------------- resume */

static void on_resumed(void *context, int error)
{
    static const unsigned char nobody[16] = {0};
    struct order_call *order = context;
    if (error != 0) {
        api_call_refuse_error(order->call, error);
        return;
    }
    tell_all(order, false);
    store_fleet_notify(order->call->api->settings.store, STORE_NOTICE_PATHS, nobody);
    Hikyaku__V1__ResumePathResponse response;
    hikyaku__v1__resume_path_response__init(&response);
    api_call_answer(order->call, &response.base);
}

static void on_pause_cleared(void *context, int error)
{
    struct order_call *order = context;
    if (error != 0 && error != -ENOENT) {
        api_call_refuse_error(order->call, error);
        return;
    }
    order->order->at_unix_ms = store_now_unix_ms(order->call->api->settings.store);
    put(order, order->order->at_unix_ms + RESUME_KEPT_MS + order->longest_ms, on_resumed);
}

/* The path's own pause can be ended; one of the whole site must be ended as it was made. */
static void on_orders(void *context, int error, const struct store_stop *stops, size_t count)
{
    struct order_call *order = context;
    bool is_site_held = false;
    for (size_t i = 0; error == 0 && i < count; i++) {
        const Hikyaku__V1__ThrottleOrder *told = api_path_order(order->call, &stops[i]);
        if (told == NULL || !told->suspended || strcmp(told->site, order->path.site) != 0) {
            continue;
        }
        bool is_it = strcmp(told->sending_ip, order->path.ip) == 0;
        is_site_held =
            is_site_held || (!is_it && strcmp(told->sending_ip, PATH_ORDERS_ALL_IPS) == 0);
        order->is_suspended = order->is_suspended || is_it;
    }
    if (error != 0) {
        api_call_refuse_error(order->call, error);
    } else if (is_site_held) {
        api_call_refuse_with(order->call, WIRE_CODE_FAILED_PRECONDITION, "sending_ip",
                             "site_suspended",
                             "all IPs are suspended at this site: resume * instead");
    } else if (!order->is_suspended) {
        api_call_refuse_with(order->call, WIRE_CODE_NOT_FOUND, "site", "not_suspended",
                             "no such path is suspended; ListThrottles shows those that are");
    } else {
        store_stops_clear(order->call->api->settings.store, STORE_THROTTLES,
                          name_of(order, PATH_ORDER_SUSPEND), on_pause_cleared, order);
    }
}

static void take_path(struct order_call *order, const Hikyaku__V1__PathReport *path)
{
    if (path->state == HIKYAKU__V1__THROTTLE_STATE__THROTTLE_STATE_SUSPENDED) {
        int64_t left_ms =
            path->suspended_ms < UNTIL_MAX_MS ? (int64_t)path->suspended_ms : UNTIL_MAX_MS;
        order->is_suspended = true;
        order->longest_ms = left_ms > order->longest_ms ? left_ms : order->longest_ms;
    }
}

static void on_paths(void *context, const struct inquiries_answer *answers, size_t count)
{
    struct order_call *order = context;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < answers[i].answer->n_paths; j++) {
            take_path(order, answers[i].answer->paths[j]);
        }
    }
    store_stops_read(order->call->api->settings.store, STORE_THROTTLES, on_orders, order);
}

void api_throttle_handle_resume(struct api_call *call)
{
    const Hikyaku__V1__ResumePathRequest *request = (const void *)call->request;
    struct order_call *order =
        begin(call, PATH_ORDER_RESUME, request->sending_ip, request->site, request->author);
    if (order != NULL) {
        bool is_all = strcmp(order->path.ip, PATH_ORDERS_ALL_IPS) == 0;
        inquiries_ask_paths(call->api->settings.inquiries, order->path.site,
                            is_all ? "" : order->path.ip, on_paths, order);
    }
}
