/* Suppression lists: of a tenant, by stream, one field a person under a keyed hash, in buckets so
 * small that Redis packs them. What stands there is common/policy/suppression_record.h's. Each
 * change is told in a log of the tenant, numbered without a gap. */
#ifndef HIKYAKU_COMMON_STORE_STORE_SUPPRESSION_H
#define HIKYAKU_COMMON_STORE_STORE_SUPPRESSION_H

#include "common/store/store.h"

#define STORE_SUPPRESSION_HASH_BYTES 16
#define STORE_SUPPRESSION_BUCKETS 16384
/** Entries of one call. */
#define STORE_SUPPRESSIONS_MAX 500
/** Entries of a list, and lists of a tenant. */
#define STORE_SUPPRESSION_ENTRIES_MAX 20000000
#define STORE_SUPPRESSION_LISTS_MAX 200
/** The list of all streams. */
#define STORE_SUPPRESSION_ALL "*"

struct store_suppression_list {
    struct text tenant;
    struct text stream;
};

struct store_suppression {
    unsigned char hash[STORE_SUPPRESSION_HASH_BYTES];
    struct text record; /* lifting: its reason is what is lifted, 0: all */
};

/** What became of an entry. */
enum store_suppression_status {
    STORE_SUPPRESSION_CHANGED = 'n', /* added, or lifted */
    STORE_SUPPRESSION_KNOWN = 'k',   /* it stood there */
    STORE_SUPPRESSION_LIFTED = 'l',  /* lifted since the time of the record: stays so */
    STORE_SUPPRESSION_GONE = 'g',    /* nothing to lift */
    STORE_SUPPRESSION_ERASED = 'e',  /* nobody lifts that */
    STORE_SUPPRESSION_BAD = 'b',     /* what stands there cannot be read */
};
/** @param error     0; -ENOSPC (too many entries or lists); -EINVAL (of another format); -EAGAIN,
 *                   -ECONNRESET: all of it may be repeated
 *  @param statuses  one letter an entry (enum store_suppression_status); valid during the call */
typedef void store_suppression_done_fn(void *context, int error, struct text statuses);
/** @param count  1..STORE_SUPPRESSIONS_MAX */
void store_suppression_add(struct store *store, const struct store_suppression_list *list,
                           const struct store_suppression *entries, size_t count,
                           store_suppression_done_fn *on_answer, void *context);
void store_suppression_lift(struct store *store, const struct store_suppression_list *list,
                            const struct store_suppression *entries, size_t count,
                            store_suppression_done_fn *on_answer, void *context);

/** An address that stands on a list. Valid during the call. */
struct store_suppression_hit {
    size_t position; /* in the hashes asked for */
    bool is_of_all;  /* on the list of all streams */
    struct text value;
};
/** @param number  of the last change: what comes later is told by store_suppression_news() */
typedef void store_suppression_found_fn(void *context, int error, uint64_t number,
                                        const struct store_suppression_hit *hits, size_t count);
/** Which of these stand on the list, or on that of all streams? One round trip.
 *  @param hashes  16 bytes each, 1..STORE_SUPPRESSIONS_MAX of them */
void store_suppression_find(struct store *store, const struct store_suppression_list *list,
                            struct text hashes, store_suppression_found_fn *on_answer,
                            void *context);

/** Addresses that were added under one number. */
struct store_suppression_news {
    uint64_t number;
    struct text stream;
    struct text added; /* hash and reason, 17 bytes each */
};
#define STORE_SUPPRESSION_NEWS_BYTES (STORE_SUPPRESSION_HASH_BYTES + 1)
/** @param is_whole  nothing between `after` and these is missing */
typedef void store_suppression_news_fn(void *context, int error, bool is_whole,
                                       const struct store_suppression_news *news, size_t count);
/** What was added behind a number, in order, at most STORE_SUPPRESSION_NEWS_MAX. */
#define STORE_SUPPRESSION_NEWS_MAX 200
void store_suppression_read_news(struct store *store, struct text tenant, uint64_t after,
                                 store_suppression_news_fn *on_answer, void *context);

struct store_suppression_entry {
    unsigned char hash[STORE_SUPPRESSION_HASH_BYTES];
    struct text value;
};
/** @param next  the bucket that follows; STORE_SUPPRESSION_BUCKETS: that was all */
typedef void store_suppression_page_fn(void *context, int error, uint32_t next,
                                       const struct store_suppression_entry *entries, size_t count);
/** Entries of a list from a bucket on; `enough` of them, then whole buckets, or none of 256. */
void store_suppression_page(struct store *store, const struct store_suppression_list *list,
                            uint32_t bucket, uint32_t enough, store_suppression_page_fn *on_answer,
                            void *context);

struct store_suppression_count {
    struct text stream;
    uint64_t entries; /* lifted ones among them, until they are forgotten */
};
typedef void store_suppression_counts_fn(void *context, int error,
                                         const struct store_suppression_count *counts,
                                         size_t count);
/** The lists of a tenant. */
void store_suppression_counts(struct store *store, struct text tenant,
                              store_suppression_counts_fn *on_answer, void *context);

#endif
