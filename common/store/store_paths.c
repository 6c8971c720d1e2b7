#include "common/store/store_paths.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void store_paths_load(struct store *store, struct text ip, store_ip_sites_fn *on_answer,
                      void *context)
{
    store_ip_sites_load(store, ip, "paths", on_answer, context);
}

static void on_saved(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    size_t full = error == 0 ? (size_t)store_reply_number(store_reply_at(reply, 1)) : 0;
    ((store_paths_save_fn *)call->on_answer)(call->context, error, full);
    free(call);
}

void store_paths_save(struct store *store, const struct store_paths_save *save,
                      store_paths_save_fn *on_answer, void *context)
{
    assert(save->count <= STORE_PATHS_SAVED_MAX);
    struct store_command *command = store_begin(store, STORE_SCRIPT_PATHS, 2);
    store_keys_ip(store_command_scratch(command), store_prefix(store), save->ip);
    store_command_add_scratch(command);
    store_ip_sites_add_key(store, save->ip, "paths");
    store_command_add_string(command, store_session_id(store));
    store_command_add_unsigned(command, save->epoch);
    store_command_add_unsigned(command, STORE_IP_SITES_MAX);
    for (size_t i = 0; i < save->count; i++) {
        store_command_add(command, save->states[i].site);
        store_command_add(command, save->states[i].state);
    }
    /* Neither flushes nor renewals wait for it. */
    store_send(store, STORE_LINK_READ, on_saved,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
