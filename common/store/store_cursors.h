/* How far a consumer of an event stream has come: beside the stream, in its partition, so that
 * both go back together when an older state is loaded. */
#ifndef HIKYAKU_COMMON_STORE_STORE_CURSORS_H
#define HIKYAKU_COMMON_STORE_STORE_CURSORS_H

#include "common/store/store_events.h"

struct store_cursor {
    unsigned int partition;
    struct text consumer; /* "suppression" */
    struct text tenant;
};

/** @param error  0; -ENOENT (it has read nothing yet); -EPROTO; -EAGAIN, -ECONNRESET */
typedef void store_cursors_fn(void *context, int error, const struct store_event_place *place);
void store_cursors_read(struct store *store, const struct store_cursor *cursor,
                        store_cursors_fn *on_answer, void *context);
typedef void store_cursors_done_fn(void *context, int error);
void store_cursors_write(struct store *store, const struct store_cursor *cursor,
                         const struct store_event_place *place, store_cursors_done_fn *on_answer,
                         void *context);

#endif
