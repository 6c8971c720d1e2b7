#include "common/store/store_unsubscribe.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <stdlib.h>

#define ROWS_PER_CHUNK 4096

static void on_told(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    bool is_new = error == 0 && text_equal(store_reply_text(store_reply_at(reply, 1)), TEXT("new"));
    ((store_unsubscribe_fn *)call->on_answer)(call->context, error, is_new);
    free(call);
}

void store_unsubscribe_tell(struct store *store, const struct store_unsubscribe *told,
                            store_unsubscribe_fn *on_answer, void *context)
{
    const unsigned char *campaign = told->name.campaign;
    struct store_command *command =
        store_begin(store, STORE_SCRIPT_UNSUBSCRIBED, STORE_TRANSITION_KEYS + 1);
    store_add_transition_keys(store, campaign, told->tenant);
    store_keys_unsubscribed(store_command_scratch(command), store_prefix(store), campaign,
                            told->index / ROWS_PER_CHUNK);
    store_command_add_scratch(command);
    store_command_add_string(command, store_run_id(store));
    store_command_add(command, (struct text){(const char *)campaign, sizeof told->name.campaign});
    store_command_add_unsigned(command,
                               told->index % ROWS_PER_CHUNK * 2 + (told->is_of_all ? 1 : 0));
    store_command_add_unsigned(command, told->index);
    store_command_add_unsigned(command, told->name.number);
    store_command_add_unsigned(command, told->position);
    store_command_add(command, told->why);
    store_command_add_unsigned(command, STORE_UNSUBSCRIBE_KNOWN_S);
    store_send(store, STORE_LINK_WRITE, on_told,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
