#include "common/base/table.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void values_are_found_replaced_and_removed(void **state)
{
    (void)state;
    OWNED(table_destroy) struct table *table = table_create();
    int one = 1;
    int two = 2;
    assert_null(table_get(table, TEXT("a")));
    assert_null(table_put(table, TEXT("a"), &one));
    assert_null(table_put(table, TEXT(""), &two));
    assert_null(table_put(table, TEXT("a\0b"), &two));
    assert_int_equal(table_count(table), 3);
    assert_ptr_equal(table_get(table, TEXT("a")), &one);
    assert_ptr_equal(table_get(table, (struct text){NULL, 0}), &two);
    assert_ptr_equal(table_put(table, TEXT("a"), &two), &one);
    assert_int_equal(table_count(table), 3);
    assert_ptr_equal(table_remove(table, TEXT("a")), &two);
    assert_null(table_remove(table, TEXT("a")));
    assert_int_equal(table_count(table), 2);
}

static void a_walk_may_remove_what_it_visits(void **state)
{
    (void)state;
    OWNED(table_destroy) struct table *table = table_create();
    static uint32_t numbers[1000];
    for (uint32_t i = 0; i < 1000; i++) {
        numbers[i] = i;
        assert_null(table_put(table, TABLE_KEY(numbers[i]), &numbers[i]));
    }
    struct table_walk walk;
    uint32_t expected = 0;
    for (uint32_t *number = table_first(table, &walk); number != NULL; number = table_next(&walk)) {
        assert_int_equal(*number, expected++); /* order of entry */
        if (*number % 2 == 0) {
            assert_ptr_equal(table_remove(table, TABLE_KEY(*number)), number);
        }
    }
    assert_int_equal(expected, 1000);
    assert_int_equal(table_count(table), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_replaced_and_removed),
        cmocka_unit_test(a_walk_may_remove_what_it_visits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
