/* A connection becomes ready: log in, is this Redis of the right kind, scripts, leases first. */
#ifndef HIKYAKU_COMMON_STORE_STORE_LOGIN_H
#define HIKYAKU_COMMON_STORE_STORE_LOGIN_H

#include "common/store/store_link.h"

struct store;

/** For struct store_link_settings; the context is a struct store_end. */
void store_login_on_connected(void *end, struct store_link *link);
void store_login_on_lost(void *end, struct store_link *link, bool was_ready);

/** Tell that the store is ready, once all links are and Redis has told its time: nothing may be
 * dated by a clock of ours. */
void store_login_look(struct store *store);

#endif
