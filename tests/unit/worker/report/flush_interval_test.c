#include "worker/report/flush_interval.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static void bulk_waits_longer_when_many_batches_are_open(void **state)
{
    static const struct {
        uint64_t least_ms;
        bool is_transactional;
        size_t claims;
        uint64_t wait_ms;
    } cases[] = {
        {100, false, 0, 100},       {100, false, 1, 100},  {100, false, 10, 100},
        {100, false, 20, 200},      {100, false, 49, 490}, {100, false, 50, 500},
        {100, false, 100, 500},     {500, false, 1, 500},  {10, false, 1, 10},
        {10, false, SIZE_MAX, 500}, {100, true, 100, 100}, /* TRANSACTIONAL is told soon, whatever
                                                              else there is */
        {10, true, SIZE_MAX, 10},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            flush_interval_ms(cases[i].least_ms, cases[i].is_transactional, cases[i].claims),
            cases[i].wait_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_waits_longer_when_many_batches_are_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
