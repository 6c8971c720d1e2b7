#include "common/policy/path_suspension.h"

#include <stdio.h>

/* Before one more connection: messages for each that there is, and time. */
#define STEP_TAKEN 3
#define STEP_MS 2000

/* Letters that were on the wire are refused as well: that is one refusal, told once. */
static bool prolong(struct path_suspension *suspension, uint64_t pause_ms, const char *rule,
                    uint64_t now_ms)
{
    uint64_t until_ms = suspension->until_ms;
    if (until_ms >= now_ms + pause_ms) {
        return false;
    }
    suspension->until_ms = now_ms + pause_ms;
    if (now_ms + pause_ms - until_ms < pause_ms / 2) {
        return false;
    }
    suspension->length_ms = pause_ms > suspension->length_ms ? pause_ms : suspension->length_ms;
    (void)snprintf(suspension->rule, sizeof suspension->rule, "%s", rule);
    return true;
}

static uint64_t at_least(uint64_t value, uint64_t least)
{
    return value > least ? value : least;
}

/* Twice as long each time. Where a pause is known that was enough, a little less than that is tried
 * first, until it is too short. */
static uint64_t length_of(const struct path_suspension *suspension, const struct path_pause *pause)
{
    uint32_t times = suspension->times < 20 ? suspension->times : 20;
    uint64_t enough_ms = pause->is_guessed ? suspension->enough_ms : 0;
    if (enough_ms <= pause->first_ms) {
        return pause->first_ms << times;
    }
    uint64_t less_ms = enough_ms * 4 / 5;
    bool is_tried = times == 0 && less_ms > suspension->short_ms;
    return is_tried ? at_least(less_ms, pause->first_ms) : enough_ms << (times > 1 ? times - 1 : 0);
}

static void learn_length(struct path_suspension *suspension, uint64_t now_ms)
{
    suspension->enough_ms =
        suspension->times == 1 ? suspension->length_ms : now_ms - suspension->since_ms;
    suspension->is_guessed = false;
}

bool path_suspension_close(struct path_suspension *suspension, const struct path_pause *pause,
                           const char *rule, uint64_t now_ms)
{
    if (suspension->state == PATH_SUSPENSION_CLOSED) {
        return prolong(suspension, pause->first_ms, rule, now_ms);
    }
    if (suspension->state != PATH_SUSPENSION_PROBING) {
        suspension->since_ms = now_ms;
        bool is_known = pause->is_guessed && suspension->enough_ms > 0;
        bool is_new = is_known || now_ms - suspension->opened_ms > pause->memory_ms;
        suspension->times = is_new ? 0 : suspension->times;
    }
    if (suspension->is_guessed && suspension->times == 1) {
        suspension->short_ms = suspension->length_ms;
    }
    uint64_t length_ms = length_of(suspension, pause);
    uint64_t most_ms = pause->most_ms > pause->first_ms ? pause->most_ms : pause->first_ms;
    suspension->length_ms = length_ms < most_ms ? length_ms : most_ms;
    suspension->times++;
    suspension->is_guessed = pause->is_guessed;
    suspension->state = PATH_SUSPENSION_CLOSED;
    suspension->until_ms = now_ms + suspension->length_ms;
    (void)snprintf(suspension->rule, sizeof suspension->rule, "%s", rule);
    return true;
}

bool path_suspension_tick(struct path_suspension *suspension, uint64_t now_ms)
{
    if (suspension->state != PATH_SUSPENSION_CLOSED || now_ms < suspension->until_ms) {
        return false;
    }
    suspension->state = PATH_SUSPENSION_PROBING;
    return true;
}

bool path_suspension_on_taken(struct path_suspension *suspension, uint32_t limit, uint64_t now_ms)
{
    if (suspension->state == PATH_SUSPENSION_PROBING) {
        suspension->state = PATH_SUSPENSION_RETURNING;
        suspension->lost_ms = now_ms - suspension->since_ms;
        if (suspension->is_guessed) {
            learn_length(suspension, now_ms);
        }
        suspension->allowed = 1;
        suspension->taken = 1;
        suspension->step_ms = now_ms;
        suspension->opened_ms = now_ms;
        return true;
    }
    if (suspension->state != PATH_SUSPENSION_RETURNING) {
        return false;
    }
    suspension->taken++;
    if (suspension->taken >= STEP_TAKEN * suspension->allowed &&
        now_ms - suspension->step_ms >= STEP_MS) {
        suspension->allowed++;
        suspension->taken = 0;
        suspension->step_ms = now_ms;
    }
    if (suspension->allowed > limit) {
        suspension->state = PATH_SUSPENSION_OPEN;
    }
    return false;
}

uint32_t path_suspension_connections(const struct path_suspension *suspension)
{
    switch (suspension->state) {
    case PATH_SUSPENSION_OPEN:
        return UINT32_MAX;
    case PATH_SUSPENSION_CLOSED:
        return 0;
    case PATH_SUSPENSION_PROBING:
        return 1;
    case PATH_SUSPENSION_RETURNING:
        return suspension->allowed;
    }
    return 0;
}

void path_suspension_open(struct path_suspension *suspension, uint64_t now_ms)
{
    suspension->state = PATH_SUSPENSION_OPEN;
    suspension->opened_ms = now_ms;
}
