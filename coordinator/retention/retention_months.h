/* Month keys end with what they sealed: a month of which no partition retains anything loses its
 * key. Content and wrapped keys have left Redis before (durably), so the order is safe: a crash in
 * between leaves a key that seals nothing, found again later. */
#ifndef HIKYAKU_COORDINATOR_RETENTION_RETENTION_MONTHS_H
#define HIKYAKU_COORDINATOR_RETENTION_RETENTION_MONTHS_H

#include "common/security/key_directory.h"
#include "coordinator/retention/retention_rule.h"

struct retention_months;

struct retention_months *retention_months_create(struct store *store, struct key_directory *keys,
                                                 const struct retention_times *times);
/** The store is destroyed before. Accepts NULL, nulls the pointer. */
void retention_months_destroy(struct retention_months **months);

/** Look at the oldest month; at once done when it is not over. One at a time.
 *  @callback on_done  exactly once, perhaps inside the call */
void retention_months_look(struct retention_months *months, store_retention_done_fn *on_done,
                           void *context);

#endif
