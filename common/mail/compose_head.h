/* The header of one message, up to its MIME part. Used by compose.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_HEAD_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_HEAD_H

#include "common/mail/compose_prepared.h"

/** From and Reply-To: no SMTPUTF8 message because of them, no address without a domain. */
extern const struct address_options compose_head_own_address;

/** What only the moment of sending knows: Message-ID, Date, To. @return as compose_message() */
MUST_USE int compose_head_append_own(const struct compose_task *task);

/** Everything else, MIME-Version last. @return as compose_message() */
MUST_USE int compose_head_append_rest(const struct compose_task *task);

/** The recipient's display name is fit for a header. @return 0, -EINVAL or -EMSGSIZE */
MUST_USE int compose_head_check_name(const struct compose_task *task);

/** "From: ..." @return as compose_message() */
MUST_USE int compose_head_append_from(const struct compose_task *task);

/** "Subject: ..."; nothing when it is empty. @return as compose_message() */
MUST_USE int compose_head_append_subject(const struct compose_task *task);

#endif
