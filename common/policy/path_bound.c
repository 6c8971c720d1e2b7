#include "common/policy/path_bound.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_tighter(uint32_t told, uint32_t own)
{
    return told > 0 && told < own;
}

void path_bound_apply(struct path_control *control, const struct path_bound *bound)
{
    path_control_use_profile(control, control->profile);
    double most = control->rate.most > 0 ? control->rate.most : PATH_RATE_MOST;
    if (bound->rate_most > 0 && bound->rate_most < most) {
        control->rate.most = bound->rate_most;
        control->rate.rate = fmin(control->rate.rate, bound->rate_most);
    }
    if (is_tighter(bound->connections_most, control->window.most)) {
        control->window.most = bound->connections_most;
    }
    if (is_tighter(bound->messages, control->window.messages)) {
        control->window.messages = bound->messages;
    }
    path_bound_hold(control, bound);
}

bool path_bound_equals(const struct path_bound *one, const struct path_bound *other)
{
    return one->rate_least == other->rate_least && one->rate_most == other->rate_most &&
           one->connections_most == other->connections_most && one->messages == other->messages;
}

void path_bound_hold(struct path_control *control, const struct path_bound *bound)
{
    double most = control->rate.most > 0 ? control->rate.most : PATH_RATE_MOST;
    control->rate.rate = fmax(control->rate.rate, fmin(bound->rate_least, most));
}

void path_bound_suspend(struct path_control *control, uint64_t pause_ms, uint64_t now_ms,
                        struct path_decisions *decisions)
{
    uint32_t times = control->suspension.times;
    path_control_suspend(control, pause_ms, PATH_SCOPE_PATH, PATH_BOUND_RULE, now_ms, decisions);
    control->suspension.times = times; /* the server's next refusal is not its second for this */
    if (control->suspension.until_ms == now_ms + pause_ms) {
        (void)snprintf(control->suspension.rule, sizeof control->suspension.rule, "%s",
                       PATH_BOUND_RULE);
    }
}

void path_bound_resume(struct path_control *control, uint64_t now_ms,
                       struct path_decisions *decisions)
{
    struct path_suspension *suspension = &control->suspension;
    if (suspension->state != PATH_SUSPENSION_CLOSED) {
        return;
    }
    suspension->until_ms = now_ms;
    suspension->times = 0;
    (void)snprintf(suspension->rule, sizeof suspension->rule, "%s", PATH_BOUND_RULE);
    path_control_tick(control, now_ms, decisions);
}

bool path_bound_is_suspended(const struct path_control *control)
{
    return control->suspension.state == PATH_SUSPENSION_CLOSED &&
           strcmp(control->suspension.rule, PATH_BOUND_RULE) == 0;
}
