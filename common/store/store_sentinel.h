/* Which Redis is the primary now? Asks all sentinels each second and believes the newest failover
 * that one of them has told lately: a sentinel that is cut off keeps telling the old one. */
#ifndef HIKYAKU_COMMON_STORE_STORE_SENTINEL_H
#define HIKYAKU_COMMON_STORE_STORE_SENTINEL_H

#include "common/store/store.h"
#include "common/store/store_reply.h"

struct store_sentinel;

/** What one sentinel says. */
struct store_sentinel_place {
    char host[256];
    uint16_t port;  /* 0: nothing known */
    uint64_t epoch; /* of the failover that made it the primary */
    uint64_t said_ms;
};

/** Read the answer of SENTINEL MASTER. Pure. @return 0 or -EPROTO */
MUST_USE int store_sentinel_read(const redisReply *reply, struct store_sentinel_place *ret_place);
/** The one to believe, or NULL: the greatest epoch of those not older than 5 s. Pure. */
const struct store_sentinel_place *store_sentinel_choose(const struct store_sentinel_place *places,
                                                         size_t count, uint64_t now_ms);

/** @callback  another primary than before; copy `host` */
typedef void store_sentinel_moved_fn(void *context, const char *host, uint16_t port);

/** @param settings  its sentinels, copied; at least one */
struct store_sentinel *store_sentinel_create(struct loop *loop,
                                             const struct store_settings *settings,
                                             store_sentinel_moved_fn *on_moved, void *context);
/** Accepts NULL, nulls the pointer. */
void store_sentinel_destroy(struct store_sentinel **sentinel);

#endif
