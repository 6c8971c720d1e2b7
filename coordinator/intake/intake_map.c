#include "coordinator/intake/intake_map.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <zstd.h>

#define FORMAT 1
#define LEVEL 9 /* 8 KiB at most: the cost does not show */

struct text intake_map_pack(const uint16_t *ordinals, size_t count, struct arena *arena)
{
    unsigned char planes[2 * INTAKE_MAP_POSITIONS_MAX];
    assert(count <= INTAKE_MAP_POSITIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        planes[i] = (unsigned char)(ordinals[i] & 0xff);
        planes[count + i] = (unsigned char)(ordinals[i] >> 8);
    }
    size_t capacity = ZSTD_compressBound(2 * count) + 1;
    char *map = arena_alloc(arena, capacity);
    map[0] = FORMAT;
    size_t size = ZSTD_compress(map + 1, capacity - 1, planes, 2 * count, LEVEL);
    assert(ZSTD_isError(size) == 0); /* the bound leaves room */
    return (struct text){map, size + 1};
}

/* @return 0 or -EPROTO */
static int unpack(struct text map, unsigned char planes[2 * INTAKE_MAP_POSITIONS_MAX],
                  size_t *ret_count)
{
    if (map.size < 2 || map.data[0] != FORMAT) {
        return -EPROTO;
    }
    size_t size =
        ZSTD_decompress(planes, (size_t)2 * INTAKE_MAP_POSITIONS_MAX, map.data + 1, map.size - 1);
    if (ZSTD_isError(size) != 0 || size % 2 != 0) {
        return -EPROTO;
    }
    *ret_count = size / 2;
    return 0;
}

int intake_map_find(struct text map, uint32_t position, uint16_t *ret_ordinal, uint32_t *ret_row)
{
    unsigned char planes[2 * INTAKE_MAP_POSITIONS_MAX];
    size_t count = 0;
    int error = unpack(map, planes, &count);
    if (error != 0) {
        return error;
    }
    if (position >= count) {
        return -ENOENT;
    }
    unsigned char low = planes[position];
    unsigned char high = planes[count + position];
    uint16_t ordinal = (uint16_t)(high << 8 | low);
    if (ordinal == INTAKE_MAP_HOLE) {
        return -ENOENT;
    }
    uint32_t row = 0;
    for (size_t i = 0; i < position; i++) {
        row += planes[i] == low && planes[count + i] == high;
    }
    *ret_ordinal = ordinal;
    *ret_row = row;
    return 0;
}
