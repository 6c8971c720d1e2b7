/* Leases: a session, a sending IP, a partition. One script (take, renew, release), one keeper for
 * all that this process holds, on a connection of its own. No lease uses wall-clock time or a
 * key's time to live: it lives while its holder's beat changes (lease_watch.h). */
#ifndef HIKYAKU_COMMON_STORE_STORE_LEASE_H
#define HIKYAKU_COMMON_STORE_STORE_LEASE_H

#include "common/store/lease_watch.h"
#include "common/store/store.h"

enum store_lease_kind {
    STORE_LEASE_SESSION,
    STORE_LEASE_IP,
    STORE_LEASE_PARTITION,
    STORE_LEASE_SUSPECT, /* the right to try a suspect batch; never renewed: its holder's session is
                            its beat */
};

/** What is leased. `name`: session or IP as text, or NULL with `partition`. */
struct store_lease_name {
    enum store_lease_kind kind;
    const char *name;
    unsigned int partition;
};

/** @param error  0; -ENOENT (never taken); -EAGAIN, -ECONNRESET */
typedef void store_lease_read_fn(void *context, int error, const struct lease_beat *beat,
                                 uint64_t took_ms);
void store_lease_read(struct store *store, const struct store_lease_name *name,
                      store_lease_read_fn *on_answer, void *context);

/** @param error  0: taken; -ESTALE: it changed since; -EAGAIN, -ECONNRESET */
typedef void store_lease_taken_fn(void *context, int error, uint64_t epoch);
/**
 * Take a lease: a free one (`seen` NULL or without session) or a dead holder's (`seen` as watched).
 * A SESSION is taken for good: state taken, never renewed, removed after 24 h.
 */
void store_lease_take(struct store *store, const struct store_lease_name *name,
                      const struct lease_beat *seen, store_lease_taken_fn *on_answer,
                      void *context);
/** Give up one that this session holds. @param on_answer  may be NULL */
void store_lease_release(struct store *store, const struct store_lease_name *name, uint64_t epoch,
                         store_lease_taken_fn *on_answer, void *context);

/** The keeper: renews the own session and everything added, each second. */
struct store_keeper;
struct store_keeper_callbacks {
    /** The own session is registered: take other leases now. */
    void (*on_started)(void *context);
    /** A renewal was refused: this lease is not ours any more. */
    void (*on_refused)(void *context, const struct store_lease_name *name);
    /** The session itself was refused: the session ends (STORE_LEASE_SESSION in on_refused comes
     *  first). */
    void *context;
};
struct store_keeper *store_keeper_create(struct store *store,
                                         const struct store_keeper_callbacks *callbacks);
void store_keeper_destroy(struct store_keeper **keeper);
/** Give the session up: its lease goes, nothing is renewed any more. All else is released before.
 *  @callback on_answer  once; -ENOENT: there was none */
void store_keeper_release(struct store_keeper *keeper, store_lease_taken_fn *on_answer,
                          void *context);
/** Keep this lease alive too. */
void store_keeper_add(struct store_keeper *keeper, const struct store_lease_name *name,
                      uint64_t epoch);
void store_keeper_remove(struct store_keeper *keeper, const struct store_lease_name *name);
/**
 * May something be started, a final dot be written? True until T_stop (4.0 s after the send of the
 * last successful renewal of the session), by CLOCK_BOOTTIME read afresh.
 */
bool store_keeper_may_send(const struct store_keeper *keeper);
/** The same for one lease (a sending IP): false also when it is not kept. */
bool store_keeper_holds(const struct store_keeper *keeper, const struct store_lease_name *name);

#endif
