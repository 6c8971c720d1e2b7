/* Watches how keys are used, and raises alarms. Networks that a key came from are kept in the
 * store, so that a new one is told once over all coordinators. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_WATCH_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_WATCH_H

#include "coordinator/access/access_alarm.h"
#include "coordinator/access/access_book.h"

struct store;
struct access_watch;

/** An alarm: whose, from where. Valid during the call. */
struct access_watch_alarm {
    enum access_alarm alarm;
    const char *tenant;
    const char *principal;
    const char *key_id;
    const char *source;
};
typedef void access_watch_fn(void *context, const struct access_watch_alarm *alarm);

struct access_watch *access_watch_create(struct store *store, access_watch_fn *on_alarm,
                                         void *context);
/** The store is destroyed before. Accepts NULL, nulls the pointer. */
void access_watch_destroy(struct access_watch **watch);

/** It was accepted; before its use is noted. */
void access_watch_on_call(struct access_watch *watch, const struct access_key *key,
                          const char *source);
/** A call with a key that is known was refused: for the key, its scopes, a quota. */
void access_watch_on_refusal(struct access_watch *watch, const struct access_key *key,
                             const char *source);
/** A call that shows recipients, or what they read. */
void access_watch_on_reveal(struct access_watch *watch, const struct access_key *key,
                            const char *source);

#endif
