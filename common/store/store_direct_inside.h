/* What the users of a direct connection in this folder share. */
#ifndef HIKYAKU_COMMON_STORE_STORE_DIRECT_INSIDE_H
#define HIKYAKU_COMMON_STORE_STORE_DIRECT_INSIDE_H

#include "common/store/store_command.h"
#include "common/store/store_direct.h"
#include "common/store/store_reply.h"

/** The command in the making; then store_direct_call() or store_direct_append(). */
struct store_command *store_direct_command(struct store_direct *direct);
/** Send it behind those that wait; its answer is taken by store_direct_take(), in order. */
MUST_USE int store_direct_append(struct store_direct *direct, struct problem *problem);
/** The next answer, owned: freeReplyObject(). An error of Redis is one of ours, with a problem. */
MUST_USE int store_direct_take(struct store_direct *direct, redisReply **ret_reply,
                               struct problem *problem);
/** Append and take; nothing else may wait. */
MUST_USE int store_direct_call(struct store_direct *direct, redisReply **ret_reply,
                               struct problem *problem);
/** Send at once, and read what comes as bytes from then on. */
MUST_USE int store_direct_send_raw(struct store_direct *direct, struct problem *problem);
/** 1 to `size` bytes. @return -ETIMEDOUT, -ENODATA (the other side closed), -EIO */
MUST_USE int store_direct_read_raw(struct store_direct *direct, void *place, size_t size,
                                   size_t *ret_size);

#endif
