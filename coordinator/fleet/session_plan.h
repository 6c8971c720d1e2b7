/* Which sessions live. Pure: the registry, lease reads and time come in, steps come out.
 *
 * The lease of every other session in the registry is read once a second. A dead one is taken
 * (for good), removed from the registry and told; from then on its claims may be reclaimed. A
 * session that is not registered (it left, or was taken before) is looked at when somebody asks. */
#ifndef HIKYAKU_COORDINATOR_FLEET_SESSION_PLAN_H
#define HIKYAKU_COORDINATOR_FLEET_SESSION_PLAN_H

#include "common/base/text.h"
#include "common/store/lease_watch.h"

#define SESSION_PLAN_HEX 32
/** Entries at most; the registry of a cluster of 500 workers fits many times. */
#define SESSION_PLAN_MAX 4096

enum session_life {
    SESSION_UNKNOWN, /* being looked at: ask again later */
    SESSION_ALIVE,
    SESSION_DEAD, /* taken, or it gave up its lease */
};

enum session_action {
    SESSION_READ,
    SESSION_TAKE,   /* its lease, as seen */
    SESSION_REMOVE, /* from the registry */
    SESSION_TELL,   /* everybody: it is dead */
};
struct session_step {
    enum session_action action;
    char session[SESSION_PLAN_HEX + 1];
    struct lease_beat seen; /* TAKE */
};

struct session_plan;

/** @param own  32 hex digits: never read or taken */
struct session_plan *session_plan_create(const char *own);
void session_plan_destroy(struct session_plan **plan);

struct session_plan_entry {
    char session[SESSION_PLAN_HEX + 1];
    bool is_coordinator;
};
/** The registry as it stands now. */
void session_plan_on_registry(struct session_plan *plan, const struct session_plan_entry *entries,
                              size_t count);
/** A second has passed. */
void session_plan_tick(struct session_plan *plan);
/** The next thing to do now. @return false when there is nothing */
bool session_plan_next(struct session_plan *plan, struct session_step *ret_step);

/** A READ was answered. @param error  0, -ENOENT (no such lease) or another: the read failed
 *  @return true when its life became known or changed */
bool session_plan_on_beat(struct session_plan *plan, const char *session, int error,
                          const struct lease_beat *beat, uint64_t sent_ms, uint64_t answered_ms);
/** A TAKE was answered. @return true when it is dead now */
bool session_plan_on_taken(struct session_plan *plan, const char *session, int error);

/** What is known of a session; one that is not known is read from now on. */
enum session_life session_plan_ask(struct session_plan *plan, const char *session);
/** A dead one gave up its lease itself: it drained. */
bool session_plan_has_left(const struct session_plan *plan, const char *session);
/** The same as session_plan_ask() without asking. */
enum session_life session_plan_life(const struct session_plan *plan, const char *session);
/** Registered coordinators that are not dead, this one included. */
unsigned int session_plan_coordinators(const struct session_plan *plan);

#endif
