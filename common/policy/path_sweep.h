/* Ratios over time, and what they ask for: rules with a least volume and a least interval between
 * two decisions, as Momentum's adaptive sweeps have them. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_SWEEP_H
#define HIKYAKU_COMMON_POLICY_PATH_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(identifier, "name"): what is counted. */
#define PATH_SWEEP_COUNTS(X)         \
    X(ATTEMPT, "attempts")           \
    X(DEFERRED, "deferred")          \
    X(BOUNCED, "bounced")            \
    X(UNKNOWN_USER, "unknown users") \
    X(BLOCKED, "blocked")            \
    X(COMPLAINT, "complaints")

enum path_sweep_count {
#define X(identifier, name) PATH_SWEEP_##identifier,
    PATH_SWEEP_COUNTS(X)
#undef X
        PATH_SWEEP_COUNT_LIMIT
};

#define PATH_SWEEP_SLOTS 10
#define PATH_SWEEP_RULES_MAX 8

/** Spans that are looked at: each is kept in ten slots. */
enum path_sweep_span { PATH_SWEEP_MINUTES_2, PATH_SWEEP_HOUR, PATH_SWEEP_DAY, PATH_SWEEP_SPANS };

struct path_sweep_ring {
    uint64_t slot; /* number of the newest one since the clock began */
    uint32_t counts[PATH_SWEEP_SLOTS][PATH_SWEEP_COUNT_LIMIT];
};

struct path_sweep {
    struct path_sweep_ring rings[PATH_SWEEP_SPANS];
    uint64_t told_ms[PATH_SWEEP_RULES_MAX]; /* when a rule last decided; 0: never */
};

struct path_sweep_rule {
    const char *name;
    enum path_sweep_count count;
    enum path_sweep_span span;
    uint32_t permille; /* of attempts: above this it decides; the profile's number when 0 */
    uint32_t volume;   /* attempts at least */
    uint32_t interval_s;
    double part;           /* the rate becomes this part of itself; 0: the path is closed */
    uint32_t pause_s;      /* for so long, */
    uint32_t pause_most_s; /* growing to this */
};

extern const struct path_sweep_rule path_sweep_rules[];
extern const size_t path_sweep_rule_count; /* PATH_SWEEP_RULES_MAX at most */

void path_sweep_add(struct path_sweep *sweep, enum path_sweep_count count, uint64_t now_ms);
/** How many of them in a span. */
uint32_t path_sweep_sum(const struct path_sweep *sweep, enum path_sweep_span span,
                        enum path_sweep_count count, uint64_t now_ms);
/**
 * Does a rule decide now? Its interval begins anew, and what it counted is forgotten.
 * @param permille  the profile's number, for rules without one of their own
 * @return the rule, or NULL
 */
const struct path_sweep_rule *path_sweep_look(struct path_sweep *sweep, uint32_t permille,
                                              uint64_t now_ms);

#endif
