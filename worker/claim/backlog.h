/* What is in hand for each group (the provider or domain of a batch) and how fast it leaves, so
 * that no slow one takes all places of the worker. Pure.
 *
 * A group may have as much in hand as leaves in `ahead_ms` at the rate seen lately, but always one
 * batch more while less than that is left: neither does it starve nor does its path run dry. One of
 * which nothing has been seen yet may have `first`. */
#ifndef HIKYAKU_WORKER_CLAIM_BACKLOG_H
#define HIKYAKU_WORKER_CLAIM_BACKLOG_H

#include "common/base/text.h"

struct backlog;

struct backlog_limits {
    uint32_t first; /* recipients */
    uint64_t ahead_ms;
};

/** One group in one lane of a pool. */
struct backlog_group {
    uint32_t in_hand; /* recipients that have not left */
    uint32_t claims;
    uint64_t sent; /* since metered_ms; what went back untouched is not */
    uint64_t metered_ms;
    uint64_t used_ms; /* when its last claim ended */
    double per_s;
    bool is_known; /* per_s */
    bool is_transactional;
    char *pool;
    char *name;
};

struct backlog *backlog_create(const struct backlog_limits *limits);
/** No claim is held. Accepts NULL, nulls the pointer. */
void backlog_destroy(struct backlog **backlog);

/** A batch of `rows` comes in hand. @return valid until backlog_release() */
struct backlog_group *backlog_hold(struct backlog *backlog, struct text pool, bool is_transactional,
                                   struct text name, uint32_t rows, uint64_t now_ms);
/** Some of them left. @param is_sent  tried; false: given back, or not to be tried at all */
void backlog_leave(struct backlog_group *group, uint32_t rows, bool is_sent);
/** The claim ended; all its recipients have left. */
void backlog_release(struct backlog_group *group, uint64_t now_ms);
/** Time passes: about twice a second. @return true: some group's room may be another one now */
bool backlog_tick(struct backlog *backlog, uint64_t now_ms);

/** How many more of the group may come from each of `shares` coordinators and pools. */
uint32_t backlog_room(const struct backlog *backlog, const struct backlog_group *group,
                      uint32_t shares);
/** The same of a group of which nothing is in hand. */
uint32_t backlog_room_first(const struct backlog *backlog, uint32_t shares);

typedef void backlog_visit_fn(void *context, const struct backlog_group *group);
void backlog_visit(const struct backlog *backlog, backlog_visit_fn *visit, void *context);

#endif
