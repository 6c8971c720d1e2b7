/* Which batch holds which position of a chunk. Stored beside the chunk and freed with its rows; the
 * row follows by order, because rows of a batch stand by position.
 *
 * Format 1: byte 1, then zstd of a list of u16 (batch ordinal, 0xffff for rejected positions), all
 * low bytes before all high bytes. */
#ifndef HIKYAKU_COORDINATOR_INTAKE_INTAKE_MAP_H
#define HIKYAKU_COORDINATOR_INTAKE_INTAKE_MAP_H

#include "common/base/arena.h"

#define INTAKE_MAP_POSITIONS_MAX 4096
#define INTAKE_MAP_HOLE 0xffff

/** Pack the ordinals of `count` positions; the bytes live in `arena`. */
struct text intake_map_pack(const uint16_t *ordinals, size_t count, struct arena *arena);

/**
 * Find a position.
 * @param map  as stored; outside bytes
 * @return 0; -ENOENT (rejected or beyond the chunk); -EPROTO (damaged)
 */
MUST_USE int intake_map_find(struct text map, uint32_t position, uint16_t *ret_ordinal,
                             uint32_t *ret_row);

#endif
