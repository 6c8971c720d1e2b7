/* What a recipient will read, before any encoding: for previews. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_SHOW_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_SHOW_H

#include "common/mail/compose.h"

/** Lives in the scratch until its next use. */
struct compose_shown {
    struct text subject;
    struct text text; /* given, or made from the HTML */
    struct text html;
};
/** Render subject and bodies without composing: for previews. @return as compose_message() */
MUST_USE int compose_show(const struct compose_prepared *prepared,
                          const struct compose_recipient *recipient,
                          struct compose_scratch *scratch, struct compose_shown *ret_shown,
                          struct problem *problem);

#endif
