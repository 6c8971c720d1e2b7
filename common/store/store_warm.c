#include "common/store/store_warm.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>

void store_warm_load(struct store *store, struct text ip, store_ip_sites_fn *on_answer,
                     void *context)
{
    store_ip_sites_load(store, ip, "warm", on_answer, context);
}

static void on_reserved(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    uint64_t granted = error == 0 ? store_reply_number(store_reply_at(reply, 1)) : 0;
    if (granted > call->number) {
        error = -EPROTO;
    }
    ((store_warm_reserve_fn *)call->on_answer)(call->context, error,
                                               error == 0 ? (uint32_t)granted : 0);
    free(call);
}

void store_warm_reserve(struct store *store, const struct store_warm_request *request,
                        store_warm_reserve_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_WARM, 3);
    store_keys_ip(store_command_scratch(command), store_prefix(store), request->ip);
    store_command_add_scratch(command);
    store_ip_sites_add_key(store, request->ip, "warm");
    store_keys_ip_day(store_command_scratch(command), store_prefix(store), request->ip,
                      request->day);
    store_command_add_scratch(command);
    store_command_add_string(command, store_session_id(store));
    store_command_add_unsigned(command, request->epoch);
    store_command_add(command, request->site);
    store_command_add(command, request->state);
    store_command_add_unsigned(command, request->hour);
    store_command_add_unsigned(command, request->day_quota);
    store_command_add_unsigned(command, request->hour_quota);
    store_command_add_unsigned(command, request->wanted);
    store_command_add_unsigned(command, request->given_back);
    store_command_add_unsigned(command, STORE_IP_SITES_MAX);
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    call->number = request->wanted;
    store_send(store, store_durable_kind(store, STORE_LINK_LEASE), on_reserved, call);
}
