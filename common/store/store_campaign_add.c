#include "common/store/store_campaign_add.h"

#include "common/store/store_chunk.h"

#include <stdlib.h>

static void on_added(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_chunk_answer answer;
    error = error == 0 ? store_chunk_read_answer(reply, &answer) : error;
    ((store_chunk_added_fn *)call->on_answer)(call->context, error, error == 0 ? &answer : NULL);
    free(call);
}

void store_campaign_add_chunk(struct store *store, const struct store_chunk *chunk,
                              store_chunk_added_fn *on_answer, void *context)
{
    struct store_chunk_plan plan;
    store_chunk_plan(chunk, chunk->looks_up_duplicates, &plan);
    (void)store_begin(store, STORE_SCRIPT_ADD_CHUNK, store_chunk_key_count(&plan));
    store_chunk_add_keys(store, &plan);
    store_chunk_add_arguments(store, &plan);
    store_command_add_unsigned(store_command_of(store), chunk->canary_batches);
    store_send(store, STORE_LINK_WRITE, on_added,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
