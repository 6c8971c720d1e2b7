/* A second controller beside a path's own, with other rules or another profile. It hears what
 * became of the messages that it would have sent too; what it decides is compared and told, never
 * done. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_SHADOW_H
#define HIKYAKU_COMMON_POLICY_PATH_SHADOW_H

#include "common/policy/path_bound.h"

/** Decisions of one of the two. */
struct path_shadow_tally {
    uint64_t pauses;
    uint64_t paused_s;
    uint64_t slower;
};

struct path_shadow {
    struct path_control control;
    struct path_bound bound; /* an operator's, as it stands over the path too */
    uint32_t outside;        /* messages on the wire that it would not have started */
    uint64_t messages;       /* that were started, */
    uint64_t held;           /* and those of them that it would have held */
    struct path_shadow_tally fact;
    struct path_shadow_tally own;
};

struct path_shadow_difference {
    struct path_decision decision;
    bool is_own; /* false: decided in fact, and it would not have */
};

struct path_shadow_differences {
    struct path_shadow_difference items[2 * PATH_DECISIONS_MAX];
    size_t count;
};

/** It goes on from what the path has learnt.
 *  @param profile  borrowed, outlives it; NULL: the path's own */
void path_shadow_init(struct path_shadow *shadow, const struct path_control *fact,
                      const struct path_bound *bound, const struct path_profile *profile,
                      uint64_t now_ms);
/**
 * What happens to the path; before the path itself is fed.
 *
 * @param event  its reply as the other rules see it
 * @param own    added to: what it would have decided
 */
void path_shadow_feed(struct path_shadow *shadow, const struct path_control *fact,
                      const struct path_event *event, uint64_t now_ms, struct path_decisions *own);
/** Time passes, for the path too. */
void path_shadow_tick(struct path_shadow *shadow, uint64_t now_ms, struct path_decisions *own);
/** Count what both decided at one event or tick. @param ret_differences  out: by which they differ;
 *  what only follows from an earlier difference in fact is left out */
void path_shadow_compare(struct path_shadow *shadow, const struct path_decisions *fact,
                         const struct path_decisions *own,
                         struct path_shadow_differences *ret_differences);

#endif
