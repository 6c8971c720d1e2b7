#include "common/store/store_retention.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char batch_parts[] = {'h', 'r', 'b', 'f'};

static void on_ids(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = error == 0 ? store_reply_count(reply) : 0;
    if (count > call->number) {
        error = -EPROTO;
        count = 0;
    }
    unsigned char(*ids)[16] = xalloc_zero(count + 1, sizeof *ids);
    for (size_t i = 0; i < count && error == 0; i++) {
        struct text id = store_reply_text(store_reply_at(reply, i));
        if (id.size == sizeof *ids) {
            memcpy(ids[i], id.data, sizeof *ids);
        } else {
            error = -EPROTO;
        }
    }
    ((store_campaign_ids_fn *)call->on_answer)(
        call->context, error, (const unsigned char(*)[16])ids, error == 0 ? count : 0);
    free(ids);
    free(call);
}

void store_retention_list(struct store *store, unsigned int partition, size_t first, size_t count,
                          store_campaign_ids_fn *on_answer, void *context)
{
    assert(count > 0 && count <= UINT32_MAX);
    struct store_command *command = store_command_of(store);
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    call->number = (uint32_t)count;
    store_command_begin(command, "ZRANGE");
    store_keys_all(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    store_command_add_unsigned(command, first);
    store_command_add_unsigned(command, first + count - 1);
    store_send(store, STORE_LINK_READ, on_ids, call);
}

static void on_count(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    uint64_t count = error == 0 ? store_reply_number(reply) : 0;
    ((store_retention_counted_fn *)call->on_answer)(call->context, error, count);
    free(call);
}

void store_retention_count(struct store *store, unsigned int partition,
                           const struct store_retention_count *range,
                           store_retention_counted_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "ZCOUNT");
    store_keys_all(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    store_command_add_number(command, range->from_unix_ms);
    store_command_add_number(command, range->to_unix_ms);
    store_send(store, STORE_LINK_WRITE, on_count,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* Pieces */

static void on_dropped(void *object, int error, const redisReply *reply)
{
    (void)reply;
    struct store_call *call = object;
    ((store_retention_done_fn *)call->on_answer)(call->context, error);
    free(call);
}

static void drop(struct store *store, store_retention_done_fn *on_done, void *context)
{
    store_send(store, STORE_LINK_WRITE, on_dropped,
               store_call_create(store, STORE_ANSWER(on_done), context));
}

void store_retention_drop_buckets(struct store *store, const unsigned char campaign[16],
                                  uint32_t first, uint32_t count, store_retention_done_fn *on_done,
                                  void *context)
{
    assert(count > 0 && count <= STORE_RETENTION_PIECE);
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "UNLINK");
    for (uint32_t i = 0; i < count; i++) {
        store_keys_duplicates(store_command_scratch(command), store_prefix(store), campaign,
                              first + i);
        store_command_add_scratch(command);
    }
    drop(store, on_done, context);
}

void store_retention_drop_answers(struct store *store, const unsigned char campaign[16],
                                  const uint32_t *chunks, size_t count,
                                  store_retention_done_fn *on_done, void *context)
{
    assert(count > 0 && count <= STORE_RETENTION_PIECE);
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "HDEL");
    store_add_campaign_key(store, campaign, "parts");
    for (size_t i = 0; i < count; i++) {
        char field[16];
        (void)snprintf(field, sizeof field, "a%u", chunks[i]);
        store_command_add_string(command, field);
    }
    drop(store, on_done, context);
}

static void on_ignored(void *object, int error, const redisReply *reply)
{
    (void)object;
    (void)error; /* the call behind it fails as well, and is repeated with this one */
    (void)reply;
}

void store_retention_drop_batches(struct store *store, const unsigned char campaign[16],
                                  uint32_t first, uint32_t count, store_retention_done_fn *on_done,
                                  void *context)
{
    assert(count > 0 && count <= STORE_RETENTION_PIECE);
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "ZREM");
    store_keys_doubt(store_command_scratch(command), store_prefix(store),
                     store_keys_partition(campaign));
    store_command_add_scratch(command);
    for (uint32_t i = 0; i < count; i++) {
        store_keys_member(store_command_scratch(command), campaign, first + i);
        store_command_add_scratch(command);
    }
    store_send(store, STORE_LINK_WRITE, on_ignored, NULL);
    store_command_begin(command, "UNLINK");
    for (uint32_t i = 0; i < count * sizeof batch_parts; i++) {
        store_add_batch_key(store, campaign, first + i / (uint32_t)sizeof batch_parts,
                            batch_parts[i % sizeof batch_parts]);
    }
    drop(store, on_done, context);
}

/* Scripts */

static void on_shed(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    ((store_retention_done_fn *)call->on_answer)(call->context, error);
    free(call);
}

void store_retention_shed(struct store *store, const unsigned char campaign[16],
                          enum store_shed step, uint64_t stub_s, store_retention_done_fn *on_done,
                          void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_SHED, 7);
    store_add_campaign_key(store, campaign, NULL);
    store_keys_all(store_command_scratch(command), store_prefix(store),
                   store_keys_partition(campaign));
    store_command_add_scratch(command);
    store_add_campaign_key(store, campaign, "content");
    store_add_campaign_key(store, campaign, "chunks");
    store_add_campaign_key(store, campaign, "parts");
    store_add_campaign_key(store, campaign, "due");
    store_add_campaign_key(store, campaign, "approval");
    store_command_add(command, (struct text){(const char *)campaign, 16});
    store_command_add_unsigned(command, step);
    store_command_add_unsigned(command, stub_s);
    store_send(store, STORE_LINK_WRITE, on_shed,
               store_call_create(store, STORE_ANSWER(on_done), context));
}

static void on_trimmed(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    uint64_t old = error == 0 ? store_reply_number(store_reply_at(reply, 1)) : 0;
    uint64_t large = error == 0 ? store_reply_number(store_reply_at(reply, 2)) : 0;
    ((store_retention_trimmed_fn *)call->on_answer)(call->context, error, old, large);
    free(call);
}

void store_retention_trim(struct store *store, const struct store_retention_trim *trim,
                          store_retention_trimmed_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_TRIM, 3);
    store_keys_events(store_command_scratch(command), store_prefix(store), trim->partition,
                      trim->tenant);
    store_command_add_scratch(command);
    store_keys_generation(store_command_scratch(command), store_prefix(store), trim->partition);
    store_command_add_scratch(command);
    store_keys_marks(store_command_scratch(command), store_prefix(store), trim->partition,
                     trim->tenant);
    store_command_add_scratch(command);
    store_command_add_unsigned(command, trim->keep_ms);
    store_command_add_unsigned(command, trim->mark_ms);
    store_command_add_unsigned(command, trim->bytes_max);
    store_send(store, STORE_LINK_WRITE, on_trimmed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
