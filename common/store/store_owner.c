#include "common/store/store_owner.h"

#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>

static void on_reply(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct text tenant = error == 0 ? store_reply_text(reply) : TEXT("");
    if (error == 0 && tenant.size == 0) {
        error = -ENOENT;
    }
    ((store_owner_fn *)call->on_answer)(call->context, error == -ECONNRESET ? -EAGAIN : error,
                                        tenant);
    free(call);
}

void store_owner_find(struct store *store, const unsigned char campaign[16],
                      store_owner_fn *on_answer, void *context)
{
    store_command_begin(store_command_of(store), "HGET");
    store_add_campaign_key(store, campaign, NULL);
    store_command_add_string(store_command_of(store), "tenant");
    store_send(store, STORE_LINK_READ, on_reply,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
