/* What operators have stopped, asked before a letter starts: the one place for it in the worker.
 * Internal to this folder. */
#ifndef HIKYAKU_WORKER_OUTBOX_OUTBOX_STOPS_H
#define HIKYAKU_WORKER_OUTBOX_OUTBOX_STOPS_H

#include "worker/outbox/outbox.h"

/** Mark the IPs that are stopped, and free those that are not any more. @return true: a change */
bool outbox_stops_mark_ips(struct outbox *outbox);
/**
 * Is the letter stopped: by its tenant, pool, From domain, site or its recipient's domain, or
 * because every IP of its pool that is ours is stopped?
 *
 * @param site  of its route; empty: not known yet
 * @param ret_outcome  out: how it goes back, without an attempt
 */
bool outbox_stops_hold(struct outbox *outbox, const struct letter *letter, struct text site,
                       struct outcome_report *ret_outcome);

#endif
