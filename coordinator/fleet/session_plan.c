#include "coordinator/fleet/session_plan.h"

#include "common/base/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A lease that is free so many reads in a row is given up. */
#define FREE_READS LEASE_WATCH_READS
/* How long one that is not registered is remembered after it was last asked for. */
#define ASKED_TICKS 600

struct session {
    char hex[SESSION_PLAN_HEX + 1];
    struct lease_watch watch;
    struct lease_beat beat;
    enum session_life life;
    bool is_coordinator;
    bool is_registered;
    bool is_listed; /* in the registry that is being taken over */
    bool is_reading;
    bool is_taking;
    bool must_read;
    bool must_take;
    bool must_remove;
    bool must_tell;
    bool has_left; /* its lease is free, not taken */
    unsigned int free_reads;
    unsigned int asked_ticks; /* left */
    struct session *prev;
    struct session *next;
};

struct session_plan {
    char own[SESSION_PLAN_HEX + 1];
    struct table *table; /* by hex */
    struct session *list;
};

struct session_plan *session_plan_create(const char *own)
{
    struct session_plan *plan = xalloc_zero(1, sizeof *plan);
    memcpy(plan->own, own, strnlen(own, SESSION_PLAN_HEX));
    plan->table = table_create();
    return plan;
}

static void drop(struct session_plan *plan, struct session *session)
{
    (void)table_remove(plan->table, text_of(session->hex));
    DL_DELETE(plan->list, session);
    free(session);
}

void session_plan_destroy(struct session_plan **plan)
{
    if (*plan == NULL) {
        return;
    }
    while ((*plan)->list != NULL) {
        drop(*plan, (*plan)->list);
    }
    table_destroy(&(*plan)->table);
    free(*plan);
    *plan = NULL;
}

static bool is_own(const struct session_plan *plan, const char *hex)
{
    return strcmp(plan->own, hex) == 0;
}

static struct session *find(const struct session_plan *plan, const char *hex)
{
    return table_get(plan->table, text_of(hex));
}

/* NULL when there are too many. */
static struct session *obtain(struct session_plan *plan, const char *hex)
{
    struct session *session = find(plan, hex);
    if (session != NULL || table_count(plan->table) >= SESSION_PLAN_MAX) {
        return session;
    }
    session = xalloc_zero(1, sizeof *session);
    memcpy(session->hex, hex, strnlen(hex, SESSION_PLAN_HEX));
    session->must_read = true;
    (void)table_put(plan->table, text_of(session->hex), session);
    DL_APPEND(plan->list, session);
    return session;
}

void session_plan_on_registry(struct session_plan *plan, const struct session_plan_entry *entries,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_own(plan, entries[i].session)) {
            continue;
        }
        struct session *session = obtain(plan, entries[i].session);
        if (session != NULL) {
            session->is_listed = true;
            session->is_coordinator = entries[i].is_coordinator;
        }
    }
    struct session *session;
    for (session = plan->list; session != NULL; session = session->next) {
        session->is_registered = session->is_listed;
        session->is_listed = false;
        /* Found dead before it was seen in the registry. */
        session->must_remove = session->is_registered && session->life == SESSION_DEAD;
    }
}

static bool is_forgotten(const struct session *session)
{
    return !session->is_registered && session->asked_ticks == 0 && !session->is_reading &&
           !session->is_taking && !session->must_tell;
}

void session_plan_tick(struct session_plan *plan)
{
    struct session *after = NULL;
    for (struct session *session = plan->list; session != NULL; session = after) {
        after = session->next;
        session->asked_ticks -= session->asked_ticks > 0 ? 1 : 0;
        if (is_forgotten(session)) {
            drop(plan, session);
            continue;
        }
        session->must_read = session->life != SESSION_DEAD;
    }
}

/* What this session needs next; false: nothing. */
static bool step_of(struct session *session, struct session_step *step)
{
    if (session->must_take && !session->is_taking) {
        session->must_take = false;
        session->is_taking = true;
        step->action = SESSION_TAKE;
        step->seen = session->beat;
        return true;
    }
    if (session->must_remove) {
        session->must_remove = false;
        step->action = SESSION_REMOVE;
        return true;
    }
    if (session->must_tell) {
        session->must_tell = false;
        step->action = SESSION_TELL;
        return true;
    }
    if (session->must_read && !session->is_reading && !session->is_taking) {
        session->must_read = false;
        session->is_reading = true;
        step->action = SESSION_READ;
        return true;
    }
    return false;
}

bool session_plan_next(struct session_plan *plan, struct session_step *ret_step)
{
    struct session *session;
    for (session = plan->list; session != NULL; session = session->next) {
        struct session_step step = {.seen = {.session = ""}};
        if (step_of(session, &step)) {
            memcpy(step.session, session->hex, sizeof step.session);
            *ret_step = step;
            return true;
        }
    }
    return false;
}

/* @return true: this is news */
static bool set_life(struct session *session, enum session_life life)
{
    if (session->life == life) {
        return false;
    }
    session->life = life;
    if (life == SESSION_DEAD) {
        session->must_remove = session->is_registered;
        session->must_read = false;
    }
    return true;
}

static bool on_free(struct session *session)
{
    lease_watch_reset(&session->watch);
    session->free_reads++;
    /* One that just starts is registered before its lease is seen: wait as for a dead one. */
    if (session->is_registered && session->free_reads < FREE_READS) {
        return false;
    }
    session->has_left = true;
    return set_life(session, SESSION_DEAD);
}

bool session_plan_on_beat(struct session_plan *plan, const char *hex, int error,
                          const struct lease_beat *beat, uint64_t sent_ms, uint64_t answered_ms)
{
    struct session *session = find(plan, hex);
    if (session == NULL) {
        return false;
    }
    session->is_reading = false;
    if (error != 0 && error != -ENOENT) {
        lease_watch_fail(&session->watch);
        session->free_reads = 0;
        return false;
    }
    if (error == -ENOENT || (beat->session[0] == '\0' && !beat->is_taken)) {
        return on_free(session);
    }
    session->free_reads = 0;
    if (beat->is_taken || strcmp(beat->session, hex) != 0) {
        return set_life(session, SESSION_DEAD);
    }
    session->beat = *beat;
    session->must_take = lease_watch_feed(&session->watch, beat, sent_ms, answered_ms);
    return set_life(session, SESSION_ALIVE);
}

bool session_plan_on_taken(struct session_plan *plan, const char *hex, int error)
{
    struct session *session = find(plan, hex);
    if (session == NULL) {
        return false;
    }
    session->is_taking = false;
    lease_watch_reset(&session->watch);
    if (error != 0) {
        /* It moved, somebody else took it, or the answer is lost: the next read tells. */
        session->must_read = true;
        return false;
    }
    session->must_tell = true;
    return set_life(session, SESSION_DEAD);
}

enum session_life session_plan_ask(struct session_plan *plan, const char *hex)
{
    if (is_own(plan, hex)) {
        return SESSION_ALIVE;
    }
    struct session *session = obtain(plan, hex);
    if (session == NULL) {
        return SESSION_UNKNOWN;
    }
    session->asked_ticks = ASKED_TICKS;
    return session->life;
}

bool session_plan_has_left(const struct session_plan *plan, const char *hex)
{
    const struct session *session = find(plan, hex);
    return session != NULL && session->has_left;
}

enum session_life session_plan_life(const struct session_plan *plan, const char *hex)
{
    if (is_own(plan, hex)) {
        return SESSION_ALIVE;
    }
    const struct session *session = find(plan, hex);
    return session == NULL ? SESSION_UNKNOWN : session->life;
}

unsigned int session_plan_coordinators(const struct session_plan *plan)
{
    unsigned int count = 1;
    const struct session *session;
    for (session = plan->list; session != NULL; session = session->next) {
        if (session->is_registered && session->is_coordinator && session->life != SESSION_DEAD) {
            count++;
        }
    }
    return count;
}
