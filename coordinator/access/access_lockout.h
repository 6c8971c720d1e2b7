/* Who shows wrong keys waits, longer each time: counted by source address, and by source and key.
 * Pure: time is an argument. Bounded: of too many sources the one that is quiet longest is
 * forgotten. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_LOCKOUT_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_LOCKOUT_H

#include "common/base/text.h"

/** Wrong keys that cost nothing. */
#define ACCESS_LOCKOUT_FREE 5
#define ACCESS_LOCKOUT_FIRST_MS 1000
#define ACCESS_LOCKOUT_MOST_MS 300000
/** Without a wrong key for so long all is forgotten. */
#define ACCESS_LOCKOUT_QUIET_MS 900000
#define ACCESS_LOCKOUT_SOURCES_MAX 4096

struct access_lockout;

struct access_lockout *access_lockout_create(void);
/** Accepts NULL, nulls the pointer. */
void access_lockout_destroy(struct access_lockout **lockout);

/** @param source  of the caller, as text. @return ms to wait; 0: may try */
uint64_t access_lockout_wait_ms(const struct access_lockout *lockout, struct text source,
                                uint64_t now_ms);
/** A wrong key. Each after the free ones doubles the wait. @return how many it were in a row */
unsigned int access_lockout_fail(struct access_lockout *lockout, struct text source,
                                 uint64_t now_ms);
/** A right key: the source is forgiven. */
void access_lockout_forgive(struct access_lockout *lockout, struct text source);

#endif
