/* Carries out one step of one campaign, piece by piece, then notes it in the header. A step that
 * was cut off is done again from its beginning: each piece may be repeated. */
#ifndef HIKYAKU_COORDINATOR_RETENTION_RETENTION_STEPS_H
#define HIKYAKU_COORDINATOR_RETENTION_RETENTION_STEPS_H

#include "coordinator/retention/retention_archive.h"
#include "coordinator/retention/retention_rule.h"

struct retention_steps;

struct retention_steps_settings {
    struct store *store;               /* borrowed */
    struct retention_archive *archive; /* borrowed; NULL: none */
    uint64_t stubs_ms;
};

struct retention_steps *retention_steps_create(const struct retention_steps_settings *settings);
/** The store and the archive are closed before. Accepts NULL, nulls the pointer. */
void retention_steps_destroy(struct retention_steps **steps);

/** One at a time. @param step  not NOTHING
 *  @callback on_done  exactly once: 0, or why the step is not done */
void retention_steps_run(struct retention_steps *steps, const struct store_campaign *campaign,
                         enum retention_step step, store_retention_done_fn *on_done, void *context);

#endif
