/* Decisions of paths on their way to the fleet's stream: packed when they are made, written once a
 * second. Internal to this folder. */
#ifndef HIKYAKU_WORKER_PATHS_PATHS_HISTORY_H
#define HIKYAKU_WORKER_PATHS_PATHS_HISTORY_H

#include "worker/paths/paths_parts.h"

/** Waiting to be written; beyond, small ones are left out, and of others the oldest goes, told. */
#define PATHS_HISTORY_MAX 2000
/** Small decisions of one path that are written down in a minute. */
#define PATHS_HISTORY_SMALL_MAX 4

struct paths_history *paths_history_create(void);
/** Accepts NULL, nulls the pointer. */
void paths_history_destroy(struct paths_history **history);

/** One of many: a rate that moves, or a blame that is not the path's. */
bool paths_history_is_small(enum path_decision_kind kind);
/** @param event  what made it; NULL: time. @param reply  what the server said then */
void paths_history_add(struct paths *paths, struct path *path, const struct path_decision *decision,
                       const struct path_event *event, struct text reply);
/** What a controller in shadow decided, or did not decide, instead (shadow.h). */
struct paths_history_shadow {
    bool is_own;       /* false: decided in fact alone */
    uint32_t times;    /* pauses in a row */
    uint32_t left_out; /* small ones before it */
};
/** As the small decisions, where there is little room: it must not push any real one out. */
void paths_history_add_shadow(struct paths *paths, struct path *path,
                              const struct path_decision *decision, const struct path_event *event,
                              struct text reply, const struct paths_history_shadow *shadow);
/** Write down what waits, unless an answer is awaited. */
void paths_history_write(struct paths *paths);
/** How many wait. */
size_t paths_history_waiting(const struct paths *paths);

#endif
