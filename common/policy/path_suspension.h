/* A path that is closed for a while and comes back gently. Pure.
 *
 * After the pause one connection tries one message. When that is taken, connections are added one
 * at a time (G16); when it is refused the path closes again, for longer. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_SUSPENSION_H
#define HIKYAKU_COMMON_POLICY_PATH_SUSPENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATH_SUSPENSION_RULE_BYTES 64

enum path_suspension_state {
    PATH_SUSPENSION_OPEN,
    PATH_SUSPENSION_CLOSED,
    PATH_SUSPENSION_PROBING,   /* one connection, one message at a time */
    PATH_SUSPENSION_RETURNING, /* `allowed` connections, one more at a time */
};

struct path_suspension {
    enum path_suspension_state state;
    uint64_t since_ms;
    uint64_t until_ms;
    uint64_t length_ms; /* of the last pause */
    uint64_t opened_ms; /* when something was last taken after a pause */
    uint64_t lost_ms;   /* from closing to the first message taken */
    uint32_t times;     /* in a row */
    uint32_t allowed;   /* connections while RETURNING */
    uint32_t taken;     /* at this number of connections */
    uint64_t step_ms;   /* when that number was allowed */
    uint64_t enough_ms; /* a pause that was long enough the last time; 0: not known */
    uint64_t short_ms;  /* one that was not */
    bool is_guessed;    /* the last pause */
    char rule[PATH_SUSPENSION_RULE_BYTES];
};

/** A pause; it doubles when the path has not been open for `memory_ms` since the last one. */
struct path_pause {
    uint64_t first_ms;
    uint64_t most_ms;
    uint64_t memory_ms;
    bool is_guessed; /* nobody asked for it: what was enough the last time is tried first */
};

/**
 * Close, or stay closed for longer.
 * @return false: it is closed already and not for much longer now: nothing to tell
 */
bool path_suspension_close(struct path_suspension *suspension, const struct path_pause *pause,
                           const char *rule, uint64_t now_ms);
/** @return true: the pause is over, a message may try */
bool path_suspension_tick(struct path_suspension *suspension, uint64_t now_ms);
/**
 * A message was taken.
 * @param limit  connections that the path may have when it is open
 * @return true: it was the first one after a pause
 */
bool path_suspension_on_taken(struct path_suspension *suspension, uint32_t limit, uint64_t now_ms);
/** Connections it allows; UINT32_MAX: as many as the window does. */
uint32_t path_suspension_connections(const struct path_suspension *suspension);
/** Open at once (an operator's word). */
void path_suspension_open(struct path_suspension *suspension, uint64_t now_ms);

#endif
