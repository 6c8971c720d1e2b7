/* Claims that their own live worker does not know: their answer got lost for good, or a failover
 * brought back a claim that had ended. Compares what stands claimed with what workers report. Pure.
 *
 * A claim is suspect when it is found claimed and a report lacks it. It is asked for when each look
 * since then found the same, at least two newer reports have come, and some time has passed: a
 * claim younger than the reports is not touched. The worker has the last word (ReturnClaim). */
#ifndef HIKYAKU_COORDINATOR_FLEET_CLAIM_WATCH_H
#define HIKYAKU_COORDINATOR_FLEET_CLAIM_WATCH_H

#include "common/base/text.h"

#include <stdbool.h>
#include <stdint.h>

/** Longer than an answer of the store may take. */
#define CLAIM_WATCH_AGE_MS 15000
/** Reports that must have come since the first one that lacked it. */
#define CLAIM_WATCH_REPORTS 2
/** Suspects of a partition; more wait until others are through. */
#define CLAIM_WATCH_MAX 4096

struct claim_watch;

/** What the worker's last report says of one claim. */
struct claim_watch_report {
    uint64_t number; /* of the reports that came; 0: none, or not all of its claims are named */
    bool is_listed;
};

struct claim_watch *claim_watch_create(void);
/** Accepts NULL, nulls the pointer. */
void claim_watch_destroy(struct claim_watch **watch);

/** A look at all claims begins. */
void claim_watch_begin(struct claim_watch *watch);
/**
 * One claim of a session that lives.
 * @param claim    "<campaign>:<batch>"
 * @param session  32 hex digits
 * @return ask the worker to give it back; true again after CLAIM_WATCH_AGE_MS
 */
bool claim_watch_look(struct claim_watch *watch, struct text claim, const char *session,
                      const struct claim_watch_report *report, uint64_t now_ms);
/** All claims were seen: forget those that were not among them. */
void claim_watch_end(struct claim_watch *watch);

size_t claim_watch_count(const struct claim_watch *watch);

#endif
