/* Destinations that wait for their paths: for the time of their next message, or for the end of a
 * suspension; and letters of senders that their site refuses. Internal to this folder. */
#ifndef HIKYAKU_WORKER_OUTBOX_OUTBOX_PACE_H
#define HIKYAKU_WORKER_OUTBOX_OUTBOX_PACE_H

#include "worker/outbox/destination.h"

void outbox_pace_start(struct outbox *outbox);
void outbox_pace_stop(struct outbox *outbox);
/** Look at a destination again in so long: its rate is met until then. */
void outbox_pace_wait(struct outbox *outbox, struct destination *destination, uint64_t wait_ms);
/** When none of its paths takes any for longer than it is worth waiting, its letters go back:
 * others may have their place. */
void outbox_pace_give_back(struct destination *destination);
/** Whose letter it is. */
struct sender outbox_pace_sender(const struct letter *letter, struct text site);
/** Must its sender wait at its site? @param ret_outcome  out: how it goes back, no attempt */
bool outbox_pace_holds(struct outbox *outbox, const struct letter *letter,
                       struct outcome_report *ret_outcome);
/** It starts. */
void outbox_pace_begin(struct outbox *outbox, const struct letter *letter);

#endif
