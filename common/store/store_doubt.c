#include "common/store/store_doubt.h"

#include "common/base/bytes.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define CHANGES_MAX 500

void store_doubt_evidence(struct store *store, const struct store_claim *claim,
                          const struct store_evidence *evidence, store_batch_changed_fn *on_answer,
                          void *context)
{
    assert(evidence->count > 0 && evidence->count <= CHANGES_MAX);
    struct store_command *command =
        store_batch_begin(store, STORE_SCRIPT_EVIDENCE, &claim->name, claim->tenant);
    store_batch_add_identity(store, command, &claim->name);
    store_command_add_unsigned(command, claim->epoch);
    store_batch_add_changes(command, evidence->changes, evidence->count);
    store_command_add(command, evidence->sealed_details);
    store_send(store, STORE_LINK_WRITE, store_batch_on_changed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_doubt_resolve(struct store *store, const struct store_resolve *resolve,
                         store_batch_changed_fn *on_answer, void *context)
{
    struct store_command *command =
        store_batch_begin(store, STORE_SCRIPT_RESOLVE, &resolve->name, resolve->tenant);
    store_batch_add_identity(store, command, &resolve->name);
    store_command_add_unsigned(command, resolve->as);
    store_command_add(command, resolve->reason);
    struct buffer *packed = store_command_scratch(command);
    for (size_t i = 0; resolve->positions != NULL && i < resolve->count; i++) {
        char bytes[2];
        bytes_put_u16(bytes, resolve->positions[i]);
        buffer_append(packed, bytes, sizeof bytes);
    }
    store_command_add_scratch(command);
    store_send(store, STORE_LINK_WRITE, store_batch_on_changed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static int read_doubts(const redisReply *reply, struct store_doubt *ret_doubts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t time = 0;
        if (store_keys_parse_member(store_reply_text(store_reply_at(reply, 2 * i)),
                                    ret_doubts[i].name.campaign, &ret_doubts[i].name.number) != 0 ||
            text_to_u64(store_reply_text(store_reply_at(reply, 2 * i + 1)), INT64_MAX, &time) !=
                0) {
            return -EPROTO;
        }
        ret_doubts[i].resolve_unix_s = (int64_t)time;
    }
    return 0;
}

static void on_doubts(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = error == 0 ? store_reply_count(reply) / 2 : 0;
    if (count > call->number) {
        error = -EPROTO;
        count = 0;
    }
    struct store_doubt *doubts = xalloc_zero(count + 1, sizeof *doubts);
    error = error == 0 ? read_doubts(reply, doubts, count) : error;
    ((store_doubt_list_fn *)call->on_answer)(call->context, error, doubts, error == 0 ? count : 0);
    free(doubts);
    free(call);
}

void store_doubt_list(struct store *store, const struct store_doubt_range *range,
                      store_doubt_list_fn *on_answer, void *context)
{
    assert(range->limit <= UINT32_MAX);
    struct store_command *command = store_command_of(store);
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    call->number = (uint32_t)range->limit;
    store_command_begin(command, "ZRANGE");
    store_keys_doubt(store_command_scratch(command), store_prefix(store), range->partition);
    store_command_add_scratch(command);
    store_command_add_number(command, range->from_unix_s);
    store_command_add_number(command, range->to_unix_s);
    store_command_add_string(command, "BYSCORE");
    store_command_add_string(command, "LIMIT");
    store_command_add_string(command, "0");
    store_command_add_unsigned(command, range->limit);
    store_command_add_string(command, "WITHSCORES");
    store_send(store, STORE_LINK_READ, on_doubts, call);
}
