#include "common/policy/breaker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static bool reaches(uint64_t count, uint64_t outcomes, uint32_t permille)
{
    return permille > 0 && count * 1000 >= outcomes * permille;
}

enum breaker_reason breaker_judge(const struct breaker_limits *limits,
                                  const struct breaker_counts *counts)
{
    uint64_t outcomes = counts->delivered + counts->bounced;
    if (outcomes == 0 || outcomes < limits->least) {
        return BREAKER_NONE;
    }
    if (reaches(counts->unknown, outcomes, limits->unknown_permille)) {
        return BREAKER_UNKNOWN;
    }
    return reaches(counts->bounced, outcomes, limits->bounced_permille) ? BREAKER_BOUNCED
                                                                        : BREAKER_NONE;
}

void breaker_tell(enum breaker_reason reason, const struct breaker_limits *limits,
                  const struct breaker_counts *counts, char ret_text[BREAKER_TEXT_BYTES])
{
    assert(reason != BREAKER_NONE);
    bool is_unknown = reason == BREAKER_UNKNOWN;
    uint64_t count = is_unknown ? counts->unknown : counts->bounced;
    uint32_t limit = is_unknown ? limits->unknown_permille : limits->bounced_permille;
    uint64_t outcomes = counts->delivered + counts->bounced;
    uint64_t permille = count * 1000 / outcomes;
    (void)snprintf(ret_text, BREAKER_TEXT_BYTES,
                   "breaker: %" PRIu64 " of %" PRIu64 " %s (%" PRIu64 ".%" PRIu64
                   " %%), the limit is %u.%u %%",
                   count, outcomes, is_unknown ? "mailboxes do not exist" : "messages bounced",
                   permille / 10, permille % 10, limit / 10, limit % 10);
}
