#include "common/policy/path_pacer.h"

#include <math.h>

/* How late a start may be and still keep its place in line: a loop's turn, not a burst. Below two
 * messages a second not at all, or one second would see two. */
#define LATE_MS 50.0
#define LATE_FROM_RATE 2.0
/* Rates of a fast path are kept over so many ms at once. */
#define EARLY_MS 25.0
#define EARLY_FROM_RATE 80.0

static double early_ms(double rate)
{
    return rate >= EARLY_FROM_RATE ? EARLY_MS : 0;
}

/* By the rate as it is now: when it has fallen the next one waits longer. */
static double next_ms(const struct path_pacer *pacer, double rate)
{
    return pacer->is_used ? pacer->last_ms + 1000 / rate : 0;
}

uint64_t path_pacer_wait_ms(const struct path_pacer *pacer, double rate, uint64_t now_ms)
{
    double wait_ms = next_ms(pacer, rate) - early_ms(rate) - (double)now_ms;
    return wait_ms > 0 ? (uint64_t)ceil(wait_ms) : 0;
}

void path_pacer_take(struct path_pacer *pacer, double rate, uint64_t now_ms)
{
    double late_ms = rate >= LATE_FROM_RATE ? LATE_MS : 0;
    double next = fmin(next_ms(pacer, rate), (double)now_ms + early_ms(rate));
    pacer->last_ms = fmax(next, (double)now_ms - late_ms);
    pacer->is_used = true;
}
