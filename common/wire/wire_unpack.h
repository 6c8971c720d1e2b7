/* Raw bytes -> protobuf-c structs in an arena, and back. Everything from outside comes through
 * wire_unpack(), which scans first. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_UNPACK_H
#define HIKYAKU_COMMON_WIRE_WIRE_UNPACK_H

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/wire/wire_scan.h"

/** Bounds of the API's calls (body <= 8 MiB, recipients <= 4,096, messages <= 1,000, ...). */
extern const struct wire_bounds wire_unpack_call_bounds;
/** Bounds of fleet frames: 16 MiB; the handshake may hold unknown fields. */
extern const struct wire_bounds wire_unpack_fleet_bounds;
/** Bounds of sealed values: unknown fields pass, a newer coordinator may have written them. */
extern const struct wire_bounds wire_unpack_store_bounds;

/**
 * Scan, then unpack into `arena`. The message lives as long as the arena; it borrows nothing from
 * `bytes`. Never call protobuf_c_message_free_unpacked() on it.
 *
 * Strings of the message hold no NUL and are valid UTF-8, so strlen() is their length.
 *
 * @param ret_message  out: of the descriptor's C type; untouched on error
 * @return 0, -EMSGSIZE or -EPROTO as wire_scan()
 */
MUST_USE int wire_unpack(const ProtobufCMessageDescriptor *descriptor,
                         const struct wire_bounds *bounds, struct text bytes, struct arena *arena,
                         ProtobufCMessage **ret_message, struct problem *problem);

/** Append the packed message. */
void wire_unpack_append(const ProtobufCMessage *message, struct buffer *out);

/** A deep copy of `message` in `arena`. */
ProtobufCMessage *wire_unpack_copy(const ProtobufCMessage *message, struct arena *arena);

#endif
