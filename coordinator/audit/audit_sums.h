/* Calls of which there are many, summed up: one entry a minute for each caller, call and result.
 * Pure: time is an argument. Bounded: beyond AUDIT_SUMS_MAX the oldest sum is told early. */
#ifndef HIKYAKU_COORDINATOR_AUDIT_AUDIT_SUMS_H
#define HIKYAKU_COORDINATOR_AUDIT_AUDIT_SUMS_H

#include "coordinator/audit/audit_line.h"

#define AUDIT_SUMS_MAX 1000

struct audit_sums;

/** @param length_ms  how long a sum is added to */
struct audit_sums *audit_sums_create(uint64_t length_ms);
/** Accepts NULL, nulls the pointer. */
void audit_sums_destroy(struct audit_sums **sums);
/** Add one call (or `entry->count` of them). Target and reason are not kept. */
void audit_sums_add(struct audit_sums *sums, const struct audit_entry *entry);

typedef void audit_sums_fn(void *context, const struct audit_entry *entry);
/** Take out those that are old enough, or too many; UINT64_MAX: all. The first call after an add
 *  sets when its time begins. @callback for each; valid during the call */
void audit_sums_take(struct audit_sums *sums, uint64_t now_ms, audit_sums_fn *on_sum,
                     void *context);

#endif
