/* What entries of an event stream say of dead addresses. Pure. */
#ifndef HIKYAKU_COORDINATOR_SUPPRESSION_SUPPRESSION_BOUNCES_H
#define HIKYAKU_COORDINATOR_SUPPRESSION_SUPPRESSION_BOUNCES_H

#include "common/store/store_events.h"
#include "common/store/store_suppression.h"
#include "hikyaku/v1/store.pb-c.h"

/** May its details name one? */
bool suppression_bounces_has(const struct store_event_entry *entry);
/**
 * The addresses that the list takes, as the worker's classifier judged the replies: an unknown 5xx
 * suppresses nobody.
 * @param records      where the records stand
 * @return how many, at most STORE_SUPPRESSIONS_MAX
 */
size_t suppression_bounces_find(const Hikyaku__V1__StoredEventDetails *details,
                                struct buffer *records,
                                struct store_suppression ret_bounces[STORE_SUPPRESSIONS_MAX]);

#endif
