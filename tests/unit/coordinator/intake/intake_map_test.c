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

/* Stored: maps of format 1 must be read for ever. 0, 1, 2, 0, 1, 2, hole, 0 */
static void a_stored_map_is_read(void **state)
{
    (void)state;
    static const unsigned char map[] = {0x01, 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x60, 0x81, 0x00, 0x00,
                                        0x00, 0x01, 0x02, 0x00, 0x01, 0x02, 0xff, 0x00, 0x00, 0x00,
                                        0x00, 0x00, 0x00, 0x00, 0xff, 0x00, 0x06, 0xba, 0xd0, 0x31};
    static const uint16_t ordinals[] = {0, 1, 2, 0, 1, 2, INTAKE_MAP_HOLE, 0};
    static const uint32_t rows[] = {0, 0, 0, 1, 1, 1, 0, 2};
    struct text stored = {(const char *)map, sizeof map};
    for (uint32_t i = 0; i < 8; i++) {
        uint16_t ordinal = INTAKE_MAP_HOLE;
        uint32_t row = 0;
        int error = intake_map_find(stored, i, &ordinal, &row);
        assert_int_equal(error, ordinals[i] == INTAKE_MAP_HOLE ? -ENOENT : 0);
        assert_int_equal(ordinal, ordinals[i]);
        assert_int_equal(row, rows[i]);
    }
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
        cmocka_unit_test(a_stored_map_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
