/* The domain half of a mailbox: host names, internationalised names, address literals. Used by
 * address.c; others call address_parse_domain(). Pure. */
#ifndef HIKYAKU_COMMON_MAIL_ADDRESS_DOMAIN_H
#define HIKYAKU_COMMON_MAIL_ADDRESS_DOMAIN_H

#include "common/base/arena.h"
#include "common/base/problem.h"

/** As address_parse_domain(). */
MUST_USE int address_domain_map(struct text text, struct arena *arena, struct text *ret_domain,
                                struct problem *problem);

/** "[192.0.2.1]" or "[IPv6:2001:db8::1]". @return 0, or -EINVAL (rule address_literal)
 *  @source RFC 5321, 4.1.3 */
MUST_USE int address_domain_check_literal(struct text text, bool refuses, struct problem *problem);

#endif
