/* What an operator told of one path, laid over what its controller decides. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_BOUND_H
#define HIKYAKU_COMMON_POLICY_PATH_BOUND_H

#include "common/policy/path_control.h"

/** The rule of an operator's pause. */
#define PATH_BOUND_RULE "operator"

/** 0: not told. */
struct path_bound {
    double rate_least; /* messages per s: not slower, whatever is refused */
    double rate_most;
    uint32_t connections_most;
    uint32_t messages; /* per connection */
};

/** Of this and the profile's the tighter holds. Again after path_control_use_profile(). */
void path_bound_apply(struct path_control *control, const struct path_bound *bound);
bool path_bound_equals(const struct path_bound *one, const struct path_bound *other);
/** After each event and tick: keep the rate at the least. */
void path_bound_hold(struct path_control *control, const struct path_bound *bound);
/** Closed for so long from now on, by an operator; a longer pause of its own stays. */
void path_bound_suspend(struct path_control *control, uint64_t pause_ms, uint64_t now_ms,
                        struct path_decisions *decisions);
/** End a pause, whoever made it: one message tries, as after every pause. */
void path_bound_resume(struct path_control *control, uint64_t now_ms,
                       struct path_decisions *decisions);
/** It is closed by an operator's word. */
bool path_bound_is_suspended(const struct path_control *control);

#endif
