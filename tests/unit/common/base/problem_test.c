#include "common/base/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_problem_is_set_and_cut_to_fit(void **state)
{
    (void)state;
    struct problem problem = {0};
    problem_set(&problem, "name", "required", "%s is %s", "it", "missing");
    assert_string_equal(problem.field, "name");
    assert_string_equal(problem.rule, "required");
    assert_string_equal(problem.message, "it is missing");
    problem_set(NULL, "name", "required", "nobody asked");
    problem_prefix(NULL, "x");
    char large[1000];
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    problem_set(&problem, large, large, "%s", large);
    assert_int_equal(strlen(problem.field), sizeof problem.field - 1);
    assert_int_equal(strlen(problem.rule), sizeof problem.rule - 1);
    assert_int_equal(strlen(problem.message), sizeof problem.message - 1);
    problem_prefix(&problem, "front");
    assert_int_equal(strlen(problem.field), sizeof problem.field - 1);
    assert_memory_equal(problem.field, "front.aaa", 9);
}

static void paths_are_put_together_from_inside_out(void **state)
{
    (void)state;
    struct problem problem = {0};
    problem_set(&problem, "address", "syntax", "bad");
    problem_prefix(&problem, "[17]");
    assert_string_equal(problem.field, "[17].address");
    problem_prefix(&problem, "recipients");
    assert_string_equal(problem.field, "recipients[17].address");
    problem_set(&problem, "", "syntax", "bad");
    problem_prefix(&problem, "content");
    assert_string_equal(problem.field, "content");
}

static void a_list_counts_beyond_its_end(void **state)
{
    (void)state;
    struct problem_list *list = xalloc_zero(1, sizeof *list);
    struct problem problem = {0};
    for (int i = 0; i < PROBLEM_LIST_MAX + 5; i++) {
        problem_set(&problem, "", "rule", "%d", i);
        problem_list_add(list, &problem);
    }
    assert_int_equal(list->count, PROBLEM_LIST_MAX);
    assert_int_equal(list->total, PROBLEM_LIST_MAX + 5);
    assert_string_equal(list->items[PROBLEM_LIST_MAX - 1].message, "99");
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_is_set_and_cut_to_fit),
        cmocka_unit_test(paths_are_put_together_from_inside_out),
        cmocka_unit_test(a_list_counts_beyond_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
