/* Any bytes as a frame of the bus. What passes is packed again and passes again. */
#include "common/wire/wire_fleet.h"
#include "common/wire/wire_unpack.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(0);
    struct problem problem;
    struct buffer frame = {0};
    Hikyaku__V1__FleetMessage *message = NULL;
    Hikyaku__V1__FleetMessage *again = NULL;
    if (wire_fleet_read((struct text){(const char *)data, size}, arena, &message, &problem) == 0) {
        wire_unpack_append(&message->base, &frame);
        int error = wire_fleet_read(buffer_text(&frame), arena, &again, &problem);
        assert(error == 0 && again->body_case == message->body_case);
    }
    buffer_finish(&frame);
    arena_destroy(&arena);
    return 0;
}
