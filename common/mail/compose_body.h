/* The MIME part of one message: text and HTML as alternatives, images with the HTML, attachments
 * behind. Used by compose.c and compose_prepare.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_BODY_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_BODY_H

#include "common/mail/compose_parts.h"
#include "common/mail/compose_prepared.h"

/** Append everything from Content-Type on. @return as compose_message() */
MUST_USE int compose_body_append(const struct compose_task *task, struct compose_parts *parts);

/** Text and HTML as a reader sees them, before any encoding: into the scratch's `text` and `page`
 *  (empty when there is none). For previews. @return as compose_message() */
MUST_USE int compose_body_show(const struct compose_task *task);

/** All fields that the bodies use are there. @return as compose_message() */
MUST_USE int compose_body_check(const struct compose_task *task);

/** A text as a MIME part: header, encoded content. @param subtype  "plain", "html" */
void compose_body_append_entity(struct buffer *out, const char *subtype, struct text content);

#endif
