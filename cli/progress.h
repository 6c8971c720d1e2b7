/* A campaign on the screen: from Campaign messages and times to lines. Pure. */
#ifndef HIKYAKU_CLI_PROGRESS_H
#define HIKYAKU_CLI_PROGRESS_H

#include "common/base/buffer.h"
#include "hikyaku/v1/api.pb-c.h"

#define PROGRESS_SAMPLES 12

/** What was seen in the last seconds, for the rate. Start zeroed. */
struct progress {
    struct {
        uint64_t at_ms;
        uint64_t done;
    } samples[PROGRESS_SAMPLES];
    size_t count; /* samples ever taken */
};

/** Note where the campaign stands. @param now_ms  monotonic; one call a second or so */
void progress_take(struct progress *progress, const Hikyaku__V1__Campaign *campaign,
                   uint64_t now_ms);

/** Recipients that came to an end per second, over the samples kept; 0 while nothing is known. */
double progress_rate(const struct progress *progress);

/** Recipients with an outcome that is final or UNCERTAIN; duplicates apart. */
uint64_t progress_done(const Hikyaku__V1__Campaign *campaign);
uint64_t progress_outcome(const Hikyaku__V1__Campaign *campaign, Hikyaku__V1__Outcome outcome);
/** COMPLETED, CANCELLED or REJECTED: nothing more will happen. */
bool progress_is_over(const Hikyaku__V1__Campaign *campaign);

/** Several lines: bar, rate, ETA, outcomes, gates, sites. @param now_unix_ms  for times of day */
void progress_append_screen(const struct progress *progress, const Hikyaku__V1__Campaign *campaign,
                            int64_t now_unix_ms, struct buffer *out);
/** The same in one line, for logs and pipes. */
void progress_append_line(const struct progress *progress, const Hikyaku__V1__Campaign *campaign,
                          int64_t now_unix_ms, struct buffer *out);
/** The table of outcomes, and what is open by gate. */
void progress_append_outcomes(const Hikyaku__V1__Campaign *campaign, int64_t now_unix_ms,
                              struct buffer *out);

#endif
