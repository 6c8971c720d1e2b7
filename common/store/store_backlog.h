/* What waits while a connection is young: after an outage every process has much to say at once,
 * and Redis has just come back. For a while few commands may be unanswered; the rest stands here
 * in its order. Pure. Internal to this folder. */
#ifndef HIKYAKU_COMMON_STORE_STORE_BACKLOG_H
#define HIKYAKU_COMMON_STORE_STORE_BACKLOG_H

#include "common/base/text.h"

#include <stdbool.h>
#include <stdint.h>

/** Unanswered commands of a young connection. */
#define STORE_BACKLOG_OUTSTANDING 4
/** A connection is young for so long, and as long as something waits, */
#define STORE_BACKLOG_LEAST_MS 1000
/** but no longer than this. */
#define STORE_BACKLOG_MOST_MS 10000

/** One command that waits. Freed by whoever takes it. */
struct store_backlog_item {
    struct store_backlog_item *next;
    void *call;
    size_t size;
    char bytes[];
};

/** All zero: of a connection that is not young. */
struct store_backlog {
    struct store_backlog_item *first;
    struct store_backlog_item *last;
    uint64_t since_ms;
    bool is_young;
};

void store_backlog_begin(struct store_backlog *backlog, uint64_t now_ms);
/** Must a new command wait? @param outstanding  commands without answer */
bool store_backlog_holds(const struct store_backlog *backlog, size_t outstanding);
/** @param command  copied */
void store_backlog_add(struct store_backlog *backlog, struct text command, void *call);
/** The next that may be sent now. @return owned by the caller; NULL: none */
struct store_backlog_item *store_backlog_take(struct store_backlog *backlog, size_t outstanding,
                                              uint64_t now_ms);
/** The connection is lost. @return what waited, in order, one at a time; owned; NULL: no more */
struct store_backlog_item *store_backlog_give_up(struct store_backlog *backlog);

#endif
