/* The audit log of this coordinator: entries are chained, then written to the day's file (where one
 * is configured) and to Redis, in batches, one after the other. Who must not answer before its
 * entry is there, waits for it. */
#ifndef HIKYAKU_COORDINATOR_AUDIT_AUDIT_H
#define HIKYAKU_COORDINATOR_AUDIT_AUDIT_H

#include "common/net/loop.h"
#include "common/store/store.h"
#include "coordinator/audit/audit_line.h"

/** Entries that wait for Redis; beyond, entries are lost, counted, and told by the next one. */
#define AUDIT_WAITING_MAX 10000

struct audit;

struct audit_settings {
    struct loop *loop; /* borrowed, as all of these */
    struct store *store;
    const char *session;
    const char *name;      /* of the coordinator */
    const char *directory; /* NULL: no files */
};

/** The first entry is "audit.opened". */
struct audit *audit_create(const struct audit_settings *settings);
/** The store is destroyed before. Accepts NULL, nulls the pointer. */
void audit_destroy(struct audit **audit);
/** The last entry, "audit.closed". */
void audit_stop(struct audit *audit);
/** Is everything written? */
bool audit_is_idle(const struct audit *audit);

/** @param error  0: the entry is durable in Redis; -EAGAIN, -ECONNRESET: not yet, it will be tried
 *                again (also after 5 s without an answer); -ENOBUFS: it is lost */
typedef void audit_done_fn(void *context, int error);
/** Write an entry; its time, and all texts, are taken now. @param on_done  NULL: nobody waits */
void audit_write(struct audit *audit, const struct audit_entry *entry, audit_done_fn *on_done,
                 void *context);
/** Count an entry that is one of many: who, from where, call and result make one entry a minute. */
void audit_sum(struct audit *audit, const struct audit_entry *entry);

#endif
