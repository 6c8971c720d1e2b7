/* Modes without network: DRY_RUN writes and signs, SANDBOX plays an outcome. */
#ifndef HIKYAKU_WORKER_OUTBOX_REHEARSAL_H
#define HIKYAKU_WORKER_OUTBOX_REHEARSAL_H

#include "worker/outbox/outbox.h"

bool rehearsal_is_for(const struct letter *letter);
void rehearsal_file(struct outbox *outbox, struct letter *letter);
void rehearsal_on_written(struct outbox *outbox, struct letter *letter);
/** Write out what waits, as far as there is room. */
void rehearsal_pump(struct outbox *outbox);
/** Outcomes whose delay is over. */
void rehearsal_tick(struct outbox *outbox, uint64_t now_ms);

#endif
