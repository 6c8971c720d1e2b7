/* `durability: replicated`: an answer counts only once replicas have what it tells. Commands are
 * sent at once; one WAIT follows each group of them on the same connection, one at a time, and
 * their answers are held back until it is answered. */
#ifndef HIKYAKU_COMMON_STORE_STORE_GROUP_H
#define HIKYAKU_COMMON_STORE_STORE_GROUP_H

#include "common/store/store_link.h"

struct store_group;

/**
 * @param link      borrowed; carries durable writes alone: everything behind a WAIT waits too
 * @param replicas  how many must have it, at least 1
 * @param wait_ms   how long Redis may wait for them
 */
struct store_group *store_group_create(struct loop *loop, struct store_link *link,
                                       unsigned int replicas, uint64_t wait_ms);
/** Answer what is held with -ECANCELED. After store_link_cancel(), before store_link_destroy(). */
void store_group_cancel(struct store_group *group);
/** After store_link_destroy(). Accepts NULL. */
void store_group_destroy(struct store_group **group);

/** As store_link_send(). Too few replicas in time: -ECONNRESET, applied or not: it may be repeated,
 *  and then waits for them too. */
void store_group_send(struct store_group *group, struct store_command *command,
                      store_link_reply_fn *on_reply, void *call);

/** Did Redis' answer to WAIT satisfy? Pure. */
bool store_group_is_enough(const redisReply *reply, unsigned int replicas);

#endif
