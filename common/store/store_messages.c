#include "common/store/store_messages.h"

#include "common/store/store_chunk.h"
#include "common/store/store_keys.h"
#include "common/store/store_marker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAY_SECONDS 86400
#define DAYS_ADD 4  /* today and the 3 days before */
#define DAYS_FIND 5 /* and tomorrow: clocks differ */

static uint32_t today(const struct store *store)
{
    return (uint32_t)(store_now_unix_ms(store) / 1000 / DAY_SECONDS);
}

static void add_day_keys(struct store *store, unsigned int partition, uint32_t last_day,
                         unsigned int days, unsigned char bucket)
{
    struct store_command *command = store_command_of(store);
    for (unsigned int i = 0; i < days; i++) {
        store_keys_idempotency(store_command_scratch(command), store_prefix(store), partition,
                               last_day - i, bucket);
        store_command_add_scratch(command);
    }
}

static struct text hash_text(const unsigned char *hash)
{
    return (struct text){(const char *)hash, STORE_MESSAGE_KEY_HASH_BYTES};
}

/* Find */

struct find_call {
    store_messages_found_fn *on_answer;
    void *context;
    size_t count;
    struct store_message found[]; /* hashes as asked for */
};

static int read_found(struct find_call *call, const redisReply *records)
{
    if (store_reply_count(records) != call->count) {
        return -EPROTO;
    }
    for (size_t i = 0; i < call->count; i++) {
        struct text record = store_reply_text(store_reply_at(records, i));
        if (record.size > 0 && store_marker_read_message(record, &call->found[i]) != 0) {
            return -EPROTO;
        }
    }
    return 0;
}

static void on_found(void *object, int error, const redisReply *reply)
{
    struct find_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    error = error == 0 ? read_found(call, store_reply_at(reply, 1)) : error;
    call->on_answer(call->context, error, call->found, error == 0 ? call->count : 0);
    free(call);
}

void store_messages_find(struct store *store, unsigned int partition,
                         const unsigned char (*key_hashes)[STORE_MESSAGE_KEY_HASH_BYTES],
                         size_t count, store_messages_found_fn *on_answer, void *context)
{
    struct find_call *call = xalloc_zero(1, sizeof(*call) + count * sizeof(call->found[0]));
    call->on_answer = on_answer;
    call->context = context;
    call->count = count;
    struct store_command *command =
        store_begin(store, STORE_SCRIPT_MESSAGES_FIND, DAYS_FIND * count);
    for (size_t i = 0; i < count; i++) {
        memcpy(call->found[i].key_hash, key_hashes[i], STORE_MESSAGE_KEY_HASH_BYTES);
        add_day_keys(store, partition, today(store) + 1, DAYS_FIND, key_hashes[i][0]);
    }
    for (size_t i = 0; i < count; i++) {
        store_command_add(command, hash_text(key_hashes[i]));
    }
    /* What is found is acknowledged as stored. */
    store_send(store, store_durable_kind(store, STORE_LINK_READ), on_found, call);
}

/* Reserve */

static void on_reserved(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    uint32_t chunk = (uint32_t)store_reply_number(store_reply_at(reply, 1));
    ((store_messages_reserved_fn *)call->on_answer)(call->context, error, chunk);
    free(call);
}

void store_messages_reserve(struct store *store, const unsigned char container[16],
                            store_messages_reserved_fn *on_answer, void *context)
{
    (void)store_begin(store, STORE_SCRIPT_MESSAGES_RESERVE, 1);
    store_add_campaign_key(store, container, NULL);
    store_send(store, STORE_LINK_WRITE, on_reserved,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* Add */

static void on_added(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_chunk_answer answer;
    error = error == 0 ? store_chunk_read_answer(reply, &answer) : error;
    /* Midnight at Redis: it is not yet, or no longer, our day. Nothing was written. */
    error = error == -ERANGE ? -EAGAIN : error;
    ((store_chunk_added_fn *)call->on_answer)(call->context, error, error == 0 ? &answer : NULL);
    free(call);
}

void store_messages_add(struct store *store, const struct store_chunk *chunk,
                        const struct store_message *messages, size_t count,
                        store_chunk_added_fn *on_answer, void *context)
{
    unsigned int partition = store_keys_partition(chunk->campaign);
    uint32_t day = today(store); /* read once: midnight shall not fall between keys and argument */
    struct store_chunk_plan plan;
    store_chunk_plan(chunk, false, &plan);
    size_t keys = store_chunk_key_count(&plan) + DAYS_ADD * count;
    struct store_command *command = store_begin(store, STORE_SCRIPT_MESSAGES_ADD, keys);
    store_chunk_add_keys(store, &plan);
    for (size_t i = 0; i < count; i++) {
        add_day_keys(store, partition, day, DAYS_ADD, messages[i].key_hash[0]);
    }
    store_chunk_add_arguments(store, &plan);
    store_command_add_unsigned(command, day);
    store_command_add_unsigned(command, count);
    for (size_t i = 0; i < count; i++) {
        store_command_add(command, hash_text(messages[i].key_hash));
        store_marker_pack_message(&messages[i], store_command_scratch(command));
        store_command_add_scratch(command);
    }
    store_send(store, STORE_LINK_WRITE, on_added,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
