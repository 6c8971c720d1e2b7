#include "common/store/store_holder.h"

#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int read_holder(const redisReply *reply, struct store_holder *ret_holder)
{
    struct store_holder holder = {.epoch = 0};
    struct text session = store_reply_text(store_reply_at(reply, 0));
    if (store_reply_count(reply) != 2) {
        return -EPROTO;
    }
    if (store_reply_is_nil(store_reply_at(reply, 1))) {
        return -ENOENT; /* never claimed, or gone */
    }
    if (session.size != 0 && session.size != sizeof(holder.session) - 1) {
        return -EPROTO;
    }
    if (session.size > 0) {
        memcpy(holder.session, session.data, session.size);
    }
    holder.epoch = store_reply_number(store_reply_at(reply, 1));
    *ret_holder = holder;
    return 0;
}

static void on_holder(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_holder holder = {.epoch = 0};
    error = error == 0 ? read_holder(reply, &holder) : error;
    ((store_holder_fn *)call->on_answer)(call->context, error, &holder);
    free(call);
}

void store_holder_get(struct store *store, const struct store_batch_name *name,
                      store_holder_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "HMGET");
    store_add_batch_key(store, name->campaign, name->number, 'h');
    store_command_add_string(command, "s");
    store_command_add_string(command, "e");
    store_send(store, STORE_LINK_READ, on_holder,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
