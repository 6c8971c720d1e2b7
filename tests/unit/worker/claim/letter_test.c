#include "worker/claim/letter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static void test_a_letter_stands_in_one_list(void **state)
{
    (void)state;
    struct letter letters[4] = {0};
    struct letter_list list = {0};
    for (size_t i = 0; i < 3; i++) {
        letter_list_append(&list, &letters[i]);
    }
    letter_list_prepend(&list, &letters[3]);
    assert_int_equal(list.count, 4);
    letter_list_remove(&letters[1]);
    letter_list_remove(&letters[1]); /* stands nowhere: nothing happens */
    assert_int_equal(list.count, 3);
    assert_ptr_equal(letter_list_take(&list), &letters[3]);
    assert_ptr_equal(letter_list_take(&list), &letters[0]);
    assert_ptr_equal(list.first, list.last);
    assert_ptr_equal(letter_list_take(&list), &letters[2]);
    assert_null(letter_list_take(&list));
    assert_null(list.first);
    assert_null(list.last);
}

static void test_up_to_ready_nothing_has_left(void **state)
{
    static const struct {
        enum letter_place place;
        bool is_unstarted;
    } cases[] = {{LETTER_IDLE, false},     {LETTER_FILING, true}, {LETTER_QUEUED, true},
                 {LETTER_COMPOSING, true}, {LETTER_READY, true},  {LETTER_ON_WIRE, false},
                 {LETTER_SETTLED, false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct letter letter = {.place = (uint8_t)cases[i].place};
        assert_int_equal(letter_is_unstarted(&letter), cases[i].is_unstarted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_letter_stands_in_one_list),
        cmocka_unit_test(test_up_to_ready_nothing_has_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
