/* I5, no send without a record: counts what the store has not answered yet. Pure.
 *
 * A round is the time between two ticks of the flush timer. Nothing new starts while a flush has
 * been without answer for two rounds, or 400 outcomes are unanswered. */
#ifndef HIKYAKU_WORKER_REPORT_FLUSH_WINDOW_H
#define HIKYAKU_WORKER_REPORT_FLUSH_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLUSH_WINDOW_ROUNDS 2
#define FLUSH_WINDOW_OUTCOMES 400

struct flush_window {
    uint64_t round;                   /* the current one */
    size_t outcomes;                  /* unanswered, of all rounds */
    size_t open[FLUSH_WINDOW_ROUNDS]; /* unanswered flushes of this round and the one before */
    size_t late;                      /* unanswered flushes of earlier rounds */
};

/** The timer ticked: a new round begins. */
void flush_window_tick(struct flush_window *window);
/** A flush goes out. @return its round, for flush_window_answered() */
uint64_t flush_window_sent(struct flush_window *window, size_t outcomes);
void flush_window_answered(struct flush_window *window, uint64_t round, size_t outcomes);
/** May a message start? */
bool flush_window_is_open(const struct flush_window *window);

#endif
