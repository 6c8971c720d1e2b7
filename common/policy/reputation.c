#include "common/policy/reputation.h"

#include "common/mail/rows.h"
#include "common/policy/reply_class.h"

#include <errno.h>
#include <inttypes.h>

#define TREND_PERMILLE 20

static bool is_blocked(unsigned int reply_class)
{
    return reply_class == REPLY_CLASS_REPUTATION || reply_class == REPLY_CLASS_POLICY;
}

static enum reputation_count count_of(unsigned int outcome)
{
    switch (outcome) {
    case OUTCOME_DELIVERED:
        return REPUTATION_DELIVERED;
    case OUTCOME_DEFERRED:
        return REPUTATION_DEFERRED;
    case OUTCOME_BOUNCED:
        return REPUTATION_BOUNCED;
    case OUTCOME_COMPLAINED:
        return REPUTATION_COMPLAINED;
    default:
        return REPUTATION_COUNTS;
    }
}

void reputation_note(struct reputation *reputation, unsigned int outcome, unsigned int reply_class)
{
    enum reputation_count count = count_of(outcome);
    if (count == REPUTATION_COUNTS) {
        return;
    }
    reputation->counts[count]++;
    bool is_refused = count == REPUTATION_DEFERRED || count == REPUTATION_BOUNCED;
    if (count == REPUTATION_BOUNCED && reply_class == REPLY_CLASS_BAD_MAILBOX) {
        reputation->counts[REPUTATION_UNKNOWN]++;
    }
    if (is_refused && is_blocked(reply_class)) {
        reputation->counts[REPUTATION_BLOCKED]++;
    }
    if (count == REPUTATION_DEFERRED && reply_class == REPLY_CLASS_RATE_LIMITED) {
        reputation->counts[REPUTATION_LIMITED]++;
    }
}

void reputation_add(struct reputation *sum, const struct reputation *part)
{
    for (size_t i = 0; i < REPUTATION_COUNTS; i++) {
        sum->counts[i] += part->counts[i];
    }
}

uint64_t reputation_attempts(const struct reputation *reputation)
{
    return reputation->counts[REPUTATION_DELIVERED] + reputation->counts[REPUTATION_DEFERRED] +
           reputation->counts[REPUTATION_BOUNCED];
}

static uint64_t whole_of(const struct reputation *reputation, enum reputation_count count)
{
    if (count == REPUTATION_UNKNOWN) {
        return reputation->counts[REPUTATION_DELIVERED] + reputation->counts[REPUTATION_BOUNCED];
    }
    return count == REPUTATION_COMPLAINED ? reputation->counts[REPUTATION_DELIVERED]
                                          : reputation_attempts(reputation);
}

uint32_t reputation_permille(const struct reputation *reputation, enum reputation_count count)
{
    uint64_t whole = whole_of(reputation, count);
    uint64_t part = reputation->counts[count];
    if (whole == 0) {
        return 0;
    }
    return part >= whole ? 1000 : (uint32_t)(part * 1000 / whole);
}

void reputation_append(const struct reputation *reputation, struct buffer *out)
{
    size_t last = REPUTATION_COUNTS;
    while (last > 1 && reputation->counts[last - 1] == 0) {
        last--;
    }
    for (size_t i = 0; i < last; i++) {
        buffer_printf(out, "%s%" PRIu64, i == 0 ? "" : " ", reputation->counts[i]);
    }
}

int reputation_read(struct text text, struct reputation *ret_reputation)
{
    struct reputation read = {.counts = {0}};
    struct text part;
    size_t count = 0;
    while (text_next_part(&text, ' ', &part)) {
        /* A count so large is damage; sums of them stay in range. */
        if (count == REPUTATION_COUNTS ||
            text_to_u64(part, UINT32_MAX, &read.counts[count++]) != 0) {
            return -EPROTO;
        }
    }
    if (count == 0) {
        return -EPROTO;
    }
    *ret_reputation = read;
    return 0;
}

static uint32_t refused_permille(const struct reputation *reputation)
{
    return reputation_permille(reputation, REPUTATION_DEFERRED) +
           reputation_permille(reputation, REPUTATION_BOUNCED);
}

enum reputation_trend reputation_trend_of(const struct reputation *now,
                                          const struct reputation *before)
{
    if (reputation_attempts(now) < REPUTATION_TREND_LEAST ||
        reputation_attempts(before) < REPUTATION_TREND_LEAST) {
        return REPUTATION_FEW;
    }
    uint32_t here = refused_permille(now);
    uint32_t there = refused_permille(before);
    if (here >= there + TREND_PERMILLE && here * 2 >= there * 3) {
        return REPUTATION_WORSE;
    }
    return there >= here + TREND_PERMILLE && there * 2 >= here * 3 ? REPUTATION_BETTER
                                                                   : REPUTATION_STEADY;
}
