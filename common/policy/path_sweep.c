#include "common/policy/path_sweep.h"

#include <string.h>

static const uint64_t slot_ms[PATH_SWEEP_SPANS] = {12000, 360000, 8640000};

/* Complaints: below 0.1 % is what Google and Yahoo ask for, 0.3 % harms (G13, Y1). */
const struct path_sweep_rule path_sweep_rules[] = {
    {"sweep-refused", PATH_SWEEP_DEFERRED, PATH_SWEEP_MINUTES_2, 800, 30, 60, 0, 60, 3600},
    {"sweep-blocked", PATH_SWEEP_BLOCKED, PATH_SWEEP_HOUR, 300, 10, 300, 0, 1800, 14400},
    {"sweep-unknown-users", PATH_SWEEP_UNKNOWN_USER, PATH_SWEEP_HOUR, 0, 100, 600, 0, 600, 14400},
    {"sweep-bounced", PATH_SWEEP_BOUNCED, PATH_SWEEP_HOUR, 250, 100, 600, 0.5, 0, 0},
    {"sweep-complaints", PATH_SWEEP_COMPLAINT, PATH_SWEEP_DAY, 3, 1000, 3600, 0.5, 0, 0},
};
const size_t path_sweep_rule_count = sizeof path_sweep_rules / sizeof *path_sweep_rules;

static void move_on(struct path_sweep_ring *ring, uint64_t slot)
{
    uint64_t passed = slot - ring->slot;
    if (passed >= PATH_SWEEP_SLOTS) {
        memset(ring->counts, 0, sizeof ring->counts);
    } else {
        for (uint64_t i = ring->slot + 1; i <= slot; i++) {
            memset(ring->counts[i % PATH_SWEEP_SLOTS], 0, sizeof *ring->counts);
        }
    }
    ring->slot = slot;
}

void path_sweep_add(struct path_sweep *sweep, enum path_sweep_count count, uint64_t now_ms)
{
    for (size_t i = 0; i < PATH_SWEEP_SPANS; i++) {
        struct path_sweep_ring *ring = &sweep->rings[i];
        uint64_t slot = now_ms / slot_ms[i];
        if (slot > ring->slot) {
            move_on(ring, slot);
        }
        ring->counts[slot % PATH_SWEEP_SLOTS][count]++;
    }
}

uint32_t path_sweep_sum(const struct path_sweep *sweep, enum path_sweep_span span,
                        enum path_sweep_count count, uint64_t now_ms)
{
    const struct path_sweep_ring *ring = &sweep->rings[span];
    uint64_t slot = now_ms / slot_ms[span];
    uint32_t sum = 0;
    for (uint64_t back = 0; back < PATH_SWEEP_SLOTS && back <= ring->slot; back++) {
        uint64_t place = ring->slot - back;
        if (place + PATH_SWEEP_SLOTS > slot) {
            sum += ring->counts[place % PATH_SWEEP_SLOTS][count];
        }
    }
    return sum;
}

static bool decides(const struct path_sweep *sweep, size_t place, uint32_t permille,
                    uint64_t now_ms)
{
    const struct path_sweep_rule *rule = &path_sweep_rules[place];
    permille = rule->permille > 0 ? rule->permille : permille;
    if (permille == 0 || (sweep->told_ms[place] > 0 &&
                          now_ms - sweep->told_ms[place] < 1000 * (uint64_t)rule->interval_s)) {
        return false;
    }
    uint64_t attempts = path_sweep_sum(sweep, rule->span, PATH_SWEEP_ATTEMPT, now_ms);
    uint64_t counted = path_sweep_sum(sweep, rule->span, rule->count, now_ms);
    return attempts >= rule->volume && counted * 1000 > attempts * permille;
}

const struct path_sweep_rule *path_sweep_look(struct path_sweep *sweep, uint32_t permille,
                                              uint64_t now_ms)
{
    for (size_t i = 0; i < path_sweep_rule_count; i++) {
        if (decides(sweep, i, permille, now_ms)) {
            /* What has been judged is not judged again. */
            struct path_sweep_ring *ring = &sweep->rings[path_sweep_rules[i].span];
            memset(ring->counts, 0, sizeof ring->counts);
            sweep->told_ms[i] = now_ms;
            return &path_sweep_rules[i];
        }
    }
    return NULL;
}
