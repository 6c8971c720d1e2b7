/* Looks after the sending IPs of this worker: are they on DNS block lists? Tells, decides nothing.
 */
#ifndef HIKYAKU_WORKER_WATCH_IP_WATCH_H
#define HIKYAKU_WORKER_WATCH_IP_WATCH_H

#include "common/net/resolver.h"
#include "worker/paths/sending_ips.h"

#define IP_WATCH_LISTS_MAX SENDING_IP_LISTS_MAX

struct ip_watch;

struct ip_watch_settings {
    struct loop *loop; /* borrowed, like all below */
    struct resolver *resolver;
    struct sending_ips *ips; /* told in `listed_on` */
    char *const *lists;      /* zones */
    size_t list_count;       /* at most IP_WATCH_LISTS_MAX; 0: nothing is asked */
    uint64_t interval_ms;    /* between rounds */
};

/** Starts its first round at once. */
struct ip_watch *ip_watch_create(const struct ip_watch_settings *settings);
/** Before the resolver. Accepts NULL, nulls the pointer. */
void ip_watch_destroy(struct ip_watch **watch);

#endif
