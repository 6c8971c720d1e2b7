/* DNS block lists: the name to ask for an address, what an answer means. Pure. @source RFC 5782 */
#ifndef HIKYAKU_WORKER_WATCH_BLOCK_LIST_H
#define HIKYAKU_WORKER_WATCH_BLOCK_LIST_H

#include "common/net/resolver.h"

enum block_list_verdict {
    BLOCK_LIST_CLEAN,
    BLOCK_LIST_LISTED,
    BLOCK_LIST_REFUSED, /* the list does not want to answer us: our resolver, too many questions */
    BLOCK_LIST_UNKNOWN, /* no answer, or none that makes sense */
};

/**
 * The name whose A records tell: 192.0.2.99 -> 99.2.0.192.<zone>; v6 by nibbles.
 *
 * @param zone      in A-labels, without final dot
 * @param ret_name  NUL-terminated
 * @return 0, or -ENAMETOOLONG
 * @source RFC 5782, 2.1 and 2.4
 */
MUST_USE int block_list_name(const struct stream_address *address, struct text zone,
                             char ret_name[RESOLVER_NAME_BYTES]);

/**
 * Only addresses in 127.0.0.0/8 are answers; 127.255.255.0/24 are the errors that large lists give.
 *
 * @param ret_code  last three bytes of the first listing address as a number; 0: none
 */
enum block_list_verdict block_list_judge(const struct resolver_answer *answer, uint32_t *ret_code);

/** The entries that tell whether a list works: 127.0.0.2 is always on it, 127.0.0.1 never.
 *  @source RFC 5782, 5 */
extern const struct stream_address block_list_always;
extern const struct stream_address block_list_never;

#endif
