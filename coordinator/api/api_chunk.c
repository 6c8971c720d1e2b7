#include "coordinator/api/api_chunk.h"

#include <string.h>

/* Site counters go by provider; a domain of its own is not one. */
static struct text site_of(struct text provider)
{
    bool is_domain = text_find(provider, '.') < provider.size;
    return is_domain ? TEXT(INTAKE_MIXED) : provider;
}

void api_chunk_fill(const struct intake_settings *settings, const struct intake_result *result,
                    struct arena *arena, struct store_chunk *ret_chunk)
{
    struct store_chunk_batch *batches = arena_zero(arena, result->batch_count, sizeof *batches);
    for (size_t i = 0; i < result->batch_count; i++) {
        const struct intake_batch *batch = &result->batches[i];
        batches[i] = (struct store_chunk_batch){
            .number = batch->number,
            .row_count = batch->row_count,
            .provider = site_of(batch->provider),
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
