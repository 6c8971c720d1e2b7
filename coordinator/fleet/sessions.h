/* The edge of session_plan: reads the registry and the leases of all other sessions once a second,
 * takes the dead. */
#ifndef HIKYAKU_COORDINATOR_FLEET_SESSIONS_H
#define HIKYAKU_COORDINATOR_FLEET_SESSIONS_H

#include "common/base/arena.h"
#include "common/store/store_fleet.h"
#include "coordinator/fleet/session_plan.h"
#include "hikyaku/v1/store.pb-c.h"

struct sessions;

struct sessions_settings {
    struct loop *loop;   /* borrowed */
    struct store *store; /* borrowed */
    const char *own;     /* 32 hex digits; copied */
    /** The registry was read: so many coordinators live, this one included. */
    void (*on_registry)(void *context, unsigned int coordinators);
    /** A session's life became known or changed. */
    void (*on_life)(void *context);
    void *context;
};

struct sessions *sessions_create(const struct sessions_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void sessions_destroy(struct sessions **sessions);

void sessions_start(struct sessions *sessions);
void sessions_stop(struct sessions *sessions);

/** What is known of a session; an unknown one is looked at from now on. */
enum session_life sessions_ask(struct sessions *sessions, const char *session);
/** As sessions_ask(), but an unknown one stays unknown. */
enum session_life sessions_life(const struct sessions *sessions, const char *session);
/** A dead one gave up its lease itself: it drained. */
bool sessions_has_left(const struct sessions *sessions, const char *session);
unsigned int sessions_coordinators(const struct sessions *sessions);

/** One of the registry, as last read. */
struct sessions_entry {
    char session[SESSION_PLAN_HEX + 1];
    const Hikyaku__V1__StoredSession *stored;
};
/** Borrowed until the loop goes on. */
const struct sessions_entry *sessions_registry(const struct sessions *sessions, size_t *ret_count);

#endif
