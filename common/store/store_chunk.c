#include "common/store/store_chunk.h"

#include "common/base/bytes.h"
#include "common/store/store_keys.h"
#include "common/store/store_marker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIXED_KEYS 4
#define KEYS_OF_BATCH 4
#define IN_CHUNK 0xffff /* instead of a bucket: a duplicate inside the chunk */

static int compare_numbers(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

void store_chunk_plan(const struct store_chunk *chunk, bool looks_up,
                      struct store_chunk_plan *ret_plan)
{
    /* cppcheck-suppress ctuuninitvar ; it is an output */
    uint32_t *buckets = ret_plan->buckets;
    size_t all = 0;
    assert(chunk->row_count <= ROWS_PER_CHUNK);
    for (size_t i = 0; looks_up && i < chunk->row_count; i++) {
        if (!chunk->rows[i].is_duplicate) {
            buckets[all++] = chunk->rows[i].bucket;
        }
    }
    qsort(buckets, all, sizeof(buckets[0]), compare_numbers);
    size_t count = 0;
    for (size_t i = 0; i < all; i++) {
        if (count == 0 || buckets[i] != buckets[count - 1]) {
            buckets[count++] = buckets[i];
        }
    }
    ret_plan->chunk = chunk;
    ret_plan->bucket_count = count;
}

size_t store_chunk_key_count(const struct store_chunk_plan *plan)
{
    return FIXED_KEYS + KEYS_OF_BATCH * plan->chunk->batch_count + plan->bucket_count;
}

void store_chunk_add_keys(struct store *store, const struct store_chunk_plan *plan)
{
    static const char parts[KEYS_OF_BATCH] = {'h', 'r', 'b', 'f'};
    const struct store_chunk *chunk = plan->chunk;
    struct store_command *command = store_command_of(store);
    store_add_campaign_key(store, chunk->campaign, NULL);
    store_add_campaign_key(store, chunk->campaign, "chunks");
    store_add_campaign_key(store, chunk->campaign, "parts");
    store_add_campaign_key(store, chunk->campaign, "due");
    for (size_t i = 0; i < chunk->batch_count; i++) {
        for (size_t part = 0; part < KEYS_OF_BATCH; part++) {
            store_add_batch_key(store, chunk->campaign, chunk->batches[i].number, parts[part]);
        }
    }
    for (size_t i = 0; i < plan->bucket_count; i++) {
        store_keys_duplicates(store_command_scratch(command), store_prefix(store), chunk->campaign,
                              plan->buckets[i]);
        store_command_add_scratch(command);
    }
}

/* Of each row, which of the bucket keys is asked. */
static void add_bucket_places(struct store_command *command, const struct store_chunk_plan *plan)
{
    struct buffer *out = store_command_scratch(command);
    for (size_t i = 0; i < plan->chunk->row_count; i++) {
        const struct store_chunk_row *row = &plan->chunk->rows[i];
        uint16_t place = row->is_duplicate ? IN_CHUNK : 0;
        if (!row->is_duplicate && plan->bucket_count > 0) {
            const uint32_t *found = bsearch(&row->bucket, plan->buckets, plan->bucket_count,
                                            sizeof(plan->buckets[0]), compare_numbers);
            place = (uint16_t)(found - plan->buckets);
        }
        char bytes[2];
        bytes_put_u16(bytes, place);
        buffer_append(out, bytes, sizeof(bytes));
    }
    store_command_add_scratch(command);
}

void store_chunk_add_arguments(struct store *store, const struct store_chunk_plan *plan)
{
    const struct store_chunk *chunk = plan->chunk;
    bool looks_up = plan->bucket_count > 0;
    struct store_command *command = store_command_of(store);
    store_command_add_unsigned(command, chunk->number);
    store_command_add(command, chunk->digest);
    store_command_add_unsigned(command, chunk->rejected);
    store_command_add_string(command, looks_up ? "1" : "0");
    store_command_add_string(command, chunk->refuses_duplicates ? "1" : "0");
    store_command_add(command, chunk->answer);
    store_command_add(command, chunk->map);
    store_command_add_unsigned(command, chunk->batch_count);
    store_command_add_unsigned(command, chunk->row_count);
    add_bucket_places(command, plan);
    for (size_t i = 0; i < chunk->batch_count; i++) {
        const struct store_chunk_batch *batch = &chunk->batches[i];
        store_command_add_unsigned(command, batch->number);
        store_command_add_unsigned(command, batch->row_count);
        store_command_add(command, batch->provider);
        store_command_add(command, batch->sealed_recipients);
        store_command_add(command, batch->sealed_refs);
        store_command_add_number(command, batch->due_unix_s);
        store_command_add_number(command, batch->expires_unix_ms);
        store_command_add(command, batch->group);
    }
    for (size_t i = 0; looks_up && i < chunk->row_count; i++) {
        store_command_add_number(command, chunk->rows[i].hash);
    }
}

int store_chunk_read_answer(const redisReply *reply, struct store_chunk_answer *ret_answer)
{
    struct store_marker marker;
    int status = store_reply_status(reply);
    if (status != 0) {
        return status;
    }
    if (store_marker_read(store_reply_text(store_reply_at(reply, 2)), &marker) != 0) {
        return -EPROTO;
    }
    *ret_answer = (struct store_chunk_answer){
        .accepted = marker.accepted,
        .duplicates = marker.duplicates,
        .rejected = marker.rejected,
        .is_replayed = store_reply_number(store_reply_at(reply, 1)) == 1,
        .answer = store_reply_text(store_reply_at(reply, 3)),
    };
    return 0;
}
