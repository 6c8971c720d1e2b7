/* Where the mail of a domain goes: hosts by preference and their addresses, the site that these
 * hosts are. Plain data; the pure parts that make it are here, the questions in routes.h. */
#ifndef HIKYAKU_WORKER_ROUTE_ROUTE_H
#define HIKYAKU_WORKER_ROUTE_ROUTE_H

#include "common/net/resolver.h"

#define ROUTE_HOSTS_MAX 8
#define ROUTE_TARGETS_MAX 24
#define ROUTE_SITE_BYTES 256
/** Joined names of all hosts, and what else tells two routes apart. */
#define ROUTE_KEY_BYTES (ROUTE_HOSTS_MAX * (RESOLVER_NAME_BYTES + 4) + 64)

enum route_status {
    ROUTE_OK,
    ROUTE_TEMPORARY, /* DNS does not answer */
    ROUTE_NO_DOMAIN, /* no such domain, or nothing that takes mail has an address */
    ROUTE_NULL_MX,   /* RFC 7505: takes no mail */
};

enum route_family { ROUTE_FAMILY_ANY, ROUTE_FAMILY_V4, ROUTE_FAMILY_V6 };
enum route_tls { ROUTE_TLS_OPPORTUNISTIC, ROUTE_TLS_NONE };

struct route_host {
    char name[RESOLVER_NAME_BYTES];
    uint16_t preference;
};

/** One address of one host. */
struct route_target {
    struct stream_address address; /* with port */
    uint16_t host;                 /* index */
    uint16_t preference;
};

struct route {
    enum route_status status;
    enum route_tls tls;
    size_t host_count;
    size_t target_count;
    struct route_host hosts[ROUTE_HOSTS_MAX];
    struct route_target targets[ROUTE_TARGETS_MAX]; /* by preference */
    char site[ROUTE_SITE_BYTES];
    char key[ROUTE_KEY_BYTES]; /* the same key: the same servers in the same order */
};

/**
 * Take the hosts of an MX answer, sorted by preference.
 * @return ROUTE_OK, or what follows from the answer alone. Without MX records the domain itself is
 *         the host.
 * @source RFC 5321, 5.1; RFC 7505, 3
 */
enum route_status route_take_mx(struct route *route, struct text domain,
                                const struct resolver_answer *answer);
/** Add an address of a host; what does not fit is left out. */
void route_add_target(struct route *route, size_t host, const struct stream_address *address,
                      uint16_t port, enum route_family family);
/** All hosts have answered: sort the targets, name site and key. */
void route_complete(struct route *route, struct text site);

#endif
