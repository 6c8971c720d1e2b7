/* Shared limits: how many messages of a tenant, pool, From or DKIM domain, campaign or site may be
 * on their way or have ended within a window of time, over all coordinators (a site's: all
 * workers). One hash each. */
#ifndef HIKYAKU_COMMON_STORE_STORE_TOKENS_H
#define HIKYAKU_COMMON_STORE_STORE_TOKENS_H

#include "common/store/store.h"

/* Messages by lane, in this order. */
enum store_tokens_lane { STORE_TOKENS_TRANSACTIONAL, STORE_TOKENS_BULK, STORE_TOKENS_LANES };

/** Which limit. */
struct store_tokens_name {
    struct text tenant;            /* of a tenant; empty: of a pool or a campaign */
    struct text name;              /* "tenant", "from:<domain>", "dkim:<domain>"; the pool's name */
    const unsigned char *campaign; /* 16 bytes; NULL: of a tenant or pool */
    struct text site;              /* of a site over all sending IPs; empty: of the above */
    bool is_open;                  /* a site's connections instead of its messages */
};

struct store_tokens {
    struct store_tokens_name name;
    enum store_tokens_lane lane;
    uint32_t asked; /* 0: only tell */
    uint64_t window_ms;
    uint64_t most;
    uint64_t most_of_lane;
    uint64_t on_way[STORE_TOKENS_LANES]; /* of this session, without what is asked for */
    uint64_t ended[STORE_TOKENS_LANES];  /* since it told last */
};

/**
 * @param error    0; -EAGAIN (not applied: tell again), -ECONNRESET (perhaps applied: tell again,
 *                 rather twice than never), -EINVAL (of another format)
 * @param is_full  what was asked for was not given
 * @param wait_ms  is_full: when some of it ends; 0: not known, it is on its way
 */
typedef void store_tokens_fn(void *context, int error, bool is_full, uint64_t wait_ms);
void store_tokens_ask(struct store *store, const struct store_tokens *tokens,
                      store_tokens_fn *on_answer, void *context);

#endif
