/* What other rules or profiles would make of this worker's mail: every reply is judged by them too,
 * every path has a second controller (common/policy/path_shadow.h). Nothing of it is applied; what
 * differs is logged, counted, written down as events SHADOW and told to who asks. Internal to this
 * folder but for what makes it. */
#ifndef HIKYAKU_WORKER_PATHS_SHADOW_H
#define HIKYAKU_WORKER_PATHS_SHADOW_H

#include "common/policy/classify.h"
#include "common/policy/path_shadow.h"
#include "common/policy/provider_profiles.h"

/** Second controllers; beyond, the one used longest ago is forgotten. */
#define SHADOW_PATHS_MAX 1000
/** Kinds of replies that are judged otherwise; beyond, they are counted together. */
#define SHADOW_REPLIES_MAX 100

struct paths;
struct path;
struct shadow;
struct shadow_path;

/** What is tried; at least one of them. */
struct shadow_rules {
    struct classify *classify;          /* NULL: as in use */
    struct provider_profiles *profiles; /* NULL: as in use */
};

/** Accepts what is empty, empties it. */
void shadow_rules_finish(struct shadow_rules *rules);

/** @param rules  taken, emptied */
struct shadow *shadow_create(struct paths *paths, struct shadow_rules *rules);
/** Accepts NULL, nulls the pointer. */
void shadow_destroy(struct shadow **shadow);

/** Something happens to a path; before its controller is fed. @param reply  what a server said */
void shadow_feed(struct shadow *shadow, struct path *path, const struct path_event *event,
                 struct text reply);
/** The path's controller decided this at the event. */
void shadow_compare(struct shadow *shadow, struct path *path, const struct path_decisions *fact,
                    const struct path_event *event, struct text reply);
/** Time passed for the path, and its controller decided this. */
void shadow_tick(struct shadow *shadow, struct path *path, const struct path_decisions *fact);
/** The path pauses for what happened elsewhere. */
void shadow_suspend(struct shadow *shadow, struct path *path, uint64_t pause_ms, const char *rule);
/** What operators tell of paths may have changed. */
void shadow_obey(struct shadow *shadow, struct path *path);
/** The path is forgotten, or has begun anew. */
void shadow_forget(struct shadow *shadow, struct path *path);

#endif
