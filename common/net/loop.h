/* One event loop per process: timers, file descriptors, signals, the thread pool. Everything here
 * belongs to the loop's thread, loop_post() apart. The only face of libuv. */
#ifndef HIKYAKU_COMMON_NET_LOOP_H
#define HIKYAKU_COMMON_NET_LOOP_H

#include "common/base/text.h"

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_signal;

/** Ignores SIGPIPE for the process. */
struct loop *loop_create(void);
/** Close and free timers, watches and signals that are left, drop deferred and posted calls.
 *  Asserts that no work is in the pool and streams are closed. Accepts NULL. */
void loop_destroy(struct loop **loop);
/** Run until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/** CLOCK_MONOTONIC in ms as of the start of this turn: cheap, for pacing. Leases read clock.h. */
uint64_t loop_now_ms(const struct loop *loop);

typedef void loop_fn(void *context);

/** A stopped timer; reusable. */
struct loop_timer *loop_timer_create(struct loop *loop, loop_fn *on_timer, void *context);
/** Start or start anew. @param repeat_ms  0: once */
void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_active(const struct loop_timer *timer);
/** Stops and frees (memory goes in the close callback); safe inside its own callback. */
void loop_timer_destroy(struct loop_timer **timer);

/** LOOP_HANGUP: the peer has closed, or sends no more; bytes may still wait to be read. */
enum loop_watch_events { LOOP_READABLE = 1, LOOP_WRITABLE = 2, LOOP_HANGUP = 4 };
/** @param events  bits of enum loop_watch_events; readable and writable when the descriptor is in
 *                 error */
typedef void loop_watch_fn(void *context, unsigned int events);

/** Watch a descriptor that somebody else owns; destroy before it is closed. */
struct loop_watch *loop_watch_create(struct loop *loop, int descriptor, loop_watch_fn *on_events,
                                     void *context);
/** @param events  bits; 0 stops watching */
void loop_watch_set(struct loop_watch *watch, unsigned int events);
void loop_watch_destroy(struct loop_watch **watch);

struct loop_signal *loop_signal_create(struct loop *loop, int number, loop_fn *on_signal,
                                       void *context);
void loop_signal_destroy(struct loop_signal **signal);

/**
 * Run `work` in a thread of the pool, then `on_done` on the loop.
 *
 * @callback work     in another thread: touches only what `context` lends it
 * @callback on_done  exactly once
 */
void loop_run_in_pool(struct loop *loop, loop_fn *work, loop_fn *on_done, void *context);
/** Threads of the pool; set before the first loop_create() (default: cores). */
void loop_set_pool_threads(unsigned int threads);
/** Jobs given to the pool and not done. */
size_t loop_pool_pending(const struct loop *loop);

/** Have `run` called on the loop, from any thread. */
void loop_post(struct loop *loop, loop_fn *run, void *context);
/** Have `run` called on the loop once this turn's callbacks are through (before it blocks). */
void loop_defer(struct loop *loop, loop_fn *run, void *context);

#endif
