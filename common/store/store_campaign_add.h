/* The transition that adds a chunk of rows to a campaign. */
#ifndef HIKYAKU_COMMON_STORE_STORE_CAMPAIGN_ADD_H
#define HIKYAKU_COMMON_STORE_STORE_CAMPAIGN_ADD_H

#include "common/mail/rows.h"
#include "common/store/store.h"

/** One batch of a chunk. */
struct store_chunk_batch {
    uint32_t number; /* chunk << 16 | ordinal */
    uint32_t row_count;
    struct text provider; /* key for the site counters: a provider or "other" */
    struct text group;    /* the one domain that all of it goes to; empty: as `provider` says */
    struct text sealed_recipients;
    struct text sealed_refs;
    int64_t due_unix_s;      /* 0: at once */
    int64_t expires_unix_ms; /* containers: of the call; 0: the campaign's */
};
/** One row, in batch and row order. */
struct store_chunk_row {
    int64_t hash;
    uint32_t bucket;
    bool is_duplicate; /* inside the chunk: no look-up */
};
struct store_chunk {
    unsigned char campaign[16];
    uint32_t number;
    const struct store_chunk_batch *batches;
    size_t batch_count;
    const struct store_chunk_row *rows;
    size_t row_count;
    uint32_t rejected;
    uint32_t canary_batches;  /* of its first ones; 0: no canary is in it */
    bool looks_up_duplicates; /* false: KEEP */
    bool refuses_duplicates;  /* REFUSE: nothing is stored when one is found */
    struct text map;          /* intake_map.h */
    struct text digest;       /* 32 bytes, of the request */
    struct text answer;       /* opaque, stored for replays: the rejected rows; at most 256 KiB */
};
struct store_chunk_answer {
    uint32_t accepted;
    uint32_t duplicates;
    uint32_t rejected;
    bool is_replayed;
    struct text answer;
};
/**
 * @param error  0; -EEXIST (same number, other content); -ENOENT (no such campaign); -EBUSY (not a
 *               DRAFT); -ENOTUNIQ (REFUSE and duplicates); -ENOSPC, -EAGAIN, -ECONNRESET
 */
typedef void store_chunk_added_fn(void *context, int error,
                                  const struct store_chunk_answer *answer);
void store_campaign_add_chunk(struct store *store, const struct store_chunk *chunk,
                              store_chunk_added_fn *on_answer, void *context);

#endif
