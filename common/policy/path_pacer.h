/* Even spacing: messages of a path start one interval apart, so that no second sees twice the rate.
 * Pure. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_PACER_H
#define HIKYAKU_COMMON_POLICY_PATH_PACER_H

#include <stdbool.h>
#include <stdint.h>

struct path_pacer {
    double last_ms; /* the time of the last message, or its place in line */
    bool is_used;
};

/** When the next message may start, in ms; 0: now. @param rate  messages per s, above 0 */
uint64_t path_pacer_wait_ms(const struct path_pacer *pacer, double rate, uint64_t now_ms);
/** A message starts; path_pacer_wait_ms() said 0. */
void path_pacer_take(struct path_pacer *pacer, double rate, uint64_t now_ms);

#endif
