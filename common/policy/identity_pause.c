#include "common/policy/identity_pause.h"

/* Without a new blame the next pause is as short as the first. */
#define MEMORY_MS 7200000

static bool is_closed(const struct identity_pause *pause, uint64_t now_ms)
{
    return now_ms < pause->until_ms;
}

/* Of its return; IDENTITY_PAUSE_STEPS: it is back. */
static uint32_t step_of(const struct identity_pause *pause, uint64_t now_ms)
{
    uint64_t step = (now_ms - pause->until_ms) / IDENTITY_PAUSE_STEP_MS;
    bool is_back = pause->until_ms == 0 || step >= IDENTITY_PAUSE_STEPS;
    return is_back ? IDENTITY_PAUSE_STEPS : (uint32_t)step;
}

static uint64_t length_ms(uint32_t times)
{
    uint64_t length = IDENTITY_PAUSE_FIRST_MS;
    for (uint32_t i = 0; i < times && length < IDENTITY_PAUSE_MOST_MS; i++) {
        length *= 2;
    }
    return length < IDENTITY_PAUSE_MOST_MS ? length : IDENTITY_PAUSE_MOST_MS;
}

void identity_pause_close(struct identity_pause *pause, uint64_t pause_ms, uint64_t now_ms)
{
    if (now_ms + pause_ms <= pause->until_ms) {
        return;
    }
    pause->times += !is_closed(pause, now_ms) && pause->times < UINT32_MAX;
    pause->until_ms = now_ms + pause_ms;
    pause->blamed_ms = now_ms;
    pause->blames = 0;
    pause->step = 0;
    pause->started = 0;
}

uint64_t identity_pause_on_blame(struct identity_pause *pause, uint64_t now_ms)
{
    if (is_closed(pause, now_ms)) {
        return 0;
    }
    if (identity_pause_is_over(pause, now_ms)) {
        *pause = (struct identity_pause){.times = 0};
    }
    pause->blamed_ms = now_ms;
    pause->blames++;
    bool is_returning = step_of(pause, now_ms) < IDENTITY_PAUSE_STEPS;
    if (!is_returning && pause->blames < IDENTITY_PAUSE_BLAMES) {
        return 0;
    }
    uint64_t pause_ms = length_ms(pause->times);
    identity_pause_close(pause, pause_ms, now_ms);
    return pause_ms;
}

void identity_pause_on_taken(struct identity_pause *pause)
{
    pause->blames -= pause->blames > 0;
}

uint64_t identity_pause_wait_ms(const struct identity_pause *pause, uint64_t now_ms)
{
    if (is_closed(pause, now_ms)) {
        return pause->until_ms - now_ms;
    }
    uint32_t step = step_of(pause, now_ms);
    uint32_t started = step == pause->step ? pause->started : 0;
    if (step == IDENTITY_PAUSE_STEPS || started < UINT32_C(1) << step) {
        return 0;
    }
    return pause->until_ms + (uint64_t)(step + 1) * IDENTITY_PAUSE_STEP_MS - now_ms;
}

void identity_pause_start(struct identity_pause *pause, uint64_t now_ms)
{
    uint32_t step = step_of(pause, now_ms);
    if (step != pause->step) {
        pause->step = step;
        pause->started = 0;
    }
    pause->started += step < IDENTITY_PAUSE_STEPS;
}

bool identity_pause_is_over(const struct identity_pause *pause, uint64_t now_ms)
{
    return !is_closed(pause, now_ms) && now_ms >= pause->blamed_ms + MEMORY_MS &&
           now_ms >= pause->until_ms + MEMORY_MS;
}
