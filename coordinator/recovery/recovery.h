/* Watches for the mark of a store that was loaded from a backup. While it stands, or while nobody
 * knows yet whether it does, nothing is driven, shed or taken (I4); once an operator has decided,
 * the partitions that this coordinator holds are brought in order.
 *
 * LOADING closes the API altogether: what must be applied again after a restore, before anybody may
 * read (I8), has its place between LOADING and WAITING. */
#ifndef HIKYAKU_COORDINATOR_RECOVERY_RECOVERY_H
#define HIKYAKU_COORDINATOR_RECOVERY_RECOVERY_H

#include "common/net/loop.h"
#include "common/store/store_restored.h"
#include "coordinator/tenants/tenants.h"

struct recovery;

struct recovery_settings {
    struct loop *loop;   /* borrowed, as all below */
    struct store *store; /* */
    const struct tenants *tenants;
    /** Does this coordinator hold the partition? */
    bool (*drives)(void *context, unsigned int partition);
    void *context;
};

struct recovery *recovery_create(const struct recovery_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void recovery_destroy(struct recovery **recovery);
/** Begin no more walks. */
void recovery_stop(struct recovery *recovery);

/** The store is ready, for the first time or again: it may be another one. */
void recovery_on_store_ready(struct recovery *recovery);

/** Drive nothing, shed nothing, take nothing. */
bool recovery_is_stopped(const struct recovery *recovery);
/** Answer nothing either: nobody knows what is there. */
bool recovery_is_closed(const struct recovery *recovery);
/** The mark as it was read last; NULL: not read since the store is there. */
const struct store_restored *recovery_mark(const struct recovery *recovery);
/** For people: what is being waited for; NULL: nothing. A constant. */
const char *recovery_note(const struct recovery *recovery);
/** Read the mark again at once: it was changed by a call. */
void recovery_look(struct recovery *recovery);

#endif
