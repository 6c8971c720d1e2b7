/* The event of an unsubscription. It needs nothing of the campaign: links outlive it (U6). */
#ifndef HIKYAKU_COMMON_STORE_STORE_UNSUBSCRIBE_H
#define HIKYAKU_COMMON_STORE_STORE_UNSUBSCRIBE_H

#include "common/store/store_batch.h"

/** So long after the last one of a chunk a repetition is known as such. */
#define STORE_UNSUBSCRIBE_KNOWN_S (400U * 86400U)

struct store_unsubscribe {
    struct text tenant;
    struct store_batch_name name; /* campaign, and the batch in which its ref is or was */
    uint16_t position;
    uint32_t index;
    bool is_of_all;  /* of all streams: told apart from one stream's */
    struct text why; /* for the event: a word */
};

/** @param error   0: the event is durable; -EAGAIN, -ECONNRESET: repeat it
 *  @param is_new  false: it was told before */
typedef void store_unsubscribe_fn(void *context, int error, bool is_new);
void store_unsubscribe_tell(struct store *store, const struct store_unsubscribe *told,
                            store_unsubscribe_fn *on_answer, void *context);

#endif
