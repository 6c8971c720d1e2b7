#include "coordinator/fleet/drive_rule.h"

#include "hikyaku/v1/api.pb-c.h"

#define HOUR_OF_MS ((int64_t)3600 * 1000)

typedef void rule_fn(const struct drive_facts *facts, const struct drive_time *time,
                     struct drive_decision *decision);

static bool is_expired(const struct drive_facts *facts, const struct drive_time *time)
{
    return !time->is_doubted && facts->expires_unix_ms != 0 &&
           time->now_unix_ms >= facts->expires_unix_ms;
}

/* The hour of a container is over, and nobody adds to it any more. */
static bool is_past_hour(const struct drive_facts *facts, const struct drive_time *time)
{
    int64_t end = facts->created_unix_ms - facts->created_unix_ms % HOUR_OF_MS + HOUR_OF_MS;
    return time->now_unix_ms >= end + DRIVE_RULE_CONTAINER_GRACE_MS;
}

static void wait_for_time(const struct drive_facts *facts, const struct drive_time *time,
                          struct drive_decision *decision)
{
    decision->gate = time->is_doubted ? GATE_CLOCK_DOUBT : GATE_SCHEDULED_FOR;
    decision->until_unix_ms = facts->scheduled_unix_ms;
    if (is_expired(facts, time)) {
        decision->sweeps = OUTCOME_EXPIRED;
    } else if (!time->is_doubted && time->now_unix_ms >= facts->scheduled_unix_ms) {
        decision->starts = true;
    }
}

static void run(const struct drive_facts *facts, const struct drive_time *time,
                struct drive_decision *decision)
{
    decision->expires_each = facts->is_container && !time->is_doubted;
    if (time->is_doubted) {
        decision->gate = GATE_CLOCK_DOUBT; /* Redis may refuse each claim as expired */
    } else if (is_expired(facts, time)) {
        decision->sweeps = OUTCOME_EXPIRED;
    } else if (facts->held_by != GATE_NONE) {
        decision->gate = facts->held_by;
        decision->until_unix_ms = facts->held_until_unix_ms;
    } else {
        decision->offers = true;
    }
    decision->closes = facts->is_container && !time->is_doubted && is_past_hour(facts, time);
}

static void pause(const struct drive_facts *facts, const struct drive_time *time,
                  struct drive_decision *decision)
{
    decision->gate = facts->is_quarantined ? GATE_QUARANTINED : GATE_PAUSED;
    decision->expires_each = facts->is_container && !time->is_doubted;
    if (is_expired(facts, time)) {
        decision->sweeps = OUTCOME_EXPIRED;
    }
}

static void cancel(const struct drive_facts *facts, const struct drive_time *time,
                   struct drive_decision *decision)
{
    (void)facts;
    (void)time;
    decision->sweeps = OUTCOME_CANCELLED;
}

static void wait_for_approval(const struct drive_facts *facts, const struct drive_time *time,
                              struct drive_decision *decision)
{
    decision->gate = GATE_AWAITING_APPROVAL;
    if (is_expired(facts, time)) {
        decision->sweeps = OUTCOME_EXPIRED;
    } else {
        decision->lapses = !time->is_doubted && facts->approve_by_unix_ms != 0 &&
                           time->now_unix_ms >= facts->approve_by_unix_ms;
    }
}

static void end(const struct drive_facts *facts, const struct drive_time *time,
                struct drive_decision *decision)
{
    (void)facts;
    (void)time;
    decision->is_over = true;
}

#define STATE(name) HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_##name
/* A DRAFT is not driven: it becomes known when it is submitted. */
static rule_fn *const rules[] = {
    [STATE(DRAFT)] = end,         [STATE(SCHEDULED)] = wait_for_time,
    [STATE(RUNNING)] = run,       [STATE(PAUSED)] = pause,
    [STATE(CANCELLING)] = cancel, [STATE(CANCELLED)] = end,
    [STATE(COMPLETED)] = end,     [STATE(AWAITING_APPROVAL)] = wait_for_approval,
    [STATE(REJECTED)] = end,
};

void drive_rule_decide(const struct drive_facts *facts, const struct drive_time *time,
                       struct drive_decision *ret_decision)
{
    *ret_decision = (struct drive_decision){.sweeps = OUTCOME_PENDING, .gate = GATE_NONE};
    size_t count = sizeof rules / sizeof rules[0];
    rule_fn *rule = facts->state < count ? rules[facts->state] : NULL;
    if (rule == NULL) {
        end(facts, time, ret_decision); /* of a newer version: its coordinators drive it */
        return;
    }
    rule(facts, time, ret_decision);
    if (time->is_stopped && !ret_decision->is_over) {
        *ret_decision =
            (struct drive_decision){.sweeps = OUTCOME_PENDING, .gate = GATE_OPERATOR_STOP};
    }
}
