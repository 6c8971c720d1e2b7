/* Frames for one worker that wait because its queue on the bus is full; order is kept. */
#ifndef HIKYAKU_COORDINATOR_FLEET_WORKER_OUTBOX_H
#define HIKYAKU_COORDINATOR_FLEET_WORKER_OUTBOX_H

#include "common/base/text.h"

/** A worker that lets so much pile up is as good as gone. */
#define WORKER_OUTBOX_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct worker_outbox;

struct worker_outbox *worker_outbox_create(void);
void worker_outbox_destroy(struct worker_outbox **outbox);
void worker_outbox_clear(struct worker_outbox *outbox);

/** @param frame  copied. @return false when it is too full */
MUST_USE bool worker_outbox_add(struct worker_outbox *outbox, struct text frame);
/** @param ret_frame  borrowed until it is dropped. @return false when it is empty */
bool worker_outbox_first(const struct worker_outbox *outbox, struct text *ret_frame);
void worker_outbox_drop_first(struct worker_outbox *outbox);

#endif
