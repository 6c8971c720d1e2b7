#include "coordinator/intake/intake_map.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT INTAKE_MAP_POSITIONS_MAX

static void every_position_is_found(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 255, 256, 257, COUNT};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        uint16_t ordinals[COUNT];
        for (size_t i = 0; i < counts[c]; i++) {
            ordinals[i] = i % 11 == 3 ? INTAKE_MAP_HOLE : (uint16_t)(i * 31 % 300);
        }
        struct text map = intake_map_pack(ordinals, counts[c], arena);
        for (size_t i = 0; i<counts[c]; i += counts[c]> 300 ? 37 : 1) {
            uint16_t ordinal = 0;
            uint32_t row = 0;
            int error = intake_map_find(map, (uint32_t)i, &ordinal, &row);
            assert_int_equal(error, ordinals[i] == INTAKE_MAP_HOLE ? -ENOENT : 0);
            uint32_t before = 0;
            for (size_t k = 0; k < i; k++) {
                before += ordinals[k] == ordinals[i];
            }
            if (error == 0) {
                assert_int_equal(ordinal, ordinals[i]);
                assert_int_equal(row, before);
            }
        }
        uint16_t ordinal = 77;
        uint32_t row = 77;
        assert_int_equal(intake_map_find(map, (uint32_t)counts[c], &ordinal, &row), -ENOENT);
        assert_int_equal(intake_map_find(map, UINT32_MAX, &ordinal, &row), -ENOENT);
        assert_int_equal(ordinal, 77); /* untouched */
        assert_int_equal(row, 77);
    }
}

static void a_damaged_map_is_refused(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    uint16_t ordinals[100] = {0, 1, 2};
    uint16_t ordinal = 0;
    uint32_t row = 0;
    struct text map = intake_map_pack(ordinals, 100, arena);
    assert_int_equal(intake_map_find(TEXT(""), 0, &ordinal, &row), -EPROTO);
    assert_int_equal(intake_map_find(TEXT("\1"), 0, &ordinal, &row), -EPROTO);
    assert_int_equal(intake_map_find((struct text){map.data, map.size - 1}, 0, &ordinal, &row),
                     -EPROTO);
    char other[128];
    assert_true(map.size <= sizeof other);
    memcpy(other, map.data, map.size);
    other[0] = 2; /* a format of the future */
    assert_int_equal(intake_map_find((struct text){other, map.size}, 0, &ordinal, &row), -EPROTO);
}

/* Recipients sorted by provider, as lists mostly are, cost almost nothing. */
static void maps_are_small(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    uint16_t ordinals[COUNT];
    uint64_t random = 1;
    for (size_t i = 0; i < COUNT; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        ordinals[i] = (uint16_t)(random >> 40 & 7);
    }
    struct text mixed = intake_map_pack(ordinals, COUNT, arena);
    assert_true(mixed.size < COUNT); /* 3 bits of chance in each */
    for (size_t i = 0; i < COUNT; i++) {
        ordinals[i] = (uint16_t)(i / 500);
    }
    struct text sorted = intake_map_pack(ordinals, COUNT, arena);
    assert_true(sorted.size < 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_position_is_found),
        cmocka_unit_test(a_damaged_map_is_refused),
        cmocka_unit_test(maps_are_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
