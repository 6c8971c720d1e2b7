/* A template of the content that may turn out to be the same for everybody. Used by compose_*.c.
 * Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_VALUE_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_VALUE_H

#include "common/mail/compose.h"

struct compose_value {
    const struct template *template;
    struct text constant; /* what every rendering gives; only when is_constant */
    bool is_constant;
};

/** @return 0 or as template_parse(), with `field` in the problem */
MUST_USE int compose_value_parse(struct text source, enum template_kind kind, struct arena *arena,
                                 const char *field, struct compose_value *ret_value,
                                 struct problem *problem);

/**
 * Render a header value and hold it against S14 and S15.
 *
 * @param buffer     where it is rendered; `ret_text` is valid until that changes
 * @param field      of the content, for the problem
 * @return 0; -ENOENT, -EINVAL or -EMSGSIZE as compose_message()
 */
MUST_USE int compose_value_render_header(const struct compose_value *value,
                                         const struct template_input *input, struct buffer *buffer,
                                         const char *field, struct text *ret_text,
                                         struct problem *problem);

/** Render a body, appended to `out` (NULL: only checked). @return as compose_message() */
MUST_USE int compose_value_render_body(const struct compose_value *value,
                                       const struct template_input *input, struct buffer *out,
                                       const char *field, struct problem *problem);

#endif
