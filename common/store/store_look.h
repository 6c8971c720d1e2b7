/* What Why and Forecast look at: state that others write, read and never changed. */
#ifndef HIKYAKU_COMMON_STORE_STORE_LOOK_H
#define HIKYAKU_COMMON_STORE_STORE_LOOK_H

#include "common/store/store_batch.h"
#include "common/store/store_ip_sites.h"
#include "common/store/store_tokens.h"

/** A batch and one of its rows, as they stand. */
struct store_look_row {
    struct row row;
    struct text provider; /* key of the table, or empty */
    struct text group;    /* as in struct store_due */
    char session[33];     /* of the worker that holds it; empty: free */
    int64_t claimed_unix_s;
    int64_t due_unix_s;      /* of the free batch; 0: it is not in the index */
    int64_t expires_unix_ms; /* its own (containers); 0: the campaign's */
    uint32_t rows;
    uint32_t deaths;
};
/** @param error  0; -ENOENT (no such batch or position, or its rows are gone); -EPROTO; -EAGAIN,
 *                -ECONNRESET
 *  @param look   valid during the call, with 0 only */
typedef void store_look_row_fn(void *context, int error, const struct store_look_row *look);
void store_look_row(struct store *store, const struct store_batch_name *name, uint32_t position,
                    store_look_row_fn *on_answer, void *context);

/** Messages of a shared limit that count now, by lane: on their way, or ended within the window. */
struct store_look_tokens {
    uint64_t used[STORE_TOKENS_LANES];
    int64_t frees_unix_ms; /* when the first of them stop counting; 0: all are on their way */
};
/** @param error  0; -EINVAL (of another format); -EPROTO; -EAGAIN, -ECONNRESET */
typedef void store_look_tokens_fn(void *context, int error, const struct store_look_tokens *look);
void store_look_tokens(struct store *store, const struct store_tokens_name *name,
                       uint64_t window_ms, store_look_tokens_fn *on_answer, void *context);
/**
 * The same from the fields of the hash, as the script counts them. Pure.
 * @param fields  names and values in turn; outside bytes
 * @return 0 or -EINVAL (of another format)
 */
MUST_USE int store_look_tokens_count(const struct text *fields, size_t count, uint64_t window_ms,
                                     int64_t now_unix_ms, struct store_look_tokens *ret_look);

#define STORE_LOOK_SITES_MAX 64
struct store_look_sites {
    struct text ip;
    const char *part; /* "paths" or "warm" */
    const struct text *sites;
    size_t count; /* at least 1 */
};
/** What is remembered of an IP for some sites: `state` is empty where nothing is.
 *  @callback on_answer  as many sites as were asked for, in their order */
void store_look_sites(struct store *store, const struct store_look_sites *look,
                      store_ip_sites_fn *on_answer, void *context);

#endif
