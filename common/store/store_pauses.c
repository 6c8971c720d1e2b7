#include "common/store/store_pauses.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <stdlib.h>

static void on_set(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    int64_t until_ms = error == 0 ? (int64_t)store_reply_number(store_reply_at(reply, 1)) : 0;
    ((store_pauses_set_fn *)call->on_answer)(call->context, error, until_ms);
    free(call);
}

void store_pauses_set(struct store *store, const struct store_pause *pause, uint64_t pause_ms,
                      store_pauses_set_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_PAUSE, 1);
    store_keys_pauses(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_command_add(command, pause->site);
    store_command_add_unsigned(command, pause_ms);
    store_command_add(command, pause->rule);
    store_command_add_unsigned(command, STORE_PAUSES_MAX);
    store_send(store, STORE_LINK_WRITE, on_set,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
