#include "worker/claim/credit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static const struct credit_limits limits = {5000, 500};

static void test_bulk_leaves_the_reserve_alone(void **state)
{
    (void)state;
    struct credit credit = {.limits = limits};
    assert_int_equal(credit_room(&credit, false, 1), 4500);
    assert_int_equal(credit_room(&credit, true, 1), 5000);
    credit_take(&credit, 4500);
    assert_int_equal(credit_room(&credit, false, 1), 0);
    assert_false(credit_fits(&credit, false, 1));
    assert_int_equal(credit_room(&credit, true, 1), 500);
    assert_true(credit_fits(&credit, true, 500));
    assert_false(credit_fits(&credit, true, 501));
    credit_give_back(&credit, 4500);
    assert_int_equal(credit.in_hand, 0);
}

static void test_shares_never_cut_up_a_batch(void **state)
{
    static const struct {
        uint32_t in_hand;
        uint32_t shares;
        uint32_t room;
    } cases[] = {
        {0, 1, 4500}, {0, 3, 1500}, {0, 100, 500}, {4200, 4, 300}, {4499, 2, 1}, {4501, 2, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct credit credit = {limits, cases[i].in_hand};
        assert_int_equal(credit_room(&credit, false, cases[i].shares), cases[i].room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bulk_leaves_the_reserve_alone),
        cmocka_unit_test(test_shares_never_cut_up_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
