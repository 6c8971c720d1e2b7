/* Warm-up: how much a young sending IP may send to a site in a day and in an hour. Pure: days and
 * hours are numbers, what was sent comes as counts; reserving is the store's business.
 *
 *   each day: warmup_turn() -> stage;  stage -> warmup_day_quota() -> warmup_hour_quota()
 *   signals:  warmup_judge() -> warmup_note(): less today, no growth (or a step back) tomorrow */
#ifndef HIKYAKU_COMMON_POLICY_WARMUP_H
#define HIKYAKU_COMMON_POLICY_WARMUP_H

#include "common/base/text.h"
#include "common/base/xalloc.h"

#include <stdbool.h>
#include <stdint.h>

#define WARMUP_DAYS_MAX 60
#define WARMUP_NO_LIMIT UINT32_MAX
/** So many days without mail and a receiver has forgotten half of what it knew. */
#define WARMUP_IDLE_DAYS 30
/** A day counts when this part of its quota was used. */
#define WARMUP_USED_PERMILLE 500

/** Messages of the first day, the second and so on; after the last one the IP is warm. */
struct warmup_plan {
    uint32_t volumes[WARMUP_DAYS_MAX];
    uint16_t days; /* 0: always warm */
};

/**
 * A plan that grows by the same factor each day.
 *
 * @param first            messages of the first day, 1 or more
 * @param growth_permille  1400: each day 1.4 times the day before; above 1000
 * @param last             messages of the last day, not below `first`
 * @return 0; -EINVAL; -ERANGE: it would take more than WARMUP_DAYS_MAX days
 */
MUST_USE int warmup_plan_grow(uint32_t first, uint32_t growth_permille, uint32_t last,
                              struct warmup_plan *ret_plan);

/** What a day's signals say; a worse one is larger. */
enum warmup_verdict {
    WARMUP_GROW, /* nothing against it */
    WARMUP_STAY, /* the same again tomorrow */
    WARMUP_BACK, /* less at once, and a step back tomorrow */
    WARMUP_VERDICT_LIMIT
};

/** What a path saw on a day. */
struct warmup_signals {
    uint32_t attempts; /* that got a reply */
    uint32_t deferred;
    uint32_t blocked; /* refused for reputation */
    uint32_t unknown; /* no such mailbox */
    uint32_t complained;
};

/** One path's warm-up. All zero: never sent. Stored. */
struct warmup {
    uint16_t stage;             /* days of the plan that are done; plan->days or more: warm */
    uint8_t verdict;            /* enum warmup_verdict: the worst of this day */
    uint8_t is_frozen;          /* keeps its stage, whatever happens */
    uint32_t day;               /* the day it stands at, days since 1970; 0: never */
    uint32_t sent_day;          /* the last day on which it sent; 0: never */
    uint32_t used;              /* messages sent on `day` */
    struct warmup_signals seen; /* on `day` */
};

/** Stands for the end of any plan. */
#define WARMUP_STAGE_WARM UINT16_MAX

#define WARMUP_SIZE                                                               \
    37 /* bytes stored: format, stage, verdict, frozen, day, sent_day, used, seen \
        */
void warmup_encode(const struct warmup *warmup, unsigned char out[WARMUP_SIZE]);
/** Outside bytes: what cannot be true is made the slower choice. @return 0 or -EPROTO */
MUST_USE int warmup_decode(const struct warmup_plan *plan, struct text stored,
                           struct warmup *ret_warmup);

bool warmup_is_warm(const struct warmup_plan *plan, const struct warmup *warmup);

/**
 * Come to a day. At most one stage forward however many days have passed, and only after a day of
 * which half the quota was used; WARMUP_IDLE_DAYS days without mail halve the stage. A day that is
 * not later changes nothing: a clock that goes back gives no second quota.
 *
 * @return true: it is another day now, its use starts at 0
 */
bool warmup_turn(const struct warmup_plan *plan, struct warmup *warmup, uint32_t day);

/** Messages allowed on its day; at least 1. WARMUP_NO_LIMIT: warm. */
uint32_t warmup_day_quota(const struct warmup_plan *plan, const struct warmup *warmup);
/** Messages allowed in one hour of a day with this quota, so that a day is no burst.
 *  @param share_permille  of the day's quota; 1..1000 */
uint32_t warmup_hour_quota(uint32_t day_quota, uint32_t share_permille);

/** Messages went out on its day. */
void warmup_used(struct warmup *warmup, uint32_t messages);
/** A verdict on its day: the worst one stands until the day ends. */
void warmup_note(struct warmup *warmup, enum warmup_verdict verdict);

/** How many to reserve at once: few enough that a lost slice is no loss, many enough to be rare.
 *  @param left  what the quota still has */
uint32_t warmup_slice(uint32_t day_quota, uint32_t left);

/** What a server said on its day: counted, judged, noted. @return true: the verdict is worse now */
bool warmup_heard(struct warmup *warmup, uint8_t reply_class, uint16_t smtp);
/** Somebody complained. @return true: the verdict is worse now */
bool warmup_complained(struct warmup *warmup);
/** Nothing is judged below a minimum of attempts. @source standards.md M6, J6, G13 */
enum warmup_verdict warmup_judge(const struct warmup_signals *signals);

#endif
