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

/** What the parts of the worker say of themselves. */
struct counters_view {
    struct sending_ips *ips; /* their day's count is begun anew at midnight UTC */
    size_t connections;
    uint64_t in_flight; /* recipients of claims */
    size_t claims;
    size_t waiting; /* recipients in the queues of sites */
    size_t drafts;
    size_t on_wire;
    uint64_t sign_cpu_us; /* so far */
    const char *state;
    const char *note; /* what an operator should know; "" */
};
/** For /metrics. */
void counters_set_gauges(struct counters *counters, const struct counters_view *view);
/** credit->status, in `arena`. */
void counters_fill_status(struct counters *counters, const struct counters_view *view,
                          Hikyaku__V1__Credit *credit, struct arena *arena);

#endif
