/* How many messages a second a path is given, found from what the server refuses. Pure.
 *
 * A cold path starts at its profile's first rate and grows while that rate is in use and nothing is
 * refused: gently up to 128 a second, then fast. The first refusal opens an episode: the rate falls
 * at once, and falls further to what the server takes while it refuses. Between two refusals it
 * took exactly what it allows (a token bucket is empty at both): that is the ceiling. The rate then
 * rises to just below the ceiling and stays; now and then it tries a little more. A failed try may
 * cost one attempt in 300 and one minute in 30, which decides how long the next one is put off;
 * tries that succeed grow. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_RATE_H
#define HIKYAKU_COMMON_POLICY_PATH_RATE_H

#include <stdbool.h>
#include <stdint.h>

/** Above this a rate is not worth pacing: it has no effect. */
#define PATH_RATE_MOST 20000.0
#define PATH_RATE_LEAST (1.0 / 120)

enum path_rate_phase {
    PATH_RATE_STARTING, /* no limit has been met yet: doubling */
    PATH_RATE_FALLING,  /* an episode of refusals */
    PATH_RATE_RISING,   /* back to just below the ceiling */
    PATH_RATE_HOLDING,
    PATH_RATE_TRYING, /* above the ceiling */
};

/** A place in time and in what was answered. */
struct path_rate_mark {
    uint64_t ms;
    uint64_t taken;
    uint64_t refused;
};

struct path_rate {
    double rate;    /* messages per s */
    double ceiling; /* 0: not met yet */
    double most;    /* never above; 0: PATH_RATE_MOST */
    double step;    /* of the next try, part of the rate */
    enum path_rate_phase phase;
    uint64_t taken; /* messages the server decided on, or refused for reasons of their own */
    uint64_t refused;
    struct path_rate_mark episode;  /* its first refusal */
    struct path_rate_mark anchor;   /* where a count of what is allowed may begin; ms 0: nowhere */
    struct path_rate_mark measured; /* when the episode was last measured */
    struct path_rate_mark step_begin;
    struct path_rate_mark try_begin;
    uint64_t last_refusal_ms;
    uint64_t quiet_until_ms; /* no try before, */
    uint64_t quiet_taken;    /* nor before so many were taken */
    double clean;            /* the last step of this try that was not refused; 0: none */
    double entry;            /* rate when the episode began */
    bool was_trying;         /* the episode ended a try */
    bool was_paused;         /* since the anchor nothing is known but what a pause left */
    uint64_t basis;          /* messages taken in the span that told the ceiling */
    uint64_t last_taken_ms;
    uint32_t run; /* refusals since then */
    /* Between two pauses: how much was taken, in what time, until the refusal. */
    struct path_rate_mark cycle; /* its begin */
    double cycle_s;              /* of the last one; 0: none */
    double cycle_taken;
    double shortest_s; /* of the shortest one: what a bucket holds, and little more */
    double shortest_taken;
    double stable;    /* a ceiling below which it held for long without a refusal; 0: none */
    double refuted;   /* one at which it did not; 0: none */
    bool has_gained;  /* the last try showed that more is allowed than was known */
    uint64_t lost_ms; /* by the last pause */
    /* How fast it really went: the busy guard, and where a fall begins. */
    uint64_t meter_ms;
    uint32_t meter_started;
    double actual; /* of the last complete span; 0: none yet */
};

/** What an answer changed; told as decisions. */
enum path_rate_change {
    PATH_RATE_SAME,
    PATH_RATE_DOWN,    /* an episode began */
    PATH_RATE_FOUND,   /* the ceiling was measured */
    PATH_RATE_BLOCKED, /* nothing at all is taken any more: the caller pauses the path */
    PATH_RATE_UP,      /* doubled, or a try succeeded */
    PATH_RATE_TRIES,   /* begins to try above the ceiling */
};

/** @param first, most  messages per s */
void path_rate_init(struct path_rate *rate, double first, double most, uint64_t now_ms);
/** A message starts: the path's pacer let it. */
void path_rate_on_started(struct path_rate *rate, uint64_t now_ms);
/** A message was taken, or refused for a reason of its own. */
enum path_rate_change path_rate_on_taken(struct path_rate *rate, uint64_t now_ms);
/** A message was refused for its rate. */
enum path_rate_change path_rate_on_refused(struct path_rate *rate, uint64_t now_ms);
/** Time passes; call it several times a second while the path is in use. */
enum path_rate_change path_rate_tick(struct path_rate *rate, uint64_t now_ms);
/** The path was closed for `paused_ms` and opens again, gently. */
void path_rate_on_resumed(struct path_rate *rate, uint64_t paused_ms, uint64_t now_ms);
/** What was refused was not about the rate: no limit is known, it doubles again. */
void path_rate_restart(struct path_rate *rate, uint64_t now_ms);
/** Go on from a stored rate; `ceiling` and `basis` are set. */
void path_rate_continue(struct path_rate *rate, double from, uint64_t now_ms);
/** Slow down by another's word (a sweep, a profile's reaction). @param part  0..1 of the rate */
void path_rate_cut(struct path_rate *rate, double part, uint64_t now_ms);

#endif
