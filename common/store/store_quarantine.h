/* Quarantine: recipients, and campaigns, that killed workers and wait for a person.
 *
 * A batch whose claims died twice is suspect: workers claim it alone and in parts of 50, then 5,
 * then 1 (store_batch.h). The third death of a row puts it under QUARANTINED: its time is
 * ROWS_DUE_NEVER until somebody decides; it expires and is cancelled as any other. Three batches of
 * which a part died stop their campaign: PAUSED, under QUARANTINED. */
#ifndef HIKYAKU_COMMON_STORE_STORE_QUARANTINE_H
#define HIKYAKU_COMMON_STORE_STORE_QUARANTINE_H

#include "common/store/store_batch.h"

/** Number of the entry in the index that means the campaign itself. */
#define STORE_QUARANTINE_CAMPAIGN UINT32_MAX

enum store_quarantine_as {
    STORE_QUARANTINE_TIDY,    /* nothing is decided; the index is put right */
    STORE_QUARANTINE_RELEASE, /* try them again, each alone: one more death brings them back */
    STORE_QUARANTINE_BOUNCE,  /* they end as FAILED */
};
struct store_quarantine {
    struct store_batch_name name;
    struct text tenant;
    enum store_quarantine_as as;
    struct text reason;        /* of the events FAILED */
    const uint16_t *positions; /* NULL: all of the batch that are under QUARANTINED */
    size_t count;
};
/** @param on_answer  -ENOENT: gone; -EBUSY: RELEASE of a cancelled campaign; -EAGAIN, ... */
void store_quarantine_decide(struct store *store, const struct store_quarantine *decision,
                             store_batch_changed_fn *on_answer, void *context);

/** An entry of a partition's index: a batch, or a campaign (STORE_QUARANTINE_CAMPAIGN). It may be
 *  out of date: what it names has nothing under QUARANTINED any more. */
struct store_quarantined {
    struct store_batch_name name;
    int64_t since_unix_s;
};
struct store_quarantine_range {
    unsigned int partition;
    int64_t from_unix_s;
    size_t limit;
};
/** @callback on_answer  ascending by (time, name as text) */
typedef void store_quarantine_list_fn(void *context, int error,
                                      const struct store_quarantined *entries, size_t count);
void store_quarantine_list(struct store *store, const struct store_quarantine_range *range,
                           store_quarantine_list_fn *on_answer, void *context);

#endif
