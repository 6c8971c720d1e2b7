/* What Redis answered. It is outside data: kinds, sizes and counts are checked before use. */
#ifndef HIKYAKU_COMMON_STORE_STORE_REPLY_H
#define HIKYAKU_COMMON_STORE_STORE_REPLY_H

#include "common/base/text.h"

#include <hiredis/hiredis.h>

#define STORE_REPLY_FIELDS_MAX 4096 /* values of one hash or list that are looked at */

/** @return 0, or what an error answer means: -EAGAIN (not applied: busy, loading, read only),
 *  -ENOSPC (maxmemory), -EACCES (login, rights), -EIO */
MUST_USE int store_reply_error(const redisReply *reply);
/** The number of elements; 0 when it is no array. */
size_t store_reply_count(const redisReply *reply);
/** The nth element, or NULL. */
const redisReply *store_reply_at(const redisReply *reply, size_t nth);
/** A string; empty for anything else. */
struct text store_reply_text(const redisReply *reply);
/** An integer, or a string of digits; 0 for anything else. */
uint64_t store_reply_number(const redisReply *reply);
/** Is it a nil? */
bool store_reply_is_nil(const redisReply *reply);
/** The first word of a script's answer, as an error number: 0 for "ok"; -EPROTO when unknown. */
MUST_USE int store_reply_status(const redisReply *reply);
/** The texts of an array, xalloc'ed; the caller frees it. NULL when it has none or too many. */
struct text *store_reply_texts(const redisReply *reply, size_t *ret_count);

#endif
