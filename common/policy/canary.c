#include "common/policy/canary.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static bool is_over(uint64_t count, uint64_t of, uint32_t permille)
{
    return count * 1000 > of * permille;
}

static uint64_t bad_of(const struct canary_counts *counts)
{
    return counts->bounced + counts->failed;
}

enum canary_verdict canary_judge(const struct canary_limits *limits,
                                 const struct canary_counts *counts)
{
    uint64_t bad = bad_of(counts);
    if (is_over(bad, counts->delivered + bad, limits->bounced_permille)) {
        return CANARY_BOUNCED;
    }
    if (is_over(counts->deferred, counts->recipients, limits->deferred_permille)) {
        return CANARY_DEFERRED;
    }
    return counts->delivered == 0 ? CANARY_NOTHING : CANARY_GOOD;
}

static void tell_bounced(const struct canary_limits *limits, const struct canary_counts *counts,
                         char text[CANARY_TEXT_BYTES])
{
    uint64_t bad = bad_of(counts);
    uint64_t ended = counts->delivered + bad;
    uint64_t permille = ended > 0 ? bad * 1000 / ended : 0;
    (void)snprintf(text, CANARY_TEXT_BYTES,
                   "canary: %" PRIu64 " of %" PRIu64 " bounced or failed (%" PRIu64 ".%" PRIu64
                   " %%), %" PRIu64 " for mailboxes that do not exist; the limit is %u.%u %%",
                   bad, ended, permille / 10, permille % 10, counts->unknown,
                   limits->bounced_permille / 10, limits->bounced_permille % 10);
}

void canary_tell(enum canary_verdict verdict, const struct canary_limits *limits,
                 const struct canary_counts *counts, char ret_text[CANARY_TEXT_BYTES])
{
    switch (verdict) {
    case CANARY_DEFERRED:
        (void)snprintf(ret_text, CANARY_TEXT_BYTES,
                       "canary: %" PRIu64 " of %" PRIu64
                       " are still deferred after the wait; the limit is %u.%u %%",
                       counts->deferred, counts->recipients, limits->deferred_permille / 10,
                       limits->deferred_permille % 10);
        break;
    case CANARY_NOTHING:
        (void)snprintf(ret_text, CANARY_TEXT_BYTES,
                       "canary: of %" PRIu64 " recipients none was delivered to",
                       counts->recipients);
        break;
    case CANARY_GOOD:
    case CANARY_BOUNCED:
    default:
        tell_bounced(limits, counts, ret_text);
        break;
    }
}
