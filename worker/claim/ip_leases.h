/* Leases of the sending IPs: an IP is used by one worker at a time (I3). Each configured one is
 * tried until it is ours: a free one at once, a dead holder's when its beat has stood still or its
 * session was taken over. */
#ifndef HIKYAKU_WORKER_CLAIM_IP_LEASES_H
#define HIKYAKU_WORKER_CLAIM_IP_LEASES_H

#include "common/store/store_lease.h"
#include "worker/paths/sending_ips.h"

struct ip_leases;

struct ip_leases_settings {
    struct loop *loop; /* borrowed, like all of these */
    struct store *store;
    struct store_keeper *keeper;
    struct sending_ips *ips;
    /** An IP became ours, or is not any more. */
    void (*on_change)(void *context);
    void *context;
};

/** Start trying. IPs that cannot be bound on this machine are UNUSABLE. */
struct ip_leases *ip_leases_create(const struct ip_leases_settings *settings);
/** Answers that are awaited are not taken: destroy the store first. Accepts NULL, nulls the
 *  pointer. */
void ip_leases_destroy(struct ip_leases **leases);
/** The keeper's renewal of an IP was refused. */
void ip_leases_on_refused(struct ip_leases *leases, const char *ip);
/** Give all up (drain). */
void ip_leases_release(struct ip_leases *leases);
/** Is this IP ours, by the clock read afresh? */
bool ip_leases_holds(const struct ip_leases *leases, const struct sending_ip *ip);

#endif
