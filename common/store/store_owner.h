/* Whose a campaign is. */
#ifndef HIKYAKU_COMMON_STORE_STORE_OWNER_H
#define HIKYAKU_COMMON_STORE_STORE_OWNER_H

#include "common/store/store.h"

/** @param error   0; -ENOENT: there is no such campaign; -EAGAIN: not known, ask again
 *  @param tenant  valid during the call */
typedef void store_owner_fn(void *context, int error, struct text tenant);
void store_owner_find(struct store *store, const unsigned char campaign[16],
                      store_owner_fn *on_answer, void *context);

#endif
