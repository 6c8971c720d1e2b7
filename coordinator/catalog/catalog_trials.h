/* Crash loops of coordinators: before a campaign is opened its load is noted in the store, and the
 * notes go when it went well. One with which two have died is loaded alone, so that no other is
 * suspected for it; the third death puts it under QUARANTINED. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_CATALOG_CATALOG_TRIALS_H
#define HIKYAKU_COORDINATOR_CATALOG_CATALOG_TRIALS_H

#include "coordinator/catalog/catalog.h"

struct catalog_trials;
struct trial;

/** @param settings  borrowed */
struct catalog_trials *catalog_trials_create(const struct catalog_settings *settings);
/** The store is destroyed before. Accepts NULL, nulls the pointer. */
void catalog_trials_destroy(struct catalog_trials **trials);

/** Nobody waits for a turn any more: -ECANCELED. Before the store is destroyed. */
void catalog_trials_stop(struct catalog_trials *trials);

/** @param error  0: open it, then catalog_trials_end() on `trial`; -EOWNERDEAD: it stands under
 *                QUARANTINED; -EAGAIN and others of the store: not now */
typedef void catalog_trials_fn(void *context, int error, struct trial *trial);
void catalog_trials_begin(struct catalog_trials *trials,
                          const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                          catalog_trials_fn *on_answer, void *context);
/** It was opened, and we live: in a while nobody need remember. */
void catalog_trials_end(struct trial **trial);

#endif
