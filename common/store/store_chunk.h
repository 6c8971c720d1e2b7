/* What the scripts add_chunk and messages_add have in common: keys and arguments of a chunk. */
#ifndef HIKYAKU_COMMON_STORE_STORE_CHUNK_H
#define HIKYAKU_COMMON_STORE_STORE_CHUNK_H

#include "common/store/store_campaign_add.h"
#include "common/store/store_private.h"

/** The duplicate buckets that a chunk asks for: distinct, ascending. */
struct store_chunk_plan {
    const struct store_chunk *chunk; /* borrowed */
    uint32_t buckets[ROWS_PER_CHUNK];
    size_t bucket_count;
};

/** @param looks_up  of the chunk; false: there are none */
void store_chunk_plan(const struct store_chunk *chunk, bool looks_up,
                      struct store_chunk_plan *ret_plan);
/** Number of keys that store_chunk_add_keys() adds. */
size_t store_chunk_key_count(const struct store_chunk_plan *plan);
void store_chunk_add_keys(struct store *store, const struct store_chunk_plan *plan);
void store_chunk_add_arguments(struct store *store, const struct store_chunk_plan *plan);
/** Read the answer; texts are borrowed. @return 0 or what the script said */
MUST_USE int store_chunk_read_answer(const redisReply *reply,
                                     struct store_chunk_answer *ret_answer);

#endif
