/* Hosts that could not be reached a moment ago: a dead domain must not eat connections that living
 * ones need (S7). Pure: time comes as an argument. */
#ifndef HIKYAKU_WORKER_PATHS_UNREACHABLE_H
#define HIKYAKU_WORKER_PATHS_UNREACHABLE_H

#include "common/base/table.h"

/** How long a host is left alone: 5 s after the first failure, doubling with each further one. */
#define UNREACHABLE_FIRST_MS 5000
#define UNREACHABLE_LAST_MS 300000
/** Hosts remembered; beyond, the one that failed longest ago is forgotten. */
#define UNREACHABLE_HOSTS_MAX 10000

struct unreachable;

struct unreachable *unreachable_create(void);
/** Accepts NULL, nulls the pointer. */
void unreachable_destroy(struct unreachable **unreachable);

/** A connection to `host` (address as text, with its port) failed before its greeting. */
void unreachable_add(struct unreachable *unreachable, struct text host, uint64_t now_ms);
/** A connection succeeded: forget the failures. */
void unreachable_remove(struct unreachable *unreachable, struct text host);
/** Is it to be left alone now? When it is not any more, the next failure doubles the time. */
bool unreachable_has(const struct unreachable *unreachable, struct text host, uint64_t now_ms);

#endif
