#include "coordinator/fleet/sessions.h"

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/store/store_lease.h"
#include "common/wire/wire_store.h"

#include <stdlib.h>
#include <string.h>

/* Reads that follow the last answer by less than the gap do not count: a little more than that. */
#define READ_MS (LEASE_WATCH_GAP_MS + 25)

struct sessions {
    struct sessions_settings settings;
    struct session_plan *plan;
    struct loop_timer *timer;
    struct arena *arena;            /* holds `entries` */
    struct sessions_entry *entries; /* the registry as last read */
    size_t entry_count;
    bool is_listing;
    bool is_stepping;
};

/* A call that waits for its answer. */
struct call {
    struct sessions *sessions;
    char session[SESSION_PLAN_HEX + 1];
};

static void run_steps(struct sessions *sessions);

static struct call *call_create(struct sessions *sessions, const char *session)
{
    struct call *call = xalloc_zero(1, sizeof *call);
    call->sessions = sessions;
    memcpy(call->session, session, sizeof call->session - 1);
    return call;
}

static void tell_life(struct sessions *sessions, const char *session, enum log_event event)
{
    if (session_plan_life(sessions->plan, session) == SESSION_DEAD) {
        LOG(event, NULL, log_string("session", session));
    }
    sessions->settings.on_life(sessions->settings.context);
}

static void on_beat(void *context, int error, const struct lease_beat *beat, uint64_t took_ms)
{
    struct call *call = context;
    struct sessions *sessions = call->sessions;
    uint64_t now_ms = clock_boottime_ms();
    bool is_news =
        session_plan_on_beat(sessions->plan, call->session, error, beat, now_ms - took_ms, now_ms);
    if (is_news) {
        tell_life(sessions, call->session, LOG_SESSION_LEFT);
    }
    free(call);
    run_steps(sessions);
}

static void on_taken(void *context, int error, uint64_t epoch)
{
    (void)epoch;
    struct call *call = context;
    struct sessions *sessions = call->sessions;
    if (session_plan_on_taken(sessions->plan, call->session, error)) {
        tell_life(sessions, call->session, LOG_SESSION_DEAD);
    }
    free(call);
    run_steps(sessions);
}

static void tell_all(struct sessions *sessions, const char *session)
{
    unsigned char bytes[SESSION_PLAN_HEX / 2];
    if (bytes_from_hex(text_of(session), bytes, sizeof bytes) == 0) {
        store_fleet_notify(sessions->settings.store, STORE_NOTICE_SESSION, bytes);
    }
}

static void do_step(struct sessions *sessions, const struct session_step *step)
{
    struct store *store = sessions->settings.store;
    struct store_lease_name name = {.kind = STORE_LEASE_SESSION, .name = step->session};
    switch (step->action) {
    case SESSION_READ:
        store_lease_read(store, &name, on_beat, call_create(sessions, step->session));
        break;
    case SESSION_TAKE:
        store_lease_take(store, &name, &step->seen, on_taken, call_create(sessions, step->session));
        break;
    case SESSION_REMOVE:
        store_fleet_remove(store, step->session, NULL, NULL);
        break;
    case SESSION_TELL:
        tell_all(sessions, step->session);
        break;
    }
}

/* An answer that comes inside its call must not start a second run. */
static void run_steps(struct sessions *sessions)
{
    if (sessions->is_stepping) {
        return;
    }
    sessions->is_stepping = true;
    struct session_step step;
    while (session_plan_next(sessions->plan, &step)) {
        do_step(sessions, &step);
    }
    sessions->is_stepping = false;
}

static size_t read_registry(struct sessions *sessions, const struct store_session *listed,
                            size_t count, struct session_plan_entry *plan_entries)
{
    size_t good = 0;
    for (size_t i = 0; i < count && good < SESSION_PLAN_MAX; i++) {
        Hikyaku__V1__StoredSession *stored = NULL;
        if (wire_store_read_session(listed[i].packed, sessions->arena, &stored) != 0) {
            continue;
        }
        struct sessions_entry *entry = &sessions->entries[good];
        memcpy(entry->session, listed[i].session, sizeof entry->session);
        entry->stored = stored;
        memcpy(plan_entries[good].session, listed[i].session, sizeof plan_entries[good].session);
        plan_entries[good].is_coordinator = strcmp(stored->role, "coordinator") == 0;
        good++;
    }
    return good;
}

static void on_registry(void *context, int error, const struct store_session *listed, size_t count)
{
    struct sessions *sessions = context;
    sessions->is_listing = false;
    if (error != 0) {
        return;
    }
    arena_reset(sessions->arena);
    size_t most = count < SESSION_PLAN_MAX ? count : SESSION_PLAN_MAX;
    sessions->entries = arena_zero(sessions->arena, most, sizeof *sessions->entries);
    struct session_plan_entry *entries = xalloc_zero(most, sizeof *entries);
    sessions->entry_count = read_registry(sessions, listed, most, entries);
    session_plan_on_registry(sessions->plan, entries, sessions->entry_count);
    free(entries);
    run_steps(sessions);
    sessions->settings.on_registry(sessions->settings.context,
                                   session_plan_coordinators(sessions->plan));
}

static void on_timer(void *context)
{
    struct sessions *sessions = context;
    session_plan_tick(sessions->plan);
    run_steps(sessions);
    if (!sessions->is_listing) {
        sessions->is_listing = true;
        store_fleet_sessions(sessions->settings.store, on_registry, sessions);
    }
}

struct sessions *sessions_create(const struct sessions_settings *settings)
{
    struct sessions *sessions = xalloc_zero(1, sizeof *sessions);
    sessions->settings = *settings;
    sessions->plan = session_plan_create(settings->own);
    sessions->arena = arena_create(0);
    sessions->timer = loop_timer_create(settings->loop, on_timer, sessions);
    return sessions;
}

void sessions_destroy(struct sessions **sessions)
{
    if (*sessions == NULL) {
        return;
    }
    loop_timer_destroy(&(*sessions)->timer);
    session_plan_destroy(&(*sessions)->plan);
    arena_destroy(&(*sessions)->arena);
    free(*sessions);
    *sessions = NULL;
}

void sessions_start(struct sessions *sessions)
{
    loop_timer_start(sessions->timer, 0, READ_MS);
}

void sessions_stop(struct sessions *sessions)
{
    loop_timer_stop(sessions->timer);
}

enum session_life sessions_ask(struct sessions *sessions, const char *session)
{
    return session_plan_ask(sessions->plan, session);
}

enum session_life sessions_life(const struct sessions *sessions, const char *session)
{
    return session_plan_life(sessions->plan, session);
}

bool sessions_has_left(const struct sessions *sessions, const char *session)
{
    return session_plan_has_left(sessions->plan, session);
}

unsigned int sessions_coordinators(const struct sessions *sessions)
{
    return session_plan_coordinators(sessions->plan);
}

const struct sessions_entry *sessions_registry(const struct sessions *sessions, size_t *ret_count)
{
    *ret_count = sessions->entry_count;
    return sessions->entries;
}
