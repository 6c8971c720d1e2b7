/* Loads a backup into an empty Redis, key by key. Who drives the cluster sees the mark `restored`
 * first, and lets it be until an operator has decided (store_restored.h).
 *
 * Needs INFO, DBSIZE, RESTORE, HSET, HGET, HMGET, HGETALL, EXISTS and ZRANGE on <prefix>:*. */
#ifndef HIKYAKU_COMMON_STORE_STORE_LOAD_H
#define HIKYAKU_COMMON_STORE_STORE_LOAD_H

#include "common/store/store_direct.h"

struct store_load;

struct store_load_settings {
    const char *prefix;
    unsigned char id[16]; /* of the backup */
    int64_t taken_unix_ms;
};

/**
 * Look whether Redis is empty, or holds the same backup half loaded, and mark it LOADING.
 * @return 0; -EEXIST (it holds something else: the problem says what); others as
 * store_direct_open()
 */
MUST_USE int store_load_begin(struct store_direct *direct,
                              const struct store_load_settings *settings,
                              struct store_load **ret_load, struct problem *problem);
/**
 * Load one key; answers are looked at later. What tells of processes that lived then is left out.
 * @param payload  what RESTORE takes (common/backup). @param ret_is_loaded  false: left out
 * @return 0, or an error of this or an earlier key, with a problem
 */
MUST_USE int store_load_key(struct store_load *load, struct text key, int64_t expires_unix_ms,
                            struct text payload, bool *ret_is_loaded, struct problem *problem);
/** The last key was given: all answers, then the mark WAITING. */
MUST_USE int store_load_end(struct store_load *load, int64_t now_unix_ms, struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void store_load_close(struct store_load **load);

#define STORE_LOAD_MONTHS_MAX 1200
/** A month whose key is needed to read campaigns. */
struct store_load_month {
    uint32_t month; /* 202611 */
    uint64_t campaigns;
};
/** Which month keys the loaded campaigns need, ascending. @param ret_months  STORE_LOAD_MONTHS_MAX
 */
MUST_USE int store_load_months(struct store_load *load, struct store_load_month *ret_months,
                               size_t *ret_count, struct problem *problem);

#endif
