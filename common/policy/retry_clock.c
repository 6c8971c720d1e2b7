#include "common/policy/retry_clock.h"

#include "common/policy/reply_class.h"

#include <assert.h>

#define MINUTE_S 60U
#define HOUR_S 3600U

const struct retry_clock_plan retry_clock_bulk = {5 * MINUTE_S, 4 * HOUR_S, 30};
const struct retry_clock_plan retry_clock_transactional = {30, 30 * MINUTE_S, 30};

/* By class and lane; docs/operations.md has this table. A row of zeroes: the lane's own plan. */
static const struct retry_clock_plan by_class[REPLY_CLASS_LIMIT][2] = {
    [REPLY_CLASS_GREYLISTED] = {{5 * MINUTE_S, 30 * MINUTE_S, 30}, {60, 10 * MINUTE_S, 30}},
    [REPLY_CLASS_RATE_LIMITED] = {{5 * MINUTE_S, 20 * MINUTE_S, 30}, {30, 5 * MINUTE_S, 30}},
    [REPLY_CLASS_MAILBOX_FULL] = {{2 * HOUR_S, 12 * HOUR_S, 30}, {30 * MINUTE_S, 4 * HOUR_S, 30}},
    [REPLY_CLASS_POLICY] = {{HOUR_S, 8 * HOUR_S, 30}, {10 * MINUTE_S, 2 * HOUR_S, 30}},
    [REPLY_CLASS_AUTH_FAILURE] = {{HOUR_S, 8 * HOUR_S, 30}, {10 * MINUTE_S, 2 * HOUR_S, 30}},
    [REPLY_CLASS_SENDER_INVALID] = {{HOUR_S, 8 * HOUR_S, 30}, {10 * MINUTE_S, 2 * HOUR_S, 30}},
    [REPLY_CLASS_SPAM_CONTENT] = {{HOUR_S, 8 * HOUR_S, 30}, {10 * MINUTE_S, 2 * HOUR_S, 30}},
    [REPLY_CLASS_REPUTATION] = {{30 * MINUTE_S, 4 * HOUR_S, 30}, {5 * MINUTE_S, HOUR_S, 30}},
};

const struct retry_clock_plan *retry_clock_plan_of(bool is_transactional, uint8_t reply_class)
{
    const struct retry_clock_plan *plan =
        is_transactional ? &retry_clock_transactional : &retry_clock_bulk;
    if (reply_class < REPLY_CLASS_LIMIT && by_class[reply_class][is_transactional].first_s > 0) {
        plan = &by_class[reply_class][is_transactional];
    }
    return plan;
}

static uint32_t scaled(uint32_t time_s, uint32_t permille)
{
    uint64_t result_s = (uint64_t)time_s * permille / 1000;
    if (result_s > UINT32_MAX) {
        return UINT32_MAX;
    }
    return result_s > 0 ? (uint32_t)result_s : 1;
}

struct retry_clock_plan retry_clock_scale(const struct retry_clock_plan *plan, uint32_t permille)
{
    return (struct retry_clock_plan){.first_s = scaled(plan->first_s, permille),
                                     .last_s = scaled(plan->last_s, permille),
                                     .slot_s = scaled(plan->slot_s, permille)};
}

uint32_t retry_clock_delay_s(const struct retry_clock_plan *plan, uint32_t attempts)
{
    assert(attempts > 0);
    uint64_t delay_s = plan->first_s;
    for (uint32_t i = 1; i < attempts && delay_s < plan->last_s; i++) {
        delay_s *= 2;
    }
    return delay_s < plan->last_s ? (uint32_t)delay_s : plan->last_s;
}

static uint64_t with_jitter(uint64_t delay_s, uint64_t random)
{
    uint64_t widest_s = delay_s * RETRY_CLOCK_JITTER_PERMILLE / 1000;
    return delay_s - widest_s + random % (2 * widest_s + 1);
}

uint32_t retry_clock_due(const struct retry_clock_plan *plan, uint32_t attempts,
                         uint32_t now_unix_s, uint32_t expires_unix_s, uint64_t random)
{
    uint64_t delay_s = retry_clock_delay_s(plan, attempts);
    uint64_t slot_s = delay_s / 10 > plan->slot_s ? delay_s / 10 : plan->slot_s;
    uint64_t due = now_unix_s + with_jitter(delay_s, random);
    due = (due + slot_s - 1) / slot_s * slot_s;
    uint64_t latest = expires_unix_s == 0 ? UINT32_MAX : expires_unix_s;
    return (uint32_t)(due < latest ? due : latest);
}
