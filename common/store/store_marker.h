/* Small stored records, read from outside bytes: the marker of a chunk, what is remembered of a
 * message key, the beat of a lease. Pure. */
#ifndef HIKYAKU_COMMON_STORE_STORE_MARKER_H
#define HIKYAKU_COMMON_STORE_STORE_MARKER_H

#include "common/store/lease_watch.h"
#include "common/store/store_campaign.h"
#include "common/store/store_messages.h"

struct store_marker {
    unsigned char digest[32];
    uint32_t accepted;
    uint32_t duplicates;
    uint32_t rejected;
    uint32_t batches;
};

/** @return 0, or -EPROTO */
MUST_USE int store_marker_read(struct text stored, struct store_marker *ret_marker);

/** @return 0, or -EPROTO. The key's hash is left as it is. */
MUST_USE int store_marker_read_message(struct text stored, struct store_message *ret_message);
void store_marker_pack_message(const struct store_message *message, struct buffer *out);

/** Values of the fields s, e, b, k; empty where there is none. @return 0, or -EPROTO */
MUST_USE int store_marker_read_beat(const struct text values[4], struct lease_beat *ret_beat);

#endif
