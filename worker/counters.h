/* What this worker counts: metrics for /metrics, and its status for the coordinators' screens. */
#ifndef HIKYAKU_WORKER_COUNTERS_H
#define HIKYAKU_WORKER_COUNTERS_H

#include "hikyaku/v1/fleet.pb-c.h"
#include "worker/claim/claim.h"
#include "worker/paths/sending_ips.h"
#include "worker/report/outcome.h"

struct counters;

struct counters *counters_create(struct loop *loop);
/** Accepts NULL, nulls the pointer. */
void counters_destroy(struct counters **counters);
/** A letter has its outcome. */
void counters_outcome(struct counters *counters, const struct letter *letter,
                      const struct outcome_report *outcome);
void counters_set_gauges(struct counters *counters, size_t connections, size_t in_hand,
                         size_t claims, size_t drafts);

struct counters_view {
    struct sending_ips *ips; /* their day's count is begun anew at midnight UTC */
    size_t connections;
    uint64_t in_flight;
    const char *state;
    const char *note; /* what an operator should know; "" */
};
/** credit->status, in `arena`. */
void counters_fill_status(struct counters *counters, const struct counters_view *view,
                          Hikyaku__V1__Credit *credit, struct arena *arena);

#endif
