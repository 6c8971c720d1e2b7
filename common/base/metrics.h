/* Counters, gauges and histograms of one process, rendered as Prometheus text. The loop thread
 * creates them; any thread may change them. A family has at most 200 label sets: later ones are
 * counted under the label value "rest", so that outside names cannot fill the memory. */
#ifndef HIKYAKU_COMMON_BASE_METRICS_H
#define HIKYAKU_COMMON_BASE_METRICS_H

#include "common/base/buffer.h"

struct metric; /* one series; lives as long as the process */

/**
 * Find or create a series. Names follow hikyaku_<noun>_<unit>[_total].
 *
 * @param name        literal; borrowed for good
 * @param help        literal; borrowed for good
 * @param label       label name (literal), or NULL for a family without labels
 * @param value       label value, copied; ignored when `label` is NULL
 */
struct metric *metrics_counter(const char *name, const char *help, const char *label,
                               struct text value);
struct metric *metrics_gauge(const char *name, const char *help, const char *label,
                             struct text value);
/** With two labels (literals); their values are copied. */
struct metric *metrics_gauge_of_two(const char *name, const char *help, const char *label,
                                    const char *second_label, struct text value,
                                    struct text second_value);
/** Drop all series of a family whose names come and go (the largest, the present): they are set
 *  anew before each rendering. Handles of them are void; no other thread may have one. */
void metrics_forget(const char *name);
/** Seconds, in buckets of 1, 2.5, 5 x 10^k from 0.001 to 600 (0.003 for 0.0025: whole ms). */
struct metric *metrics_histogram(const char *name, const char *help, const char *label,
                                 struct text value);

void metrics_add(struct metric *counter, uint64_t more);
void metrics_set(struct metric *gauge, int64_t value);
void metrics_observe_ms(struct metric *histogram, uint64_t ms);
int64_t metrics_value(const struct metric *metric);

/** Append the text exposition format of all series. */
void metrics_render(struct buffer *out);

#endif
