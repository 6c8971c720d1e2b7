/* A worker's share of what a site takes from all sending IPs of the cluster: messages in any window
 * of time, or connections at once. Places are leased from the store in small slices
 * (common/store/store_tokens.h), used, and told as ended. Pure.
 *
 * What the store believes this worker to hold is never less than what it holds: places leave a
 * share only by being told. A worker that nobody hears of for a minute and a half is believed to
 * hold nothing, so unused places are void well before that. */
#ifndef HIKYAKU_WORKER_PATHS_SITE_SHARE_H
#define HIKYAKU_WORKER_PATHS_SITE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

/** Unused places are void so long after the last call that was answered was sent. */
#define SITE_SHARE_VALID_MS 30000

struct site_share_limit {
    uint64_t most;      /* 0: no limit */
    uint64_t window_ms; /* 0: connections: what has ended counts no more */
};

/** Zeroed, then site_share_use(): nothing is leased. Times are of a clock that counts while the
 *  process or the machine stands still. */
struct site_share {
    struct site_share_limit limit;
    uint64_t used;  /* on their way; counted without a limit too */
    uint64_t spare; /* leased, not used */
    uint64_t ended; /* to be told */
    uint64_t telling;
    uint64_t asked;
    uint64_t slice;
    uint64_t sent_ms;   /* the last call */
    uint64_t told_ms;   /* when the last call that was answered was sent */
    uint64_t wanted_ms; /* somebody wanted a place last; 0: never */
    uint64_t ask_ms;    /* no sooner is more asked for */
    bool is_calling;
    bool is_dirty; /* the store believes more than is so */
    bool is_full;  /* as the store said last */
};

/** What to tell the store, and how much to ask for. */
struct site_share_call {
    uint64_t on_way;
    uint64_t ended;
    uint64_t asked; /* 0: only tell */
};

/** Begin with a limit, or go on with another one. */
void site_share_use(struct site_share *share, struct site_share_limit limit);
/** Is there a place? If not, it is noted that somebody wants one. */
bool site_share_wants(struct site_share *share, uint64_t now_ms);
bool site_share_has(const struct site_share *share, uint64_t now_ms);
/** A message or connection begins. */
void site_share_begin(struct site_share *share, uint64_t now_ms);
/** One of them has ended. */
void site_share_end(struct site_share *share);
/** Is there something to tell or to ask for now? Then site_share_on_answer() must follow. */
bool site_share_next(struct site_share *share, uint64_t now_ms, struct site_share_call *ret_call);
/**
 * @param error    0, or the call may have had no effect
 * @param is_full  what was asked for was not given
 * @param wait_ms  is_full: when some of it ends; 0: not known
 */
void site_share_on_answer(struct site_share *share, int error, bool is_full, uint64_t wait_ms,
                          uint64_t now_ms);
/** When it is of use to look for a place again. */
uint64_t site_share_wait_ms(const struct site_share *share, uint64_t now_ms);

#endif
