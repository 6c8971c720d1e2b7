/* Media types that callers give. Used by compose_attachment.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_MEDIA_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_MEDIA_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

/**
 * Check a media type and append it, each parameter on a line of its own.
 *
 * multipart/... and message/... are refused: they may not be in base64.
 *
 * @param media  empty: application/octet-stream
 * @return 0, or -EINVAL (field media_type, rule media_type)
 * @source RFC 2045, 5.1, 6.4; RFC 2046, 5.2.1
 */
MUST_USE int compose_media_append(struct buffer *out, struct text media, struct problem *problem);

#endif
