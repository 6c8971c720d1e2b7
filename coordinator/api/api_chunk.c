#include "coordinator/api/api_chunk.h"

#include <string.h>

/* What is longer would cost its header the compact form. */
#define GROUP_BYTES_MAX 64

static bool is_domain(struct text key)
{
    return text_find(key, '.') < key.size;
}

void api_chunk_fill(const struct intake_settings *settings, const struct intake_result *result,
                    struct arena *arena, struct store_chunk *ret_chunk)
{
    struct store_chunk_batch *batches = arena_zero(arena, result->batch_count, sizeof *batches);
    for (size_t i = 0; i < result->batch_count; i++) {
        const struct intake_batch *batch = &result->batches[i];
        bool is_own = is_domain(batch->provider);
        batches[i] = (struct store_chunk_batch){
            .number = batch->number,
            .row_count = batch->row_count,
            /* Site counters go by provider; a domain of its own is not one. */
            .provider = is_own ? TEXT(INTAKE_MIXED) : batch->provider,
            .group = is_own && batch->provider.size <= GROUP_BYTES_MAX ? batch->provider : TEXT(""),
            .sealed_recipients = buffer_text(&batch->sealed_recipients),
            .sealed_refs = buffer_text(&batch->sealed_refs),
        };
    }
    struct store_chunk_row *rows = arena_zero(arena, result->row_count, sizeof *rows);
    for (size_t i = 0; i < result->row_count; i++) {
        rows[i] = (struct store_chunk_row){
            .hash = result->rows[i].hash,
            .bucket = result->rows[i].bucket,
            .is_duplicate = result->rows[i].is_duplicate,
        };
    }
    *ret_chunk = (struct store_chunk){
        .number = result->chunk,
        .batches = batches,
        .batch_count = result->batch_count,
        .rows = rows,
        .row_count = result->row_count,
        .rejected = result->rejected_total,
        .canary_batches = result->canary_batches,
        .looks_up_duplicates = settings->duplicates != HIKYAKU__V1__DUPLICATES__DUPLICATES_KEEP,
        .refuses_duplicates = settings->duplicates == HIKYAKU__V1__DUPLICATES__DUPLICATES_REFUSE,
        .map = result->map,
        .digest = {(const char *)result->digest, DIGEST_BYTES},
    };
    memcpy(ret_chunk->campaign, settings->campaign, sizeof ret_chunk->campaign);
}
