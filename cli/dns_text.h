/* TXT records of a few names, asked at once and waited for. */
#ifndef HIKYAKU_CLI_DNS_TEXT_H
#define HIKYAKU_CLI_DNS_TEXT_H

#include "common/base/arena.h"
#include "common/net/resolver.h"

struct dns_text {
    struct text name; /* in: A-labels */
    enum resolver_status status;
    size_t count;       /* of records */
    struct text record; /* the first, its strings joined; in the arena */
};

/**
 * @param resolver  "ADDRESS" or "ADDRESS@PORT" of a server to ask; NULL: the system's. A server
 * that is named is believed in everything, names under .test too
 * @param names     answers are filled in
 * @return 0, or -Exxx when the resolver cannot be made (its address)
 */
MUST_USE int dns_text_find(const char *resolver, struct dns_text *names, size_t count,
                           struct arena *arena, struct problem *problem);

#endif
