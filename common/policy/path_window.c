#include "common/policy/path_window.h"

#include <math.h>

/* Chance may end two connections after the same number, and connections that began together end
 * together. */
#define SAME_CLOSES 3
#define SAME_CLOSES_APART_MS 200
/* As for messages that are refused; a server near its limit often takes one and no more. */
#define SUSPECT_TIMES 4
#define SUSPECT_TIMES_OF_FIRST 8

void path_window_init(struct path_window *window, uint32_t first, uint32_t most, uint32_t messages)
{
    *window = (struct path_window){
        .size = first < most ? first : most, .most = most, .messages = messages};
}

static bool knows_limit(const struct path_window *window, uint64_t now_ms)
{
    return window->learnt > 0 && now_ms - window->learnt_ms < PATH_WINDOW_LEARNT_MS;
}

uint32_t path_window_limit(const struct path_window *window, uint64_t now_ms)
{
    double limit = fmin(window->size, window->most);
    if (knows_limit(window, now_ms)) {
        limit = fmin(limit, window->learnt);
    }
    if (now_ms < window->half_until_ms) {
        limit /= 2;
    }
    return limit < 1 ? 1 : (uint32_t)limit;
}

void path_window_on_opened(struct path_window *window)
{
    window->open++;
}

void path_window_on_greeted(struct path_window *window)
{
    window->greeted++;
    window->failed = 0;
    /* It was opened before the limit was met: the server counts it in. */
    if (window->learnt > 0 && window->greeted > window->learnt) {
        window->learnt = window->greeted;
    }
}

void path_window_on_closed(struct path_window *window, bool was_greeted)
{
    window->open -= window->open > 0;
    window->greeted -= was_greeted && window->greeted > 0;
}

void path_window_on_taken(struct path_window *window, uint32_t messages, uint64_t now_ms)
{
    window->failed = 0;
    if (messages >= window->suspect) {
        window->suspect = window->suspect_times = 0;
    }
    bool is_busy = window->open >= path_window_limit(window, now_ms);
    if (is_busy && window->size < window->most) {
        window->size = fmin(window->size + 1 / window->size, window->most);
    }
}

bool path_window_on_refused(struct path_window *window, uint64_t opened_ms, uint64_t now_ms)
{
    if (window->greeted == 0) {
        return false;
    }
    if (!knows_limit(window, now_ms)) {
        window->learnt = window->greeted;
        window->learnt_ms = now_ms;
    } else if (opened_ms > window->learnt_ms) {
        /* It was within the limit as we knew it: the server's is lower now. */
        uint32_t less = window->learnt / 4 > 0 ? window->learnt / 4 : 1;
        uint32_t lower = window->learnt > less ? window->learnt - less : 1;
        window->learnt = lower < window->greeted ? lower : window->greeted;
        window->learnt_ms = now_ms;
    }
    window->size = fmin(window->size, window->learnt);
    return true;
}

bool path_window_on_failed(struct path_window *window)
{
    window->failed += 1 / window->size;
    if (window->failed < 0.999) {
        return false;
    }
    window->failed = 0;
    window->size = 1;
    return true;
}

void path_window_shrink(struct path_window *window)
{
    window->size = fmax(window->size - 1, 1);
}

bool path_window_on_ended(struct path_window *window, uint32_t messages, bool is_told,
                          uint64_t now_ms)
{
    if (messages == 0 || messages >= window->messages) {
        return false;
    }
    bool is_same = messages == window->last_close;
    if (!is_same || now_ms - window->last_close_ms >= SAME_CLOSES_APART_MS) {
        window->same_closes = is_same ? window->same_closes + 1 : 1;
        window->last_close_ms = now_ms;
    }
    window->last_close = messages;
    if (!is_told && window->same_closes < SAME_CLOSES) {
        return false;
    }
    window->messages = messages;
    window->is_messages_learnt = true;
    return true;
}

bool path_window_is_last(struct path_window *window, uint32_t messages, uint64_t now_ms,
                         bool *ret_is_learnt)
{
    *ret_is_learnt = false;
    if (window->is_messages_learnt && messages >= window->messages) {
        return true;
    }
    if (messages == 0 || messages < window->suspect) {
        return false;
    }
    bool is_same = messages == window->suspect;
    if (!is_same || now_ms - window->suspect_ms >= SAME_CLOSES_APART_MS) {
        window->suspect_times = is_same ? window->suspect_times + 1 : 1;
        window->suspect_ms = now_ms;
    }
    window->suspect = messages;
    if (window->suspect_times < (messages == 1 ? SUSPECT_TIMES_OF_FIRST : SUSPECT_TIMES)) {
        return false;
    }
    window->messages = messages;
    window->is_messages_learnt = *ret_is_learnt = true;
    return true;
}
