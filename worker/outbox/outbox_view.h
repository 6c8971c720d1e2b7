/* What the outbox shows of itself: how much waits, and for whom. */
#ifndef HIKYAKU_WORKER_OUTBOX_OUTBOX_VIEW_H
#define HIKYAKU_WORKER_OUTBOX_OUTBOX_VIEW_H

#include "worker/outbox/outbox.h"

/** Sites come from outside: only the largest are shown by name. */
#define OUTBOX_VIEW_SITES_MAX 50

struct outbox_view_site {
    struct text name; /* borrowed until the loop goes on */
    size_t waiting;   /* letters that no connection has taken */
    size_t connections;
};

/** Letters in the queues of all sites, written out ones included. */
size_t outbox_view_waiting(const struct outbox *outbox);
/** The sites with most waiting letters, then most connections, largest first. @return how many */
size_t outbox_view_sites(const struct outbox *outbox,
                         struct outbox_view_site ret_sites[OUTBOX_VIEW_SITES_MAX]);
/** For /metrics. */
void outbox_view_set_gauges(const struct outbox *outbox);

#endif
