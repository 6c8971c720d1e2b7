/* Counts of what receivers say of a sending IP or From domain, in buckets of hours and days. What
 * they mean is common/policy's (reputation.h). */
#ifndef HIKYAKU_COMMON_STORE_STORE_REPUTATION_H
#define HIKYAKU_COMMON_STORE_STORE_REPUTATION_H

#include "common/store/store.h"

/** Sites of one call. */
#define STORE_REPUTATION_SITES_MAX 65

/** Of whom: a sending IP, or a tenant's From domain. */
struct store_reputation_name {
    struct text ip;     /* empty: the domain */
    struct text tenant; /* of the domain */
    struct text domain;
};

struct store_reputation_site {
    struct text site;   /* without '|' */
    struct text counts; /* numbers with spaces */
};

/** @param error  0; -EAGAIN, -ECONNRESET: add the same again, under the same number */
typedef void store_reputation_done_fn(void *context, int error);
struct store_reputation_addition {
    struct store_reputation_name name;
    uint64_t number; /* rises with each addition of this session to this name */
    const struct store_reputation_site *sites;
    size_t count; /* 1..STORE_REPUTATION_SITES_MAX */
};
void store_reputation_add(struct store *store, const struct store_reputation_addition *addition,
                          store_reputation_done_fn *on_answer, void *context);

struct store_reputation_bucket {
    bool is_day;
    uint64_t number; /* of the hour or day since 1970 */
    struct text site;
    struct text counts; /* outside bytes */
};
/** @param error  0, -EPROTO, -EAGAIN, -ECONNRESET. @param buckets  valid during the call */
typedef void store_reputation_read_fn(void *context, int error,
                                      const struct store_reputation_bucket *buckets, size_t count);
void store_reputation_read(struct store *store, const struct store_reputation_name *name,
                           store_reputation_read_fn *on_answer, void *context);

#endif
