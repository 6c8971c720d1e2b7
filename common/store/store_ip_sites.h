/* What is remembered of a sending IP by site: one hash in the slot of the IP's lease. What a state
 * means is its writer's: store_paths.h, store_warm.h. */
#ifndef HIKYAKU_COMMON_STORE_STORE_IP_SITES_H
#define HIKYAKU_COMMON_STORE_STORE_IP_SITES_H

#include "common/store/store.h"

/** So many sites of an IP are remembered. */
#define STORE_IP_SITES_MAX 10000
/** Fields besides that are the IP's own; no site's name begins as theirs do. */
#define STORE_IP_SITES_OWN 8

struct store_ip_site {
    struct text site;
    struct text state; /* read: outside bytes, not trusted */
};
/** @param error  0; -EPROTO; -EAGAIN, -ECONNRESET */
typedef void store_ip_sites_fn(void *context, int error, const struct store_ip_site *sites,
                               size_t count);
/** All that the hash `name` of the IP holds; read once, when the IP was taken. */
void store_ip_sites_load(struct store *store, struct text ip, const char *name,
                         store_ip_sites_fn *on_answer, void *context);
/** Add its key to the command that is being made. */
void store_ip_sites_add_key(struct store *store, struct text ip, const char *name);

#endif
