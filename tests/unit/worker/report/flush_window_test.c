#include "worker/report/flush_window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

/* I5: nothing starts while two rounds are unanswered. */
static void test_two_rounds_without_answer_close_it(void **state)
{
    (void)state;
    struct flush_window window = {0};
    uint64_t first = flush_window_sent(&window, 10);
    flush_window_tick(&window);
    uint64_t second = flush_window_sent(&window, 10);
    assert_true(flush_window_is_open(&window));
    flush_window_tick(&window);
    assert_false(flush_window_is_open(&window));
    flush_window_tick(&window);
    assert_false(flush_window_is_open(&window));
    flush_window_answered(&window, first, 10);
    assert_false(flush_window_is_open(&window));
    flush_window_answered(&window, second, 10);
    assert_true(flush_window_is_open(&window));
}

/* I5: nor while 400 outcomes are. */
static void test_many_outcomes_close_it(void **state)
{
    (void)state;
    struct flush_window window = {0};
    uint64_t first = flush_window_sent(&window, FLUSH_WINDOW_OUTCOMES - 1);
    assert_true(flush_window_is_open(&window));
    uint64_t second = flush_window_sent(&window, 1);
    assert_false(flush_window_is_open(&window));
    flush_window_answered(&window, second, 1);
    assert_true(flush_window_is_open(&window));
    flush_window_answered(&window, first, FLUSH_WINDOW_OUTCOMES - 1);
    assert_int_equal(window.outcomes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_rounds_without_answer_close_it),
        cmocka_unit_test(test_many_outcomes_close_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
