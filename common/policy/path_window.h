/* How many connections a path may have open, and how many messages each takes. Pure.
 *
 * Postfix's feedback: a window of w connections grows by 1/w per message taken while it is in use
 * (one more after each window of successes), and w failed connections without one that works make a
 * dead site. What Postfix lacks: a server that says "too many connections" names its limit, which
 * is kept and not tried again for a day. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_WINDOW_H
#define HIKYAKU_COMMON_POLICY_PATH_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define PATH_WINDOW_LEARNT_MS (24 * UINT64_C(3600000))
#define PATH_WINDOW_HALF_MS 60000

struct path_window {
    double size;
    uint32_t most;          /* of the profile */
    uint32_t open;          /* connections that have not ended */
    uint32_t greeted;       /* of these, those whose server takes mail */
    uint32_t learnt;        /* the server's own limit; 0: not met */
    uint64_t learnt_ms;     /* when it was met or last lowered */
    double failed;          /* pseudo-cohorts of failures since the last success */
    uint64_t half_until_ms; /* taken from a crashed worker: half of it until then */
    uint32_t messages;      /* per connection: the profile's, or learnt (Y6) */
    bool is_messages_learnt;
    uint32_t last_close;    /* messages on the connection that the server last ended, */
    uint32_t same_closes;   /* how often in a row it was this number, */
    uint64_t last_close_ms; /* and when it was last counted */
    uint32_t suspect;       /* refused as that message of a connection; no later one was taken, */
    uint32_t suspect_times; /* so often */
    uint64_t suspect_ms;
};

void path_window_init(struct path_window *window, uint32_t first, uint32_t most, uint32_t messages);
/** Connections that may be open now, 1 at least. */
uint32_t path_window_limit(const struct path_window *window, uint64_t now_ms);
void path_window_on_opened(struct path_window *window);
void path_window_on_greeted(struct path_window *window);
/** @param was_greeted  the server had greeted it */
void path_window_on_closed(struct path_window *window, bool was_greeted);
/** A message was taken. @param messages  answered before it on its connection */
void path_window_on_taken(struct path_window *window, uint32_t messages, uint64_t now_ms);
/**
 * A message was refused, in whatever words: is it their number on the connection? When it is always
 * the same one, and none behind it is ever taken.
 * @param messages      answered before it on its connection
 * @param ret_is_learnt out: true when `messages` was learnt by this one
 */
bool path_window_is_last(struct path_window *window, uint32_t messages, uint64_t now_ms,
                         bool *ret_is_learnt);
/**
 * The server refused a connection for their number; call it before path_window_on_closed().
 * @param opened_ms  when that one was opened
 * @return false: none of ours was open besides, so it is not their number: nothing is changed
 */
bool path_window_on_refused(struct path_window *window, uint64_t opened_ms, uint64_t now_ms);
/** A connection failed without a word. @return true: a whole window of them, the site is dead */
bool path_window_on_failed(struct path_window *window);
/** One connection less: a reset (J7). */
void path_window_shrink(struct path_window *window);
/**
 * The server ended a connection between two messages.
 * @param is_told  it said that this is their number
 * @return true: `messages` was learnt
 */
bool path_window_on_ended(struct path_window *window, uint32_t messages, bool is_told,
                          uint64_t now_ms);

#endif
