#include "common/store/store_warm.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>

static void add_key(struct store *store, struct text ip, const char *name)
{
    struct store_command *command = store_command_of(store);
    store_keys_ip_part(store_command_scratch(command), store_prefix(store), ip, name);
    store_command_add_scratch(command);
}

static void on_states(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_warm_state *states = NULL;
    size_t count = 0;
    if (error == 0 && (store_reply_count(reply) % 2 != 0 ||
                       store_reply_count(reply) / 2 > STORE_WARM_SITES_MAX)) {
        error = -EPROTO;
    }
    if (error == 0) {
        count = store_reply_count(reply) / 2;
        states = xalloc_zero(count + 1, sizeof *states);
    }
    for (size_t i = 0; i < count; i++) {
        states[i].site = store_reply_text(store_reply_at(reply, 2 * i));
        states[i].state = store_reply_text(store_reply_at(reply, 2 * i + 1));
    }
    ((store_warm_load_fn *)call->on_answer)(call->context, error, states, count);
    free(states);
    free(call);
}

void store_warm_load(struct store *store, struct text ip, store_warm_load_fn *on_answer,
                     void *context)
{
    store_command_begin(store_command_of(store), "HGETALL");
    add_key(store, ip, "warm");
    store_send(store, STORE_LINK_READ, on_states,
               store_call_create(store, STORE_ANSWER(on_answer), context));
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
    add_key(store, request->ip, "warm");
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
    store_command_add_unsigned(command, STORE_WARM_SITES_MAX);
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    call->number = request->wanted;
    store_send(store, store_durable_kind(store, STORE_LINK_LEASE), on_reserved, call);
}
