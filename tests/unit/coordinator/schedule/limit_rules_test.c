#include "coordinator/schedule/limit_rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct limit_rule rules[] = {
    {LIMIT_TENANT, "*", 1000, 10000},         {LIMIT_TENANT, "shop", 500, 10000},
    {LIMIT_POOL, "mkt-a", 300, 1000},         {LIMIT_FROM_DOMAIN, "*", 200, 60000},
    {LIMIT_DKIM_DOMAIN, "d.test", 100, 1000},
};

static void test_find(void **state)
{
    (void)state;
    struct limit_found found[LIMIT_RULES_FOUND_MAX];
    const struct limit_subject shop = {.tenant = TEXT("shop"),
                                       .pool = TEXT("mkt-a"),
                                       .from_domain = TEXT("shop.test"),
                                       .dkim_domain = TEXT("D.test"),
                                       .max_per_minute = 60};
    assert_int_equal(limit_rules_find(rules, 5, &shop, found), 5);
    assert_int_equal(found[0].kind, LIMIT_CAMPAIGN);
    assert_int_equal(found[0].messages, 60);
    assert_int_equal(found[0].per_ms, 60000);
    assert_int_equal(found[1].messages, 500); /* by name, before "*" */
    assert_int_equal(found[2].messages, 300);
    assert_true(text_equal(found[3].name, TEXT("shop.test")));
    assert_int_equal(found[4].messages, 100);
    const struct limit_subject other = {.tenant = TEXT("other"), .pool = TEXT("tx")};
    assert_int_equal(limit_rules_find(rules, 3, &other, found), 1);
    assert_int_equal(found[0].messages, 1000);
    assert_int_equal(limit_rules_find(NULL, 0, &other, found), 0);
}

static void test_batches(void **state)
{
    (void)state;
    static const struct {
        uint64_t messages;
        uint32_t rows;
    } cases[] = {{0, 500},   {1, 1},      {9, 9},      {10, 10},         {60, 10},
                 {800, 100}, {3992, 499}, {4000, 500}, {UINT64_MAX, 500}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(limit_rules_batch_rows(cases[i].messages), cases[i].rows);
    }
}

static void test_lanes(void **state)
{
    (void)state;
    assert_int_equal(limit_rules_of_lane(1000, 900), 900);
    assert_int_equal(limit_rules_of_lane(1555, 900), 1399);
    assert_int_equal(limit_rules_of_lane(1, 900), 1);
    assert_int_equal(limit_rules_of_lane(1000000000000, 999), 999000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_lanes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
