/* Which texts a recipient reads. Used by compose_*.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_LANG_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_LANG_H

#include "common/mail/compose_prepared.h"

/** Subtags of 1 to 8 letters or digits joined by "-", at most 35 bytes.
 *  @return 0 or -EINVAL (rule language) */
MUST_USE int compose_lang_check(struct text lang, const char *field, struct problem *problem);

/** The variant of the longest prefix of the tag: ja-JP, then ja, then the default.
 *  @source RFC 4647, 3.4 (lookup) */
const struct compose_variant *compose_lang_choose(const struct compose_prepared *prepared,
                                                  struct text lang);

#endif
