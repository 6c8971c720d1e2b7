#include "common/policy/path_shadow.h"

/* Numbers that differ by no more than this part are the same decision. */
#define SAME_PART 10

static bool is_closed(const struct path_control *control)
{
    return control->suspension.state == PATH_SUSPENSION_CLOSED;
}

/* Of a path that has learnt nothing the profile's first words matter. */
static bool begins_otherwise(const struct path_control *fact, const struct path_profile *profile)
{
    bool is_cold = fact->rate.phase == PATH_RATE_STARTING && fact->rate.taken == 0 &&
                   fact->suspension.state == PATH_SUSPENSION_OPEN && fact->in_flight == 0 &&
                   fact->window.open == 0;
    return is_cold && (fact->profile->rate_first != profile->rate_first ||
                       fact->profile->connections_first != profile->connections_first);
}

void path_shadow_init(struct path_shadow *shadow, const struct path_control *fact,
                      const struct path_bound *bound, const struct path_profile *profile,
                      uint64_t now_ms)
{
    *shadow = (struct path_shadow){.control = *fact, .bound = *bound};
    if (profile == NULL) {
        return;
    }
    if (begins_otherwise(fact, profile)) {
        path_control_init(&shadow->control, profile, now_ms);
    }
    shadow->control.profile = profile;
    path_bound_apply(&shadow->control, bound);
}

/* ---------------------------------------------------------------- what it hears */

static bool would_start(struct path_shadow *shadow, uint64_t now_ms)
{
    bool may = path_control_may_send(&shadow->control, now_ms).is_allowed;
    shadow->messages++;
    shadow->held += !may;
    shadow->outside += !may;
    return may;
}

/* Answers come in the order of messages: while it pauses those that it started come first, later
 * those of its pause. */
static bool has_started(struct path_shadow *shadow)
{
    bool is_own =
        shadow->outside == 0 || (is_closed(&shadow->control) && shadow->control.in_flight > 0);
    shadow->outside -= !is_own;
    return is_own;
}

/* Connections that were opened while it paused tell it nothing; that they are there it must know.
 */
static bool hears(struct path_shadow *shadow, const struct path_control *fact,
                  const struct path_event *event, uint64_t now_ms)
{
    switch (event->kind) {
    case PATH_EVENT_STARTED:
        return would_start(shadow, now_ms);
    case PATH_EVENT_ANSWERED:
    case PATH_EVENT_GIVEN_UP:
        return has_started(shadow);
    case PATH_EVENT_REFUSED:
    case PATH_EVENT_FAILED:
    case PATH_EVENT_RESET:
    case PATH_EVENT_ENDED:
        return !is_closed(&shadow->control) || is_closed(fact);
    case PATH_EVENT_OPENED:
    case PATH_EVENT_GREETED:
    case PATH_EVENT_CLOSED:
    case PATH_EVENT_COMPLAINT:
        break;
    }
    return true;
}

void path_shadow_feed(struct path_shadow *shadow, const struct path_control *fact,
                      const struct path_event *event, uint64_t now_ms, struct path_decisions *own)
{
    if (hears(shadow, fact, event, now_ms)) {
        path_control_feed(&shadow->control, event, now_ms, own);
        path_bound_hold(&shadow->control, &shadow->bound);
    }
    shadow->control.used_ms = now_ms;
}

void path_shadow_tick(struct path_shadow *shadow, uint64_t now_ms, struct path_decisions *own)
{
    path_control_tick(&shadow->control, now_ms, own);
    path_bound_hold(&shadow->control, &shadow->bound);
}

/* ---------------------------------------------------------------- what differs */

static void tally(struct path_shadow_tally *counts, const struct path_decisions *decisions)
{
    for (size_t i = 0; i < decisions->count; i++) {
        const struct path_decision *decision = &decisions->items[i];
        if (decision->kind == PATH_DECISION_SUSPENDED) {
            counts->pauses++;
            counts->paused_s += decision->after;
        }
        counts->slower += decision->kind == PATH_DECISION_SLOWER;
    }
}

static bool is_same(const struct path_decision *one, const struct path_decision *other)
{
    uint64_t larger = one->after > other->after ? one->after : other->after;
    uint64_t smaller = one->after > other->after ? other->after : one->after;
    return one->kind == other->kind && one->scope == other->scope &&
           larger - smaller <= larger / SAME_PART;
}

static bool has(const struct path_decisions *decisions, const struct path_decision *decision)
{
    for (size_t i = 0; i < decisions->count; i++) {
        if (is_same(&decisions->items[i], decision)) {
            return true;
        }
    }
    return false;
}

/* That a pause ends or a rate grows is no news where they went apart before. */
static bool is_news_in_fact(const struct path_decision *decision)
{
    return decision->kind == PATH_DECISION_SUSPENDED || decision->kind == PATH_DECISION_SLOWER ||
           decision->kind == PATH_DECISION_CONNECTIONS || decision->kind == PATH_DECISION_MESSAGES;
}

static void add_missing(const struct path_decisions *from, const struct path_decisions *in,
                        bool is_own, struct path_shadow_differences *differences)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct path_decision *decision = &from->items[i];
        if (!has(in, decision) && (is_own || is_news_in_fact(decision))) {
            differences->items[differences->count++] =
                (struct path_shadow_difference){*decision, is_own};
        }
    }
}

void path_shadow_compare(struct path_shadow *shadow, const struct path_decisions *fact,
                         const struct path_decisions *own,
                         struct path_shadow_differences *ret_differences)
{
    ret_differences->count = 0;
    tally(&shadow->fact, fact);
    tally(&shadow->own, own);
    add_missing(own, fact, true, ret_differences);
    add_missing(fact, own, false, ret_differences);
}
