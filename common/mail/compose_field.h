/* Header fields that callers may bring, and the values that only certain forms fit. Used by
 * compose_*.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_FIELD_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_FIELD_H

#include "common/mail/compose.h"

/** X-* (but not X-Hikyaku-*), Importance, Auto-Submitted, In-Reply-To, References: everything else
 *  is ours. @return 0, or -EINVAL (rules header_name, header_not_allowed) */
MUST_USE int compose_field_check_name(struct text name, const char *field, struct problem *problem);

/**
 * Append the whole field; nothing for an empty value.
 * @param name   passed compose_field_check_name()
 * @param value  passed header_check_value()
 * @return 0, or -EINVAL: a structured field whose value is not (rule header_value)
 */
MUST_USE int compose_field_append(struct buffer *out, struct text name, struct text value,
                                  const char *field, struct problem *problem);

/** RFC 2919: dotted atoms, at most 255 bytes. @return 0 or -EINVAL (rule list_id) */
MUST_USE int compose_field_check_list_id(struct text value, struct problem *problem);

/** a:b:c:SenderId, the last of 5 to 15 characters. @return 0 or -EINVAL (rule G18) */
MUST_USE int compose_field_check_feedback_id(struct text value, struct problem *problem);

/**
 * "<https://...>, <mailto:...>" and, with the first, List-Unsubscribe-Post.
 * @param scratch  overwritten
 * @return 0; -EINVAL (rules U1, S15) or -EMSGSIZE (S14)
 * @source RFC 8058, 3.1; RFC 2369, 2
 */
MUST_USE int compose_field_append_unsubscribe(struct buffer *out, struct text url,
                                              struct text mailto, struct buffer *scratch,
                                              struct problem *problem);

#endif
