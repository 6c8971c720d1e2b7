/* Begins the work on one message. Used by compose.c and compose_show.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_TASK_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_TASK_H

#include "common/mail/compose_prepared.h"

/** Choose the variant, reset the scratch. @param out  where the message goes; borrowed */
struct compose_task compose_task_begin(const struct compose_prepared *prepared,
                                       const struct compose_recipient *recipient,
                                       struct compose_scratch *scratch, struct buffer *out,
                                       struct problem *problem);

#endif
