/* All paths of this worker, for a coordinator that asks: those in memory, and those that are only
 * remembered. */
#ifndef HIKYAKU_WORKER_PATHS_PATHS_REPORT_H
#define HIKYAKU_WORKER_PATHS_PATHS_REPORT_H

#include "common/base/arena.h"
#include "hikyaku/v1/fleet.pb-c.h"
#include "worker/paths/paths.h"

/** Paths in one answer: those that are suspended first, then those that send. */
#define PATHS_REPORT_MAX 1000

/** @param answer  initialised by the caller; what it points to lives in `arena` */
void paths_report_fill(const struct paths *paths, const Hikyaku__V1__Inquiry *inquiry,
                       struct arena *arena, Hikyaku__V1__InquiryAnswer *answer);
/** ThrottleState of api.proto. */
uint32_t paths_report_state(const struct path_control *control);

#endif
