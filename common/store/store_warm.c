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

static uint32_t number_at(const redisReply *reply, size_t nth)
{
    uint64_t number = store_reply_number(store_reply_at(reply, nth));
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static void on_reserved(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_warm_answer answer = {.granted = 0};
    error = error == 0 ? store_reply_status(reply) : error;
    if (error == 0) {
        answer = (struct store_warm_answer){.granted = number_at(reply, 1),
                                            .day = number_at(reply, 2),
                                            .hour = number_at(reply, 3)};
    }
    if (answer.granted > call->number) {
        answer.granted = 0;
        error = -EPROTO;
    }
    ((store_warm_reserve_fn *)call->on_answer)(call->context, error, &answer);
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
    store_command_add_string(command, request->change);
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

static void on_change_number(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct text number = store_reply_text(reply);
    if (error == 0 && number.size >= STORE_WARM_CHANGE_BYTES) {
        error = -EPROTO;
    }
    number = error == 0 && number.size > 0 ? number : TEXT("0");
    ((store_warm_change_fn *)call->on_answer)(call->context, error, number);
    free(call);
}

void store_warm_ask_change(struct store *store, struct text ip, store_warm_change_fn *on_answer,
                           void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "HGET");
    store_ip_sites_add_key(store, ip, "warm");
    store_command_add_string(command, STORE_WARM_CHANGE);
    store_send(store, STORE_LINK_READ, on_change_number,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void on_changed(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    ((store_warm_done_fn *)call->on_answer)(call->context, error);
    free(call);
}

void store_warm_change(struct store *store, const struct store_warm_change *change,
                       store_warm_done_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_WARM_CHANGE, 1);
    store_ip_sites_add_key(store, change->ip, "warm");
    store_command_add_string(command, change->what);
    store_command_add(command, change->site);
    store_command_add_unsigned(command, change->stage);
    store_command_add_unsigned(command, STORE_IP_SITES_MAX);
    store_send(store, STORE_LINK_WRITE, on_changed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
