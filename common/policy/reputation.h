/* Reputation: what receivers say of a sending IP or a From domain, counted by site and time. Pure.
 *
 *   each attempt -> reputation_note() -> counts of an hour and of a day
 *   counts of a span -> shares (permille); of two spans -> a trend */
#ifndef HIKYAKU_COMMON_POLICY_REPUTATION_H
#define HIKYAKU_COMMON_POLICY_REPUTATION_H

#include "common/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum reputation_count { /* stored in this order */
                        REPUTATION_DELIVERED,
                        REPUTATION_DEFERRED,
                        REPUTATION_BOUNCED,
                        REPUTATION_UNKNOWN,    /* of the bounced: no such mailbox */
                        REPUTATION_BLOCKED,    /* of deferred and bounced: reputation or policy */
                        REPUTATION_LIMITED,    /* of the deferred: a rate limit */
                        REPUTATION_COMPLAINED, /* later, of the delivered */
                        REPUTATION_COUNTS
};

struct reputation {
    uint64_t counts[REPUTATION_COUNTS];
};

/** An attempt has its outcome. @param outcome  enum outcome. @param reply_class  enum reply_class
 */
void reputation_note(struct reputation *reputation, unsigned int outcome, unsigned int reply_class);
void reputation_add(struct reputation *sum, const struct reputation *part);
/** Delivered, deferred and bounced. */
uint64_t reputation_attempts(const struct reputation *reputation);
/**
 * Part of its whole, in permille: UNKNOWN of delivered and bounced (J6), COMPLAINED of the
 * delivered (G13), all others of the attempts. 0 when there is no whole.
 */
uint32_t reputation_permille(const struct reputation *reputation, enum reputation_count count);

/** "12 0 3": trailing zeros are left out. */
void reputation_append(const struct reputation *reputation, struct buffer *out);
/** Outside bytes. @return 0 or -EPROTO */
MUST_USE int reputation_read(struct text text, struct reputation *ret_reputation);

enum reputation_trend {
    REPUTATION_FEW, /* too few attempts to say */
    REPUTATION_STEADY,
    REPUTATION_BETTER,
    REPUTATION_WORSE,
};
/** Attempts in both spans below which nothing is said. */
#define REPUTATION_TREND_LEAST 50
/** Is the share of what was not taken another than before, by half and by 2 percent points? */
enum reputation_trend reputation_trend_of(const struct reputation *now,
                                          const struct reputation *before);

#endif
