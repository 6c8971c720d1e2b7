#include "common/policy/breaker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

/* What each reason counts, of how many, and against which limit. */
struct measure {
    uint64_t count;
    uint64_t of;
    uint32_t permille;
    const char *words;
};

static struct measure measure_of(enum breaker_reason reason, const struct breaker_limits *limits,
                                 const struct breaker_counts *counts)
{
    uint64_t outcomes = counts->delivered + counts->bounced;
    switch (reason) {
    case BREAKER_COMPLAINED:
        return (struct measure){counts->complained, counts->delivered, limits->complained_permille,
                                "recipients complained"};
    case BREAKER_UNKNOWN:
        return (struct measure){counts->unknown, outcomes, limits->unknown_permille,
                                "mailboxes do not exist"};
    case BREAKER_NONE:
    case BREAKER_BOUNCED:
        break;
    }
    return (struct measure){counts->bounced, outcomes, limits->bounced_permille,
                            "messages bounced"};
}

enum breaker_reason breaker_judge(const struct breaker_limits *limits,
                                  const struct breaker_counts *counts)
{
    static const enum breaker_reason order[] = {BREAKER_COMPLAINED, BREAKER_UNKNOWN,
                                                BREAKER_BOUNCED};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct measure measure = measure_of(order[i], limits, counts);
        bool is_judged = measure.permille > 0 && measure.of > 0 && measure.of >= limits->least;
        if (is_judged && measure.count * 1000 >= measure.of * measure.permille) {
            return order[i];
        }
    }
    return BREAKER_NONE;
}

void breaker_tell(enum breaker_reason reason, const struct breaker_limits *limits,
                  const struct breaker_counts *counts, char ret_text[BREAKER_TEXT_BYTES])
{
    assert(reason != BREAKER_NONE);
    struct measure measure = measure_of(reason, limits, counts);
    uint64_t permille = measure.count * 1000 / measure.of;
    (void)snprintf(ret_text, BREAKER_TEXT_BYTES,
                   "breaker: %" PRIu64 " of %" PRIu64 " %s (%" PRIu64 ".%" PRIu64
                   " %%), the limit is %u.%u %%",
                   measure.count, measure.of, measure.words, permille / 10, permille % 10,
                   measure.permille / 10, measure.permille % 10);
}
