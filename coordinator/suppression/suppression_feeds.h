/* The event streams of all tenants in the partitions that this coordinator drives. Internal to this
 * folder. */
#ifndef HIKYAKU_COORDINATOR_SUPPRESSION_SUPPRESSION_FEEDS_H
#define HIKYAKU_COORDINATOR_SUPPRESSION_SUPPRESSION_FEEDS_H

#include "coordinator/suppression/suppression.h"

struct suppression_feeds;

/** @param settings  copied */
struct suppression_feeds *suppression_feeds_create(const struct suppression_settings *settings);
void suppression_feeds_destroy(struct suppression_feeds **feeds);
/** How long ago the stream that is furthest behind was read to its end, ms. */
uint64_t suppression_feeds_lag_ms(const struct suppression_feeds *feeds);

#endif
