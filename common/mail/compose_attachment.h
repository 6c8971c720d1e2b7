/* Attachments: checked and encoded once for all recipients. Used by compose_prepare.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_ATTACHMENT_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_ATTACHMENT_H

#include "common/mail/compose_prepared.h"

/**
 * Check and encode all attachments into the arena of `prepared`.
 * @return 0; -EINVAL (rules media_type, file_name, inline_id, doubled, S15) or -EMSGSIZE (rule
 *         message_size), field "attachments[N]..."
 * @source RFC 2045, 5.1, 6.8; RFC 2046, 5.2.1; RFC 2183; RFC 2392
 */
MUST_USE int compose_attachment_prepare(const struct compose_attachment *attachments, size_t count,
                                        struct compose_prepared *prepared, struct problem *problem);

#endif
