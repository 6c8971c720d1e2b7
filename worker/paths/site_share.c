#include "worker/paths/site_share.h"

/* At most so many slices make a limit: what a worker leases and does not use is lost to others. */
#define PARTS 16
/* What ended is told so soon, unless something is asked for before. */
#define TELL_MS 100
/* The store forgets who is silent for 90 s. */
#define ALIVE_MS 20000
/* Places that nobody wants for so long go back. */
#define UNWANTED_MS 1000
#define FULL_LEAST_MS 20
#define FULL_MS 200
#define FULL_MOST_MS 1000
#define FAILED_MS 500

static uint64_t slice_most(const struct site_share *share)
{
    uint64_t part = share->limit.most / PARTS;
    return part > 0 ? part : 1;
}

void site_share_use(struct site_share *share, struct site_share_limit limit)
{
    share->is_dirty = share->is_dirty || share->spare > 0 || share->used > 0;
    share->spare = 0;
    share->limit = limit;
    share->slice = slice_most(share);
    share->is_full = false;
    share->ask_ms = 0;
}

static bool is_valid(const struct site_share *share, uint64_t now_ms)
{
    return now_ms - share->told_ms < SITE_SHARE_VALID_MS;
}

bool site_share_has(const struct site_share *share, uint64_t now_ms)
{
    return share->limit.most == 0 || (share->spare > 0 && is_valid(share, now_ms));
}

bool site_share_wants(struct site_share *share, uint64_t now_ms)
{
    share->wanted_ms = now_ms;
    return site_share_has(share, now_ms);
}

void site_share_begin(struct site_share *share, uint64_t now_ms)
{
    share->wanted_ms = now_ms;
    share->used++;
    share->spare -= share->spare > 0 ? 1 : 0;
}

void site_share_end(struct site_share *share)
{
    share->used -= share->used > 0 ? 1 : 0;
    share->ended += share->limit.most > 0 && share->limit.window_ms > 0 ? 1 : 0;
    share->is_dirty = true;
}

static uint64_t to_ask(const struct site_share *share, bool is_wanted, uint64_t now_ms)
{
    bool is_low = share->spare < (share->slice + 1) / 2;
    return is_wanted && is_low && now_ms >= share->ask_ms ? share->slice : 0;
}

bool site_share_next(struct site_share *share, uint64_t now_ms, struct site_share_call *ret_call)
{
    if (share->is_calling || share->limit.most == 0) {
        return false;
    }
    bool is_wanted = share->wanted_ms != 0 && now_ms - share->wanted_ms < UNWANTED_MS;
    if (share->spare > 0 && (!is_wanted || !is_valid(share, now_ms))) {
        share->spare = 0;
        share->is_dirty = true;
    }
    uint64_t asked = to_ask(share, is_wanted, now_ms);
    uint64_t silent_ms = now_ms - share->sent_ms;
    bool is_silent = silent_ms >= ALIVE_MS && share->used + share->spare + share->ended > 0;
    if (asked == 0 && !is_silent && !(share->is_dirty && silent_ms >= TELL_MS)) {
        return false;
    }
    share->asked = asked;
    share->telling = share->ended;
    share->ended = 0;
    share->sent_ms = now_ms;
    share->is_calling = true;
    share->is_dirty = false;
    *ret_call = (struct site_share_call){share->used + share->spare, share->telling, asked};
    return true;
}

/* No faster than the limit as a whole: what comes in a heap goes out in a heap, again and again. */
static void take_slice(struct site_share *share)
{
    uint64_t part_ms = share->limit.window_ms * share->asked / share->limit.most;
    share->spare += share->asked;
    share->ask_ms = share->sent_ms + part_ms;
    share->is_full = false;
    uint64_t most = slice_most(share);
    share->slice = 2 * share->slice < most ? 2 * share->slice : most;
}

static void wait_for_some(struct site_share *share, uint64_t wait_ms, uint64_t now_ms)
{
    wait_ms = wait_ms == 0 ? FULL_MS : wait_ms;
    wait_ms = wait_ms < FULL_LEAST_MS ? FULL_LEAST_MS : wait_ms;
    wait_ms = wait_ms < FULL_MOST_MS ? wait_ms : FULL_MOST_MS;
    share->ask_ms = now_ms + wait_ms;
    share->is_full = true;
    share->slice = share->slice > 1 ? share->slice / 2 : 1;
}

void site_share_on_answer(struct site_share *share, int error, bool is_full, uint64_t wait_ms,
                          uint64_t now_ms)
{
    uint64_t telling = share->telling;
    share->is_calling = false;
    share->telling = 0;
    if (error != 0) {
        share->ended += telling; /* rather twice than never */
        share->is_dirty = true;
        share->ask_ms = now_ms + FAILED_MS;
        return;
    }
    share->told_ms = share->sent_ms;
    if (share->asked > 0 && is_full) {
        wait_for_some(share, wait_ms, now_ms);
    } else if (share->asked > 0 && share->limit.most > 0) {
        take_slice(share);
    }
}

uint64_t site_share_wait_ms(const struct site_share *share, uint64_t now_ms)
{
    uint64_t left_ms = share->ask_ms > now_ms ? share->ask_ms - now_ms : 0;
    return left_ms > FULL_LEAST_MS ? left_ms : FULL_LEAST_MS;
}
