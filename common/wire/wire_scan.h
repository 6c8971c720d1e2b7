/* The first look at outside bytes: walks a protobuf message against its descriptor before anything
 * is unpacked or allocated. What protobuf-c would let through or lose is refused here: NUL and
 * broken UTF-8 in strings, unknown fields and enum numbers, doubled fields, numbers out of range,
 * too many entries, too deep nesting, too much memory. Pure. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_SCAN_H
#define HIKYAKU_COMMON_WIRE_WIRE_SCAN_H

#include "common/base/problem.h"

#include <protobuf-c/protobuf-c.h>

/** The most entries that one repeated field or map may have. */
struct wire_count {
    const ProtobufCMessageDescriptor *message; /* the message that holds the field */
    uint32_t number;                           /* of the field */
    uint32_t maximum;
};

/** What a kind of message may cost. Static tables; see wire_unpack.h for those of the protocol. */
struct wire_bounds {
    size_t bytes;        /* of the raw message */
    size_t memory_bytes; /* of the unpacked message, estimated from the raw bytes */
    uint32_t depth;      /* nesting, the outermost message being 1; at most WIRE_SCAN_DEPTH_MAX */
    uint32_t entries;    /* of a repeated field that `counts` does not name */
    const struct wire_count *counts;
    size_t count_count;
    /* Unknown fields and enum numbers pass in messages of these types (NULL-terminated): sealed
     * values and the bus handshake, where the other side may be newer. Calls never. */
    const ProtobufCMessageDescriptor *const *open;
    bool open_everywhere;
};

#define WIRE_SCAN_DEPTH_MAX 12

/**
 * Check raw bytes against a descriptor. No allocation; time grows with the bytes.
 *
 * Rules named in `problem`: "malformed", "too_large", "too_deep", "unknown_field", "unknown_value"
 * (enum), "out_of_range", "doubled", "nul", "utf8", "too_many".
 *
 * @param ret_memory_bytes  out: what unpacking will ask for at most; may be NULL
 * @param problem           field path, rule and sentence; may be NULL
 * @return 0; -EMSGSIZE (bytes, memory, entries); -EPROTO (everything else)
 * @source Protocol Buffers encoding; LIBRARIES 1, 2
 */
MUST_USE int wire_scan(const ProtobufCMessageDescriptor *descriptor,
                       const struct wire_bounds *bounds, struct text bytes,
                       size_t *ret_memory_bytes, struct problem *problem);

#endif
