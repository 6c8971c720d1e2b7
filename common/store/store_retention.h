/* Retention: what a campaign sheds, step by step, and what event streams lose. The steps and their
 * times are coordinator/retention's matter; here each is one call that may be repeated. */
#ifndef HIKYAKU_COMMON_STORE_STORE_RETENTION_H
#define HIKYAKU_COMMON_STORE_STORE_RETENTION_H

#include "common/store/store_campaign.h"

/** How far a campaign has shrunk: `shed` of its header. Steps may be left out, they only rise. */
enum store_shed {
    STORE_SHED_NOTHING = 0,
    STORE_SHED_DUPLICATES = 1, /* after Submit: the buckets of duplicate hashes */
    STORE_SHED_ANSWERS = 2,    /* ended: answers to chunks (rejected rows) */
    STORE_SHED_ARCHIVED = 3,   /* its outcomes are in the archive, on disk */
    STORE_SHED_ROWS = 4,       /* batches, maps, markers */
    STORE_SHED_CONTENT = 5,    /* content and key: what is left is a stub */
};

typedef void store_retention_done_fn(void *context, int error);

/** Ids of a partition from the nth on, oldest first; stubs are not among them. */
void store_retention_list(struct store *store, unsigned int partition, size_t first, size_t count,
                          store_campaign_ids_fn *on_answer, void *context);

struct store_retention_count {
    int64_t from_unix_ms;
    int64_t to_unix_ms; /* inclusive */
};
/** How many campaigns of a partition were created in the range and are no stubs.
 *  @callback on_answer  with the count */
typedef void store_retention_counted_fn(void *context, int error, uint64_t count);
void store_retention_count(struct store *store, unsigned int partition,
                           const struct store_retention_count *range,
                           store_retention_counted_fn *on_answer, void *context);

/** Pieces of one call: so many keys leave at once, others get their turn between. */
#define STORE_RETENTION_PIECE 128
/** Buckets first..first+count-1 of duplicate hashes. @param count  1..STORE_RETENTION_PIECE */
void store_retention_drop_buckets(struct store *store, const unsigned char campaign[16],
                                  uint32_t first, uint32_t count, store_retention_done_fn *on_done,
                                  void *context);
/** The answers to these chunks. @param count  1..STORE_RETENTION_PIECE */
void store_retention_drop_answers(struct store *store, const unsigned char campaign[16],
                                  const uint32_t *chunks, size_t count,
                                  store_retention_done_fn *on_done, void *context);
/** Batches first..first+count-1 (numbers) with rows, refs and what is sealed of them, their doubt
 *  included. @param count  1..STORE_RETENTION_PIECE */
void store_retention_drop_batches(struct store *store, const unsigned char campaign[16],
                                  uint32_t first, uint32_t count, store_retention_done_fn *on_done,
                                  void *context);

/** The step is through: note it, free what goes as a whole. @param stub_s  how long the stub lives
 *  (CONTENT). @param error  0 (also when it was noted before), -ENOENT, -EBUSY (state) */
void store_retention_shed(struct store *store, const unsigned char campaign[16],
                          enum store_shed step, uint64_t stub_s, store_retention_done_fn *on_done,
                          void *context);

struct store_retention_trim {
    unsigned int partition;
    struct text tenant;
    uint64_t keep_ms;
    uint64_t mark_ms;   /* how exact `keep_ms` is */
    uint64_t bytes_max; /* of the stream */
};
/** @callback on_answer  entries trimmed for their age, and for the stream's size */
typedef void store_retention_trimmed_fn(void *context, int error, uint64_t old, uint64_t large);
void store_retention_trim(struct store *store, const struct store_retention_trim *trim,
                          store_retention_trimmed_fn *on_answer, void *context);

#endif
