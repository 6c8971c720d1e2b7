/* The keeper's own call of the lease script. */
#ifndef HIKYAKU_COMMON_STORE_STORE_LEASE_SEND_H
#define HIKYAKU_COMMON_STORE_STORE_LEASE_SEND_H

#include "common/store/store_lease.h"
#include "common/store/store_link.h"

/** Renew; the reply's status is -ESTALE when the lease is not ours. */
void store_lease_send_renew(struct store *store, const struct store_lease_name *name,
                            uint64_t epoch, store_link_reply_fn *on_reply, void *call);

#endif
