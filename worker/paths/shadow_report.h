/* What is tried in shadow and how it differs, for a coordinator that asks. */
#ifndef HIKYAKU_WORKER_PATHS_SHADOW_REPORT_H
#define HIKYAKU_WORKER_PATHS_SHADOW_REPORT_H

#include "common/base/arena.h"
#include "hikyaku/v1/fleet.pb-c.h"
#include "worker/paths/paths.h"

/** @param answer  initialised by the caller, which sets its number; what it points to lives in
 *                 `arena` */
void shadow_report_fill(const struct paths *paths, const Hikyaku__V1__Inquiry *inquiry,
                        struct arena *arena, Hikyaku__V1__InquiryAnswer *answer);

#endif
