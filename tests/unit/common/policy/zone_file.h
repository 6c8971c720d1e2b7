/* A time zone of this machine's tzdata, for tests. Include cmocka.h before it. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_POLICY_ZONE_FILE_H
#define HIKYAKU_TESTS_UNIT_COMMON_POLICY_ZONE_FILE_H

#include "common/policy/time_zone.h"

#include <stdio.h>

/** The caller destroys it. */
static inline struct time_zone *zone_file_load(const char *name)
{
    char path[128];
    static char bytes[TIME_ZONE_FILE_BYTES_MAX];
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    struct time_zone *zone = NULL;
    assert_int_equal(time_zone_parse((struct text){bytes, size}, &zone), 0);
    return zone;
}

#endif
