/* From the result of a dialogue, or from what DNS says, to a verdict and an outcome. Pure. */
#ifndef HIKYAKU_WORKER_OUTBOX_ATTEMPT_H
#define HIKYAKU_WORKER_OUTBOX_ATTEMPT_H

#include "common/policy/failure_policy.h"
#include "common/policy/path_control.h"
#include "worker/report/outcome.h"
#include "worker/route/route.h"
#include "worker/smtp/smtp_result.h"

/** What a dialogue's result means. @param provider  key, or "" */
struct failure_verdict attempt_judge(struct classify *classify, const struct smtp_result *result,
                                     struct text provider, enum failure_doubt doubt);
/** What it says of the path: ANSWERED, RESET, ENDED or GIVEN_UP of a message; REFUSED, FAILED,
 * RESET or GIVEN_UP of a connection that took none. */
struct path_event attempt_event(const struct smtp_result *result,
                                const struct failure_verdict *verdict);
/** What a route without servers means. @param status  not ROUTE_OK */
struct failure_verdict attempt_judge_route(enum route_status status);
/** The outcome of a verdict; texts of the result stay borrowed. @param result  NULL: there was no
 *  dialogue */
struct outcome_report attempt_outcome(const struct failure_verdict *verdict,
                                      const struct smtp_result *result);

#endif
