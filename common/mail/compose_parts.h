/* The list of parts that a message is: runs of its own bytes, and what it borrows between them.
 * Used by compose.c and compose_body.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_PARTS_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_PARTS_H

#include "common/mail/compose.h"

struct compose_parts {
    struct composed *message; /* borrowed */
    size_t listed;            /* of its own bytes: so many are in parts already */
};

/** Forget what the message was. */
void compose_parts_start(struct compose_parts *parts, struct composed *message);

/** What lives longer than the message: it is not copied. */
void compose_parts_borrow(struct compose_parts *parts, struct text text);

/** Own bytes move while they grow: only now do the parts point to them. */
void compose_parts_seal(struct compose_parts *parts);

#endif
