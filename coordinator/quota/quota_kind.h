/* What is counted, and in which window. */
#ifndef HIKYAKU_COORDINATOR_QUOTA_QUOTA_KIND_H
#define HIKYAKU_COORDINATOR_QUOTA_QUOTA_KIND_H

#include <stdbool.h>
#include <stdint.h>

enum quota_kind { QUOTA_CALLS, QUOTA_ROWS, QUOTA_BYTES, QUOTA_CAMPAIGNS, QUOTA_KINDS };

/** One number for each kind: limits (0: none), or what a call costs. */
struct quota_amounts {
    uint64_t of[QUOTA_KINDS];
};

/** "calls", in fields and messages. */
const char *quota_kind_name(enum quota_kind kind);
/** Counted by day (UTC), else by minute. */
bool quota_kind_is_of_day(enum quota_kind kind);
/** Number of the window that a time lies in. */
uint64_t quota_kind_window(enum quota_kind kind, int64_t unix_ms);
/** Until the next window, 1 at least. */
uint64_t quota_kind_wait_ms(enum quota_kind kind, int64_t unix_ms);

#endif
