#include "worker/report/flush_window.h"

#include <assert.h>

void flush_window_tick(struct flush_window *window)
{
    window->round++;
    size_t *place = &window->open[window->round % FLUSH_WINDOW_ROUNDS];
    window->late += *place;
    *place = 0;
}

uint64_t flush_window_sent(struct flush_window *window, size_t outcomes)
{
    window->outcomes += outcomes;
    window->open[window->round % FLUSH_WINDOW_ROUNDS]++;
    return window->round;
}

void flush_window_answered(struct flush_window *window, uint64_t round, size_t outcomes)
{
    assert(outcomes <= window->outcomes && round <= window->round);
    window->outcomes -= outcomes;
    bool is_late = round + FLUSH_WINDOW_ROUNDS <= window->round;
    size_t *place = is_late ? &window->late : &window->open[round % FLUSH_WINDOW_ROUNDS];
    assert(*place > 0);
    --*place;
}

bool flush_window_is_open(const struct flush_window *window)
{
    return window->late == 0 && window->outcomes < FLUSH_WINDOW_OUTCOMES;
}
