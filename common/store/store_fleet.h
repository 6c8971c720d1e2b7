/* What processes know of each other through Redis: the registry of sessions, notices, verdicts. */
#ifndef HIKYAKU_COMMON_STORE_STORE_FLEET_H
#define HIKYAKU_COMMON_STORE_STORE_FLEET_H

#include "common/store/store.h"

struct store_session {
    char session[33];
    struct text packed; /* StoredSession */
};
typedef void store_fleet_sessions_fn(void *context, int error, const struct store_session *sessions,
                                     size_t count);
typedef void store_fleet_done_fn(void *context, int error);

/** Enter the own session; `packed` is a StoredSession. */
void store_fleet_register(struct store *store, struct text packed, store_fleet_done_fn *on_answer,
                          void *context);
/** Remove a session: the own one at the end, or one that was taken. on_answer may be NULL. */
void store_fleet_remove(struct store *store, const char *session, store_fleet_done_fn *on_answer,
                        void *context);
void store_fleet_sessions(struct store *store, store_fleet_sessions_fn *on_answer, void *context);

enum store_notice_kind {
    STORE_NOTICE_WORK = 1,      /* a campaign has new work, or its state changed */
    STORE_NOTICE_CONTROL = 2,   /* its control word changed */
    STORE_NOTICE_SESSION = 3,   /* a session was taken over */
    STORE_NOTICE_STOPS = 4,     /* the operator stops changed; names no campaign */
    STORE_NOTICE_PATHS = 5,     /* what paths hold may go on; names no campaign */
    STORE_NOTICE_THROTTLES = 6, /* what operators have told of paths changed; names no campaign */
};
/** A hint that wakes drivers and workers at once; the row is the truth. */
void store_fleet_notify(struct store *store, enum store_notice_kind kind,
                        const unsigned char campaign[16]);
/** Listen (XREAD BLOCK on a connection of its own). Replaces the listener. */
typedef void store_fleet_notice_fn(void *context, enum store_notice_kind kind,
                                   const unsigned char campaign[16]);
void store_fleet_listen(struct store *store, store_fleet_notice_fn *on_notice, void *context);

/** A StoredDkimVerdict. @param error  -ENOENT: none yet */
typedef void store_fleet_value_fn(void *context, int error, struct text packed);
void store_fleet_dkim_verdict(struct store *store, struct text tenant, struct text domain,
                              struct text selector, store_fleet_value_fn *on_answer, void *context);
void store_fleet_put_dkim_verdict(struct store *store, struct text tenant, struct text domain,
                                  struct text selector, struct text packed,
                                  store_fleet_done_fn *on_answer, void *context);

#endif
