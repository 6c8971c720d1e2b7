/* Where a reader of events stands: one place per stream, opaque to it. Pure.
 *
 * Format 1: byte 1; partition and offset inside the entry that was cut (u8 255: none; u16); then 64
 * times generation and sequence as varints; then, of each partition that is still in a generation
 * whose end was told, its number (u8) and the generation that was told (varint); the fleet's stream
 * is number 64, its place stands there under 254 (generation and sequence), if it has one; 4 bytes
 * of SHA-256 over all before. base64url without padding. */
#ifndef HIKYAKU_COORDINATOR_EVENTS_EVENT_CURSOR_H
#define HIKYAKU_COORDINATOR_EVENTS_EVENT_CURSOR_H

#include "common/base/buffer.h"
#include "common/store/store_events.h"

#define EVENT_CURSOR_PARTITIONS STORE_EVENT_STREAMS
#define EVENT_CURSOR_UNCUT 255

struct event_cursor {
    struct store_event_place places[EVENT_CURSOR_PARTITIONS];
    uint64_t told[EVENT_CURSOR_PARTITIONS]; /* a generation that STORE_RECOVERED told of, before the
                                               place has come to it; 0: none */
    uint8_t cut_partition;                  /* EVENT_CURSOR_UNCUT: all entries were read whole */
    uint16_t cut_offset; /* events of the entry behind that place that were read already */
};

/** The oldest place. */
void event_cursor_init(struct event_cursor *cursor);
/** Append the text form. */
void event_cursor_append(const struct event_cursor *cursor, struct buffer *out);
/** @return 0, or -EINVAL: this is no cursor of ours, or it is damaged */
MUST_USE int event_cursor_parse(struct text text, struct event_cursor *ret_cursor);

#endif
