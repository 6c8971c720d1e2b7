/* A connection to Redis that waits for each answer: for the command line, which has no loop. What
 * is dumped and loaded through it: store_dump.h, store_load.h. */
#ifndef HIKYAKU_COMMON_STORE_STORE_DIRECT_H
#define HIKYAKU_COMMON_STORE_STORE_DIRECT_H

#include "common/base/problem.h"

#include <stdint.h>

struct store_direct;

struct store_direct_settings {
    const char *endpoint; /* as of struct store_settings */
    const char *user;     /* NULL: the default user */
    struct text password; /* secret; empty: no AUTH */
    uint32_t database;
    uint64_t timeout_ms; /* of one answer; 0: 30 s */
};

/** @return 0; -EINVAL (endpoint); -ECONNREFUSED (not reached); -EACCES (user, password, rights);
 *          -EAGAIN (not now: loading, busy); -EIO; with a problem */
MUST_USE int store_direct_open(const struct store_direct_settings *settings,
                               struct store_direct **ret_direct, struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void store_direct_close(struct store_direct **direct);

#endif
