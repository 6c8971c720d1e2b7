#include "common/store/store_quarantine.h"

#include "common/base/bytes.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void store_quarantine_add_campaign(struct store_command *command, const unsigned char campaign[16])
{
    store_keys_member(store_command_scratch(command), campaign, STORE_QUARANTINE_CAMPAIGN);
    store_command_add_scratch(command);
}

void store_quarantine_decide(struct store *store, const struct store_quarantine *decision,
                             store_batch_changed_fn *on_answer, void *context)
{
    struct store_command *command = store_batch_begin_quarantine(store, STORE_SCRIPT_QUARANTINE,
                                                                 &decision->name, decision->tenant);
    store_batch_add_identity(store, command, &decision->name);
    store_command_add_unsigned(command, decision->as);
    store_command_add(command, decision->reason);
    struct buffer *packed = store_command_scratch(command);
    for (size_t i = 0; decision->positions != NULL && i < decision->count; i++) {
        char bytes[2];
        bytes_put_u16(bytes, decision->positions[i]);
        buffer_append(packed, bytes, sizeof bytes);
    }
    store_command_add_scratch(command);
    store_send(store, STORE_LINK_WRITE, store_batch_on_changed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static int read_entries(const redisReply *reply, struct store_quarantined *ret_entries,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t time = 0;
        struct store_batch_name *name = &ret_entries[i].name;
        if (store_keys_parse_member(store_reply_text(store_reply_at(reply, 2 * i)), name->campaign,
                                    &name->number) != 0 ||
            text_to_u64(store_reply_text(store_reply_at(reply, 2 * i + 1)), INT64_MAX, &time) !=
                0) {
            return -EPROTO;
        }
        ret_entries[i].since_unix_s = (int64_t)time;
    }
    return 0;
}

static void on_entries(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = error == 0 ? store_reply_count(reply) / 2 : 0;
    if (count > call->number) {
        error = -EPROTO;
        count = 0;
    }
    struct store_quarantined *entries = xalloc_zero(count + 1, sizeof *entries);
    error = error == 0 ? read_entries(reply, entries, count) : error;
    ((store_quarantine_list_fn *)call->on_answer)(call->context, error, entries,
                                                  error == 0 ? count : 0);
    free(entries);
    free(call);
}

void store_quarantine_list(struct store *store, const struct store_quarantine_range *range,
                           store_quarantine_list_fn *on_answer, void *context)
{
    assert(range->limit <= UINT32_MAX);
    struct store_command *command = store_command_of(store);
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    call->number = (uint32_t)range->limit;
    store_command_begin(command, "ZRANGE");
    store_keys_quarantine(store_command_scratch(command), store_prefix(store), range->partition);
    store_command_add_scratch(command);
    store_command_add_number(command, range->from_unix_s);
    store_command_add_string(command, "+inf");
    store_command_add_string(command, "BYSCORE");
    store_command_add_string(command, "LIMIT");
    store_command_add_string(command, "0");
    store_command_add_unsigned(command, range->limit);
    store_command_add_string(command, "WITHSCORES");
    store_send(store, STORE_LINK_READ, on_entries, call);
}
