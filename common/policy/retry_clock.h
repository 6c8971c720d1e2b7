/* When a deferred recipient is tried again. Pure: time and chance are arguments. */
#ifndef HIKYAKU_COMMON_POLICY_RETRY_CLOCK_H
#define HIKYAKU_COMMON_POLICY_RETRY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/** The delay doubles from the first to the last. */
struct retry_clock_plan {
    uint32_t first_s;
    uint32_t last_s;
    uint32_t slot_s; /* due times are multiples of the larger of this and a tenth of the delay */
};

extern const struct retry_clock_plan retry_clock_bulk;          /* 5 min to 4 h */
extern const struct retry_clock_plan retry_clock_transactional; /* 30 s to 30 min */

/**
 * A lane's plan, as far as what the reply said does not ask for another: greylisted soon,
 * rate-limited soon as well (the path itself holds it back), a full mailbox seldom, and what only a
 * person can change (policy, authentication, content, a block list) later.
 *
 * @param reply_class  enum reply_class
 */
const struct retry_clock_plan *retry_clock_plan_of(bool is_transactional, uint8_t reply_class);

/** The plan with all its times scaled, 1 s at the least. @param permille  1000: as it is */
struct retry_clock_plan retry_clock_scale(const struct retry_clock_plan *plan, uint32_t permille);

/** Jitter takes away or adds at most this part of the delay. */
#define RETRY_CLOCK_JITTER_PERMILLE 100

/** The delay after `attempts` tries, without jitter. @param attempts  tries made, 1 or more */
uint32_t retry_clock_delay_s(const struct retry_clock_plan *plan, uint32_t attempts);

/**
 * When to try again: now + delay with jitter, rounded up so that the recipients of a batch come
 * back together. Give the recipients of one claim the same random number.
 *
 * @param attempts        tries made, the failed one included, 1 or more
 * @param now_unix_s      store time
 * @param expires_unix_s  0: never
 * @param random          any number, evenly spread
 * @return Unix s for the row; never beyond expiry: a due time that would lie beyond it is the time
 *         of expiry itself, when the driver looks at the row to expire it
 * @source RFC 5321, 4.5.4.1
 */
uint32_t retry_clock_due(const struct retry_clock_plan *plan, uint32_t attempts,
                         uint32_t now_unix_s, uint32_t expires_unix_s, uint64_t random);

#endif
