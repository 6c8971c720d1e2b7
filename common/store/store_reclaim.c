#include "common/store/store_reclaim.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAX 1000000

static void on_reclaimed(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_reclaimed reclaimed = {
        .changed = (uint32_t)store_reply_number(store_reply_at(reply, 1)),
        .quarantined = (uint32_t)store_reply_number(store_reply_at(reply, 3)),
        .stops_campaign = store_reply_number(store_reply_at(reply, 4)) == 1,
        .makes_suspect = store_reply_number(store_reply_at(reply, 5)) == 1};
    error = error == 0 ? store_reply_status(reply) : error;
    ((store_reclaim_done_fn *)call->on_answer)(call->context, error, &reclaimed);
    free(call);
}

void store_reclaim_batch(struct store *store, const struct store_batch_name *name,
                         const struct store_reclaim *reclaim, store_reclaim_done_fn *on_answer,
                         void *context)
{
    struct store_command *command =
        store_batch_begin_quarantine(store, STORE_SCRIPT_RECLAIM, name, reclaim->tenant);
    store_batch_add_identity(store, command, name);
    store_command_add_string(command, reclaim->session);
    store_command_add_string(command, reclaim->is_alive ? "0" : "1");
    store_quarantine_add_campaign(command, name->campaign);
    if (reclaim->epoch != 0) {
        store_command_add_unsigned(command, reclaim->epoch);
    }
    store_send(store, STORE_LINK_WRITE, on_reclaimed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* Claims of a partition */

static int read_claims(const redisReply *reply, struct store_claimed *ret_claims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct text session = store_reply_text(store_reply_at(reply, 2 * i + 1));
        if (session.size != sizeof(ret_claims[i].session) - 1 ||
            store_keys_parse_member(store_reply_text(store_reply_at(reply, 2 * i)),
                                    ret_claims[i].name.campaign, &ret_claims[i].name.number) != 0) {
            return -EPROTO;
        }
        memcpy(ret_claims[i].session, session.data, session.size);
    }
    return 0;
}

static void on_claims(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = store_reply_count(reply) / 2;
    if (error == 0 && count > CLAIMS_MAX) {
        error = -EPROTO;
    }
    count = error == 0 ? count : 0;
    struct store_claimed *claims = xalloc_zero(count + 1, sizeof(*claims));
    error = error == 0 ? read_claims(reply, claims, count) : error;
    ((store_reclaim_list_fn *)call->on_answer)(call->context, error, claims,
                                               error == 0 ? count : 0);
    free(claims);
    free(call);
}

void store_reclaim_claims(struct store *store, unsigned int partition,
                          store_reclaim_list_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "HGETALL");
    store_keys_claimed(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    store_send(store, STORE_LINK_READ, on_claims,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
