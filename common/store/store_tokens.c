#include "common/store/store_tokens.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>

static void add_key(struct store *store, struct store_command *command,
                    const struct store_tokens_name *name)
{
    if (name->campaign != NULL) {
        store_add_campaign_key(store, name->campaign, "tok");
        return;
    }
    if (name->site.size > 0) {
        store_keys_site_tokens(store_command_scratch(command), store_prefix(store), name->site,
                               name->is_open);
        store_command_add_scratch(command);
        return;
    }
    store_keys_tokens(store_command_scratch(command), store_prefix(store), name->tenant,
                      name->name);
    store_command_add_scratch(command);
}

static void on_answer(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    bool is_full = error == -ENOSPC && reply != NULL;
    uint64_t wait_ms = is_full ? store_reply_number(store_reply_at(reply, 1)) : 0;
    ((store_tokens_fn *)call->on_answer)(call->context, is_full ? 0 : error, is_full, wait_ms);
    free(call);
}

void store_tokens_ask(struct store *store, const struct store_tokens *tokens,
                      store_tokens_fn *answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_TOKENS, 1);
    add_key(store, command, &tokens->name);
    store_command_add_string(command, store_session_id(store));
    store_command_add_unsigned(command, tokens->lane + 1U);
    store_command_add_unsigned(command, tokens->asked);
    store_command_add_unsigned(command, tokens->window_ms);
    store_command_add_unsigned(command, tokens->most);
    store_command_add_unsigned(command, tokens->most_of_lane);
    for (int lane = 0; lane < STORE_TOKENS_LANES; lane++) {
        store_command_add_unsigned(command, tokens->on_way[lane]);
    }
    for (int lane = 0; lane < STORE_TOKENS_LANES; lane++) {
        store_command_add_unsigned(command, tokens->ended[lane]);
    }
    store_send(store, STORE_LINK_WRITE, on_answer,
               store_call_create(store, STORE_ANSWER(answer), context));
}
