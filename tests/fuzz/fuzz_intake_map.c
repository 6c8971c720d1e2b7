/* Maps as they come from the store: any bytes give a place in the chunk, or an error. */
#include "coordinator/intake/intake_map.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void find_all(struct text map)
{
    static const uint32_t places[] = {0, 1, 2, 255, 256, 4094, 4095, 4096, UINT32_MAX};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint16_t ordinal = INTAKE_MAP_HOLE;
        uint32_t row = UINT32_MAX;
        int error = intake_map_find(map, places[i], &ordinal, &row);
        assert(error == 0 || error == -ENOENT || error == -EPROTO);
        assert(error != 0 || (ordinal != INTAKE_MAP_HOLE && row <= places[i]));
        assert(error != 0 || places[i] < INTAKE_MAP_POSITIONS_MAX);
    }
}

/* The same bytes as ordinals: what is packed is found. */
static void pack_and_find(const uint8_t *data, size_t size)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    uint16_t ordinals[INTAKE_MAP_POSITIONS_MAX];
    size_t count = size < sizeof ordinals ? size / 2 : INTAKE_MAP_POSITIONS_MAX;
    if (count == 0) {
        return;
    }
    memcpy(ordinals, data, 2 * count);
    struct text map = intake_map_pack(ordinals, count, arena);
    uint16_t ordinal = 0;
    uint32_t row = 0;
    uint32_t last = (uint32_t)count - 1;
    int error = intake_map_find(map, last, &ordinal, &row);
    assert(error == (ordinals[last] == INTAKE_MAP_HOLE ? -ENOENT : 0));
    assert(error != 0 || ordinal == ordinals[last]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    find_all((struct text){(const char *)data, size});
    pack_and_find(data, size);
    return 0;
}
