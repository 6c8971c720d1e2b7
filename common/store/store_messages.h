/* SendMessages: batches of a container campaign, each message idempotent by its key. */
#ifndef HIKYAKU_COMMON_STORE_STORE_MESSAGES_H
#define HIKYAKU_COMMON_STORE_STORE_MESSAGES_H

#include "common/store/store_campaign.h"

#define STORE_MESSAGE_KEY_HASH_BYTES 16

/** What is remembered of a message key, for 72 h or more. */
struct store_message {
    unsigned char key_hash[STORE_MESSAGE_KEY_HASH_BYTES];
    unsigned char digest[32]; /* of the payload */
    unsigned char container[16];
    uint32_t index;
    char token[64]; /* local part of the Message-ID; NUL-terminated */
};
/** @param found  one for each key asked for; container all zero: not known */
typedef void store_messages_found_fn(void *context, int error, const struct store_message *found,
                                     size_t count);
void store_messages_find(struct store *store, unsigned int partition,
                         const unsigned char (*key_hashes)[STORE_MESSAGE_KEY_HASH_BYTES],
                         size_t count, store_messages_found_fn *on_answer, void *context);

/** Reserve a chunk number of a container. @param error  -ENOENT: create it first; -EBUSY: ended */
typedef void store_messages_reserved_fn(void *context, int error, uint32_t chunk);
void store_messages_reserve(struct store *store, const unsigned char container[16],
                            store_messages_reserved_fn *on_answer, void *context);

/**
 * Add the chunk to its container and remember the keys, all or nothing.
 * @callback on_answer  error: 0; -EEXIST: a key became known meanwhile: find again; as
 *                      store_campaign_add_chunk()
 */
void store_messages_add(struct store *store, const struct store_chunk *chunk,
                        const struct store_message *messages, size_t count,
                        store_chunk_added_fn *on_answer, void *context);

#endif
