/* What a dialogue tells its owner: the result of each message, and why the connection ended. The
 * dialogue's own. */
#ifndef HIKYAKU_WORKER_SMTP_SMTP_REPORT_H
#define HIKYAKU_WORKER_SMTP_SMTP_REPORT_H

#include "worker/smtp/smtp_states.h"

/** A reply is the result of this turn's message. No-op when it had its result. */
void smtp_report_reply(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                       enum smtp_stage stage, const struct smtp_reply *reply);
/** It failed where it stands; `idle`: when no reply is outstanding. No-op as above. */
void smtp_report_failure(struct smtp_dialogue *dialogue, struct smtp_turn *turn,
                         enum smtp_stage idle, enum smtp_failure failure);
/** All that is still on the connection, which has ended; the older message first. */
void smtp_report_rest(struct smtp_dialogue *dialogue);
/** Note why the connection ends; the first reason counts. @param reply  copied; NULL: none */
void smtp_report_end(struct smtp_dialogue *dialogue, enum smtp_stage stage,
                     enum smtp_failure failure, const struct smtp_reply *reply);

#endif
