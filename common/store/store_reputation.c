#include "common/store/store_reputation.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIELDS_MAX 20000

static void on_done(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    ((store_reputation_done_fn *)call->on_answer)(call->context, error);
    free(call);
}

static void add_key(struct store *store, const struct store_reputation_name *name)
{
    struct store_command *command = store_command_of(store);
    struct buffer *key = store_command_scratch(command);
    if (name->ip.size > 0) {
        store_keys_reputation_ip(key, store_prefix(store), name->ip);
    } else {
        store_keys_reputation_domain(key, store_prefix(store), name->tenant, name->domain);
    }
    store_command_add_scratch(command);
}

void store_reputation_add(struct store *store, const struct store_reputation_addition *addition,
                          store_reputation_done_fn *on_answer, void *context)
{
    assert(addition->count > 0 && addition->count <= STORE_REPUTATION_SITES_MAX);
    struct store_command *command = store_begin(store, STORE_SCRIPT_REPUTATION, 1);
    add_key(store, &addition->name);
    store_command_add_string(command, store_session_id(store));
    store_command_add_unsigned(command, addition->number);
    for (size_t i = 0; i < addition->count; i++) {
        store_command_add(command, addition->sites[i].site);
        store_command_add(command, addition->sites[i].counts);
    }
    /* Neither flushes nor renewals wait for it. */
    store_send(store, STORE_LINK_READ, on_done,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* "h495000|google" @return whether it is a bucket */
static bool read_bucket(struct text field, struct text value,
                        struct store_reputation_bucket *bucket)
{
    bool is_day = field.size > 0 && field.data[0] == 'd';
    size_t bar = text_find(field, '|');
    if (bar == field.size || (field.data[0] != 'h' && !is_day) ||
        text_to_u64((struct text){field.data + 1, bar - 1}, UINT32_MAX, &bucket->number) != 0) {
        return false;
    }
    bucket->is_day = is_day;
    bucket->site = text_skip(field, bar + 1);
    bucket->counts = value;
    return true;
}

static void on_read(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t fields = error == 0 ? store_reply_count(reply) : 0;
    size_t count = 0;
    if (fields > FIELDS_MAX) {
        error = -EPROTO;
        fields = 0;
    }
    struct store_reputation_bucket *buckets = xalloc_zero(fields / 2 + 1, sizeof *buckets);
    for (size_t i = 0; i + 1 < fields; i += 2) {
        count += read_bucket(store_reply_text(store_reply_at(reply, i)),
                             store_reply_text(store_reply_at(reply, i + 1)), &buckets[count])
                     ? 1
                     : 0;
    }
    ((store_reputation_read_fn *)call->on_answer)(call->context, error, buckets, count);
    free(buckets);
    free(call);
}

void store_reputation_read(struct store *store, const struct store_reputation_name *name,
                           store_reputation_read_fn *on_answer, void *context)
{
    store_command_begin(store_command_of(store), "HGETALL");
    add_key(store, name);
    store_send(store, STORE_LINK_READ, on_read,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
