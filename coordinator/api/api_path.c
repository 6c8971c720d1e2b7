#include "coordinator/api/api_path.h"

#include "common/net/stream.h"
#include "common/policy/path_orders.h"
#include "common/wire/wire_store.h"
#include "coordinator/api/api_state.h"

#include <string.h>

bool api_path_read(struct api_call *call, const char *ip, const char *site, bool may_be_all,
                   struct api_path *ret_path)
{
    struct stream_address address;
    ret_path->site = api_call_string(call, text_of(site));
    text_lower_ascii(ret_path->site, strlen(ret_path->site));
    if (may_be_all && strcmp(ip, PATH_ORDERS_ALL_IPS) == 0) {
        ret_path->ip = api_call_string(call, text_of(ip));
        return true;
    }
    if (stream_address_parse(text_of(ip), 0, &address) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "sending_ip", "ip",
                             may_be_all
                                 ? "must be an IPv4 or IPv6 address, or * for each of the site"
                                 : "must be an IPv4 or IPv6 address");
        return false;
    }
    ret_path->ip = arena_alloc(call->arena, STREAM_ADDRESS_LENGTH);
    stream_address_format(&address, ret_path->ip);
    return true;
}

static void fill(Hikyaku__V1__ThrottleOrder *view, const Hikyaku__V1__StoredPathOrder *stored,
                 struct arena *arena)
{
    view->reason = stored->reason;
    view->author = stored->author;
    view->at_unix_ms = stored->at_unix_ms;
    if (!view->suspended) {
        view->bound = arena_alloc(arena, sizeof *view->bound);
        hikyaku__v1__throttle_bound__init(view->bound);
        view->bound->per_minute_least = stored->per_minute_least;
        view->bound->per_minute_most = stored->per_minute_most;
        view->bound->connections_most = stored->connections_most;
        view->bound->messages_per_connection = stored->messages_per_connection;
    }
}

Hikyaku__V1__ThrottleOrder *api_path_order(struct api_call *call, const struct store_stop *given)
{
    char name[PATH_ORDERS_NAME_BYTES];
    struct path_order order = {.ip = NULL};
    Hikyaku__V1__StoredPathOrder *stored = NULL;
    int64_t now_ms = store_now_unix_ms(call->api->settings.store);
    bool is_over = given->until_unix_ms != 0 && given->until_unix_ms <= now_ms;
    if (is_over || path_orders_parse_name(given->name, name, &order) != 0 ||
        order.kind == PATH_ORDER_RESUME) {
        return NULL;
    }
    Hikyaku__V1__ThrottleOrder *view = arena_alloc(call->arena, sizeof *view);
    hikyaku__v1__throttle_order__init(view);
    view->sending_ip = api_call_string(call, text_of(order.ip));
    view->site = api_call_string(call, text_of(order.site));
    view->suspended = order.kind == PATH_ORDER_SUSPEND;
    view->until_unix_ms = given->until_unix_ms;
    if (wire_store_read_path_order(given->packed, call->arena, &stored) == 0) {
        fill(view, stored, call->arena);
    }
    return view;
}
