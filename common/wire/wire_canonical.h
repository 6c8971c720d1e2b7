/* One encoding per content: protobuf's own bytes may differ for the same message (order of fields
 * and maps, packing, defaults written out). The canonical form, format 1, is itself protobuf:
 * fields by number, minimal varints, scalar fields at their default left out (not the set member
 * of a oneof), repeated scalars unpacked, map entries by key bytes with key and value always
 * present. Unknown fields do not exist: they were refused. "The same payload" means: the same
 * digest over this form (FORMATS); tests/data/formats/canonical.tsv fixes it. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_CANONICAL_H
#define HIKYAKU_COMMON_WIRE_WIRE_CANONICAL_H

#include "common/base/buffer.h"

#include <protobuf-c/protobuf-c.h>

/**
 * Append the canonical form of any message, maps included.
 *
 * For a digest: digest_add_bytes(digest, 1, buffer_text(&out)); see common/security/digest.h.
 * Messages with map keys given twice have no canonical form: wire_rules refuses them.
 */
void wire_canonical_append(const ProtobufCMessage *message, struct buffer *out);

#endif
