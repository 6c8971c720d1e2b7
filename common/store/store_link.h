/* One connection to Redis on the loop: connects, is made anew after a loss, answers each command
 * once and in order. The only file that drives hiredis. */
#ifndef HIKYAKU_COMMON_STORE_STORE_LINK_H
#define HIKYAKU_COMMON_STORE_STORE_LINK_H

#include "common/net/loop.h"
#include "common/store/store_command.h"
#include "common/store/store_reply.h"

struct store_link;
struct store_tls;

/**
 * @callback  exactly once for each command; `reply` lives for the call, NULL with an error of the
 *            connection (-EAGAIN: not sent; -ECONNRESET: sent, the answer got lost; -ECANCELED)
 */
typedef void store_link_reply_fn(void *call, int error, const redisReply *reply);

struct store_link_settings {
    const char *endpoint;        /* see store.h; copied; NULL: wait for store_link_move() */
    uint64_t timeout_ms;         /* of one answer */
    const struct store_tls *tls; /* borrowed; NULL: none. Not over unix sockets */
    bool is_paced; /* few commands are unanswered while it is young: store_backlog.h */
    /** The connection stands: log in and check with store_link_send_early(), then
     *  store_link_set_ready() or store_link_drop(). */
    void (*on_connected)(void *context, struct store_link *link);
    /** Lost after it was ready, or not reached (`was_ready` false). It tries again by itself. */
    void (*on_lost)(void *context, struct store_link *link, bool was_ready);
    void (*on_latency)(void *context, uint64_t ms);
    void *context;
};

struct store_link *store_link_create(struct loop *loop, const struct store_link_settings *settings);
/** Close it for good and answer everything with -ECANCELED; whoever calls again then is answered so
 *  too. Not from inside a callback of the link. */
void store_link_cancel(struct store_link *link);
void store_link_destroy(struct store_link **link);

bool store_link_is_ready(const struct store_link *link);
/** Which connection it is: another number after each loss. */
uint64_t store_link_connection(const struct store_link *link);
/** Connected, not ready yet, not dropped. */
bool store_link_is_early(const struct store_link *link);
void store_link_set_ready(struct store_link *link);
/** Give the connection up; another is tried after a pause. Safe inside callbacks. */
void store_link_drop(struct store_link *link);

/** Another place to connect to, now and after each loss; the connection that stands is given up. */
void store_link_move(struct store_link *link, const char *endpoint);

/** Send a command once ready; answered -EAGAIN (from the loop, never at once) when it is not. */
void store_link_send(struct store_link *link, struct store_command *command,
                     store_link_reply_fn *on_reply, void *call);
/** The same while logging in. */
void store_link_send_early(struct store_link *link, struct store_command *command,
                           store_link_reply_fn *on_reply, void *call);

/** Keep the reply that a callback is looking at, beyond the call: freeReplyObject() frees it. */
redisReply *store_link_take_reply(struct store_link *link);

#endif
