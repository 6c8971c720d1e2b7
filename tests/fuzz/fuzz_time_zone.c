/* TZif files: whatever they hold, offsets stay within a day or so. */
#include "common/policy/time_zone.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t times[] = {INT64_MIN / 4, -1, 0, 951782400, 1800000000, 4102444800};
    struct time_zone *zone = NULL;
    if (time_zone_parse((struct text){(const char *)data, size}, &zone) != 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int32_t offset_s = time_zone_offset_s(zone, times[i]);
        assert(offset_s > -26 * 3600 && offset_s < 27 * 3600);
    }
    time_zone_destroy(&zone);
    return 0;
}
