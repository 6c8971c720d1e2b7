/* Who holds a batch, as its header says. */
#ifndef HIKYAKU_COMMON_STORE_STORE_HOLDER_H
#define HIKYAKU_COMMON_STORE_STORE_HOLDER_H

#include "common/store/store_batch.h"

struct store_holder {
    char session[33]; /* 32 hex digits; "": it is free */
    uint64_t epoch;
};
/** @param error  0; -ENOENT; -EPROTO; -EAGAIN, -ECONNRESET.
 *  @param holder  valid during the call, with 0 only */
typedef void store_holder_fn(void *context, int error, const struct store_holder *holder);
void store_holder_get(struct store *store, const struct store_batch_name *name,
                      store_holder_fn *on_answer, void *context);

#endif
