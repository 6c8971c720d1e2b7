#include "common/base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    char *pieces[500];
    for (size_t i = 0; i < 500; i++) {
        pieces[i] = arena_alloc(arena, i);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_equal((unsigned char)pieces[i][j], i % 251);
        }
    }
}

static void large_pieces_and_zeroes(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    char *large = arena_alloc(arena, 1 << 20);
    memset(large, 1, 1 << 20);
    uint64_t *numbers = arena_zero(arena, 10000, sizeof *numbers);
    for (size_t i = 0; i < 10000; i++) {
        assert_int_equal(numbers[i], 0);
    }
}

static void copies_end_with_a_nul(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    assert_string_equal(arena_copy(arena, "abcd", 3), "abc");
    assert_string_equal(arena_copy(arena, NULL, 0), "");
    struct text text = arena_text(arena, TEXT("a\0b"));
    assert_int_equal(text.size, 3);
    assert_memory_equal(text.data, "a\0b\0", 4);
    assert_string_equal(arena_printf(arena, "%s-%d", "x", 7), "x-7");
    char *longer = arena_printf(arena, "%20000s", "x");
    assert_int_equal(strlen(longer), 20000);
}

static void the_limit_is_told_and_a_reset_forgets(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(1000);
    assert_int_equal(arena_used(arena), 0);
    (void)arena_alloc(arena, 900);
    assert_false(arena_is_full(arena));
    (void)arena_alloc(arena, 900);
    assert_true(arena_is_full(arena));
    assert_true(arena_used(arena) >= 1800);
    (void)arena_alloc(arena, 100000); /* more than one block */
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    assert_false(arena_is_full(arena));
    (void)memset(arena_alloc(arena, 500), 1, 500);
    arena_reset(arena);
    arena_destroy(&arena);
    assert_null(arena);
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(large_pieces_and_zeroes),
        cmocka_unit_test(copies_end_with_a_nul),
        cmocka_unit_test(the_limit_is_told_and_a_reset_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
