/* ListThrottles, GetThrottle: paths as the workers that own them tell of them, with what operators
 * have told. */
#include "common/policy/path_orders.h"
#include "common/store/store_decisions.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_path.h"
#include "coordinator/api/api_state.h"
#include "coordinator/events/event_decode.h"
#include "coordinator/fleet/inquiries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATHS_MAX 1000
#define DECISIONS_SHOWN 20
/* Decisions looked through for those of one path. */
#define DECISIONS_READ 5000

struct view_call {
    struct api_call *call;
    struct api_path path; /* empty texts: all */
    Hikyaku__V1__ListThrottlesResponse list;
    bool is_one;
};

static char *copy(struct view_call *view, const char *text)
{
    return api_call_string(view->call, text_of(text));
}

static Hikyaku__V1__ThrottlePath *path_of(struct view_call *view, const char *owner,
                                          const Hikyaku__V1__PathReport *report)
{
    Hikyaku__V1__ThrottlePath *path = arena_alloc(view->call->arena, sizeof *path);
    hikyaku__v1__throttle_path__init(path);
    path->sending_ip = copy(view, report->sending_ip);
    path->site = copy(view, report->site);
    path->owner = copy(view, owner);
    path->state = (Hikyaku__V1__ThrottleState)report->state;
    path->rate_per_1000_s = report->rate_per_1000_s;
    path->ceiling_per_1000_s = report->ceiling_per_1000_s;
    path->actual_per_1000_s = report->actual_per_1000_s;
    path->connections = report->connections;
    path->connections_most = report->connections_most;
    path->messages_per_connection = report->messages_per_connection;
    path->rule_id = copy(view, report->rule);
    path->times = report->times;
    path->attempts = report->attempts;
    path->deferred = report->deferred;
    path->profile = copy(view, report->profile);
    if (report->suspended_ms > 0 && report->suspended_ms < INT64_MAX / 2) {
        path->suspended_until_unix_ms =
            store_now_unix_ms(view->call->api->settings.store) + (int64_t)report->suspended_ms;
    }
    return path;
}

static int by_interest(const void *left, const void *right)
{
    const Hikyaku__V1__ThrottlePath *a = *(Hikyaku__V1__ThrottlePath *const *)left;
    const Hikyaku__V1__ThrottlePath *b = *(Hikyaku__V1__ThrottlePath *const *)right;
    bool is_a_held = a->suspended_until_unix_ms > 0;
    bool is_b_held = b->suspended_until_unix_ms > 0;
    if (is_a_held != is_b_held) {
        return is_a_held ? -1 : 1;
    }
    if (a->actual_per_1000_s != b->actual_per_1000_s) {
        return a->actual_per_1000_s > b->actual_per_1000_s ? -1 : 1;
    }
    int order = strcmp(a->site, b->site);
    return order != 0 ? order : strcmp(a->sending_ip, b->sending_ip);
}

/* ---------------------------------------------------------------- what operators told */

static bool is_about(const Hikyaku__V1__ThrottleOrder *order, const char *ip, const char *site)
{
    return text_equal_nocase(text_of(order->site), text_of(site)) &&
           (strcmp(order->sending_ip, PATH_ORDERS_ALL_IPS) == 0 ||
            strcmp(order->sending_ip, ip) == 0);
}

static void attach(struct view_call *view, Hikyaku__V1__ThrottlePath *path)
{
    path->orders = arena_zero(view->call->arena, view->list.n_orders + 1, sizeof(void *));
    for (size_t i = 0; i < view->list.n_orders; i++) {
        if (is_about(view->list.orders[i], path->sending_ip, path->site)) {
            path->orders[path->n_orders++] = view->list.orders[i];
        }
    }
}

/* A list of one site or IP leaves out what is told of others. */
static bool is_asked_for(const struct view_call *view, const Hikyaku__V1__ThrottleOrder *order)
{
    bool is_site = view->path.site[0] == '\0' || strcmp(view->path.site, order->site) == 0;
    return is_site &&
           (view->path.ip[0] == '\0' || strcmp(order->sending_ip, PATH_ORDERS_ALL_IPS) == 0 ||
            strcmp(order->sending_ip, view->path.ip) == 0);
}

/* ---------------------------------------------------------------- one path */

static void answer_one(struct view_call *view, Hikyaku__V1__Event **decisions, size_t count)
{
    Hikyaku__V1__GetThrottleResponse response;
    hikyaku__v1__get_throttle_response__init(&response);
    if (view->list.n_paths > 0) {
        response.path = view->list.paths[0];
    } else if (view->list.n_orders > 0 || count > 0) {
        Hikyaku__V1__PathReport none = HIKYAKU__V1__PATH_REPORT__INIT;
        none.sending_ip = view->path.ip;
        none.site = view->path.site;
        response.path = path_of(view, "", &none);
        attach(view, response.path);
    } else {
        api_call_refuse_with(view->call, WIRE_CODE_NOT_FOUND, "site", "no_path",
                             "nothing was sent there from this IP lately; ListThrottles shows what "
                             "there is");
        return;
    }
    response.decisions = decisions;
    response.n_decisions = count;
    api_call_answer(view->call, &response.base);
}

static void on_decisions(void *context, int error, const struct store_event_entry *entries,
                         size_t count)
{
    struct view_call *view = context;
    Hikyaku__V1__Event **found =
        arena_zero(view->call->arena, DECISIONS_SHOWN, sizeof(Hikyaku__V1__Event *));
    size_t found_count = 0;
    if (error != 0 && error != -ENOENT) {
        api_call_refuse_error(view->call, error);
        return;
    }
    for (size_t i = 0; error == 0 && i < count && found_count < DECISIONS_SHOWN; i++) {
        const struct event_decode_input input = {.entry = &entries[i], .arena = view->call->arena};
        Hikyaku__V1__Event *event = event_decode(&input, 0);
        if (event != NULL && event->throttle != NULL &&
            strcmp(event->sending_ip, view->path.ip) == 0 &&
            text_equal_nocase(text_of(event->site), text_of(view->path.site))) {
            found[found_count++] = event;
        }
    }
    answer_one(view, found, found_count);
}

/* ---------------------------------------------------------------- steps */

static void on_orders(void *context, int error, const struct store_stop *stops, size_t count)
{
    struct view_call *view = context;
    if (error != 0) {
        api_call_refuse_error(view->call, error);
        return;
    }
    view->list.orders = arena_zero(view->call->arena, count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        Hikyaku__V1__ThrottleOrder *order = api_path_order(view->call, &stops[i]);
        if (order != NULL && is_asked_for(view, order)) {
            view->list.orders[view->list.n_orders++] = order;
        }
    }
    for (size_t i = 0; i < view->list.n_paths; i++) {
        attach(view, view->list.paths[i]);
    }
    if (view->is_one) {
        store_decisions_read(view->call->api->settings.store, DECISIONS_READ, on_decisions, view);
    } else {
        api_call_answer(view->call, &view->list.base);
    }
}

static void on_paths(void *context, const struct inquiries_answer *answers, size_t count)
{
    struct view_call *view = context;
    size_t told = 0;
    for (size_t i = 0; i < count; i++) {
        told += answers[i].answer->n_paths;
        view->list.left_out += answers[i].answer->paths_left_out;
    }
    view->list.paths = arena_zero(view->call->arena, told + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < answers[i].answer->n_paths; j++) {
            view->list.paths[view->list.n_paths++] =
                path_of(view, answers[i].worker, answers[i].answer->paths[j]);
        }
    }
    qsort(view->list.paths, view->list.n_paths, sizeof(void *), by_interest);
    if (view->list.n_paths > PATHS_MAX) {
        view->list.left_out += (uint32_t)(view->list.n_paths - PATHS_MAX);
        view->list.n_paths = PATHS_MAX;
    }
    store_stops_read(view->call->api->settings.store, STORE_THROTTLES, on_orders, view);
}

static struct view_call *begin(struct api_call *call)
{
    struct view_call *view = arena_zero(call->arena, 1, sizeof *view);
    view->call = call;
    view->path.ip = api_call_string(call, TEXT(""));
    hikyaku__v1__list_throttles_response__init(&view->list);
    return view;
}

static void ask(struct view_call *view)
{
    inquiries_ask_paths(view->call->api->settings.inquiries, view->path.site, view->path.ip,
                        on_paths, view);
}

void api_throttles_handle_list(struct api_call *call)
{
    const Hikyaku__V1__ListThrottlesRequest *request = (const void *)call->request;
    struct view_call *view = begin(call);
    if (request->sending_ip[0] == '\0') {
        view->path.site = copy(view, request->site);
        text_lower_ascii(view->path.site, strlen(view->path.site));
        ask(view);
    } else if (api_path_read(call, request->sending_ip, request->site, false, &view->path)) {
        ask(view);
    }
}

void api_throttles_handle_get(struct api_call *call)
{
    const Hikyaku__V1__GetThrottleRequest *request = (const void *)call->request;
    struct view_call *view = begin(call);
    view->is_one = true;
    if (api_path_read(call, request->sending_ip, request->site, false, &view->path)) {
        ask(view);
    }
}
