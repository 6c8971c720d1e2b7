/* Addresses of a host as the system knows it (/etc/hosts, DNS), off the loop: for the few peers
 * that the configuration names. Domains of mail are the resolver's. */
#ifndef HIKYAKU_COMMON_NET_HOST_LOOKUP_H
#define HIKYAKU_COMMON_NET_HOST_LOOKUP_H

#include "common/net/stream.h"

#define HOST_LOOKUP_ADDRESSES_MAX 8

struct host_lookup;

/** @param addresses  in the order in which to try them, port 0; 0: it has none, or nobody tells.
 *                    Valid during the call */
typedef void host_lookup_fn(void *context, const struct stream_address *addresses, size_t count);

/**
 * Look a host up in the thread pool.
 * @param host  copied
 * @callback once, from the loop, unless it is cancelled before
 */
struct host_lookup *host_lookup_start(struct loop *loop, const char *host, host_lookup_fn *on_found,
                                      void *context);
/** The callback will not come; the thread may still be busy for a while (loop_pool_pending()).
 *  Accepts NULL, nulls the pointer. */
void host_lookup_cancel(struct host_lookup **lookup);

#endif
