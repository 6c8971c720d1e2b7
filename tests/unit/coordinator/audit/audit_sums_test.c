#include "coordinator/audit/audit_sums.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct told {
    size_t entries;
    uint64_t calls;
    int64_t at_unix_ms;
};

static void on_sum(void *context, const struct audit_entry *entry)
{
    struct told *told = context;
    told->entries++;
    told->calls += entry->count;
    told->at_unix_ms = entry->at_unix_ms;
}

static void add(struct audit_sums *sums, const char *principal, const char *result, int64_t at_ms)
{
    audit_sums_add(sums, &(struct audit_entry){.at_unix_ms = at_ms,
                                               .principal = text_of(principal),
                                               .call = TEXT("MessageService/SendMessages"),
                                               .result = text_of(result)});
}

static void calls_of_a_minute_are_one_entry(void **state)
{
    (void)state;
    struct audit_sums *sums = audit_sums_create(60000);
    struct told told = {0};
    for (int i = 0; i < 500; i++) {
        add(sums, "billing", "ok", 7 + i);
    }
    add(sums, "billing", "unavailable", 7);
    add(sums, "other", "ok", 7);
    audit_sums_take(sums, 1000, on_sum, &told);
    audit_sums_take(sums, 60999, on_sum, &told);
    assert_int_equal(told.entries, 0);
    audit_sums_take(sums, 61000, on_sum, &told);
    assert_int_equal(told.entries, 3);
    assert_int_equal(told.calls, 502);
    audit_sums_take(sums, UINT64_MAX, on_sum, &told);
    assert_int_equal(told.entries, 3);
    audit_sums_destroy(&sums);
}

static void an_entry_says_when_it_began(void **state)
{
    (void)state;
    struct audit_sums *sums = audit_sums_create(60000);
    struct told told = {0};
    add(sums, "billing", "ok", 7);
    add(sums, "billing", "ok", 9);
    audit_sums_take(sums, UINT64_MAX, on_sum, &told);
    assert_int_equal(told.at_unix_ms, 7);
    assert_int_equal(told.calls, 2);
    audit_sums_destroy(&sums);
}

static void too_many_are_told_early(void **state)
{
    (void)state;
    struct audit_sums *sums = audit_sums_create(60000);
    struct told told = {0};
    char name[16];
    for (int i = 0; i < AUDIT_SUMS_MAX + 5; i++) {
        (void)snprintf(name, sizeof name, "p%d", i);
        add(sums, name, "ok", 1);
    }
    audit_sums_take(sums, 1000, on_sum, &told);
    assert_int_equal(told.entries, 5);
    audit_sums_destroy(&sums);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_of_a_minute_are_one_entry),
        cmocka_unit_test(an_entry_says_when_it_began),
        cmocka_unit_test(too_many_are_told_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
