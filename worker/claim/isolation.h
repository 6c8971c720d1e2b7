/* Alone with a suspect batch: while a coordinator wants that, or a part of one is in hand, this
 * worker takes nothing else. Pure: what has been asked for and when. */
#ifndef HIKYAKU_WORKER_CLAIM_ISOLATION_H
#define HIKYAKU_WORKER_CLAIM_ISOLATION_H

#include "common/base/clock.h"

/** A wish that is not repeated is forgotten (coordinators repeat it each second). */
#define ISOLATION_WISH_MS (3 * SECOND_MS)
/** After a part: so long for the next one. */
#define ISOLATION_REST_MS SECOND_MS
/** What of a part could not start by then goes back: nobody else is served meanwhile. */
#define ISOLATION_IDLE_MS (5 * SECOND_MS)

struct isolation {
    uint64_t until_ms; /* monotonic */
    bool is_working;   /* a part is in hand */
};

static inline void isolation_wish(struct isolation *isolation, uint64_t now_ms)
{
    isolation->until_ms = now_ms + ISOLATION_WISH_MS;
}

static inline void isolation_begin(struct isolation *isolation)
{
    isolation->is_working = true;
}

static inline void isolation_end(struct isolation *isolation, uint64_t now_ms)
{
    isolation->is_working = false;
    isolation->until_ms = now_ms + ISOLATION_REST_MS;
}

static inline bool isolation_is_on(const struct isolation *isolation, uint64_t now_ms)
{
    return isolation->is_working || now_ms < isolation->until_ms;
}

#endif
