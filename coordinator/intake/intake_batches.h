/* Entries become batches: rows, plaintexts, the chunk's map. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_INTAKE_INTAKE_BATCHES_H
#define HIKYAKU_COORDINATOR_INTAKE_INTAKE_BATCHES_H

#include "coordinator/intake/intake_groups.h"

/**
 * @param entries    by position, their group set
 * @param positions  of the chunk, rejected ones included
 * @param result     batches, rows, counts and map are filled
 */
void intake_batches_make(struct intake_groups *groups, const struct intake_settings *settings,
                         struct intake_entry *entries, size_t count, size_t positions,
                         struct intake_result *result);

/** Add a rejected position; beyond INTAKE_REJECTED_MAX it is only counted. */
void intake_batches_reject(struct intake_result *result, uint32_t index,
                           const struct problem *problem);

#endif
