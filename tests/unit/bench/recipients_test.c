#include "bench/recipients.h"

#include "common/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void same_seed_gives_same_people(void **state)
{
    (void)state;
    struct recipients_person first;
    struct recipients_person again;
    struct recipients_person other;
    recipients_person(7, 4095, &first);
    recipients_person(7, 4095, &again);
    recipients_person(8, 4095, &other);
    assert_memory_equal(first.address, again.address, strlen(first.address) + 1);
    assert_string_equal(first.fields, again.fields);
    assert_string_not_equal(first.address, other.address);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void people_differ_and_spread_over_the_domains(void **state)
{
    (void)state;
    enum { PEOPLE = 20000 };
    char **addresses = xalloc_zero(PEOPLE, sizeof *addresses);
    unsigned int at[10] = {0};
    for (uint32_t i = 0; i < PEOPLE; i++) {
        struct recipients_person person;
        recipients_person(20260401, i, &person);
        assert_true(text_is_utf8(text_of(person.fields)));
        assert_int_equal(person.fields[strlen(person.fields) - 1], '}');
        addresses[i] = xalloc_string(person.address);
        at[strchr(person.address, '@')[2] - '0']++;
    }
    qsort(addresses, PEOPLE, sizeof *addresses, compare);
    for (uint32_t i = 1; i < PEOPLE; i++) {
        assert_string_not_equal(addresses[i - 1], addresses[i]);
    }
    assert_in_range(at[0], PEOPLE / 100 * 14, PEOPLE / 100 * 16);
    assert_in_range(at[9], PEOPLE / 100 * 5, PEOPLE / 100 * 7);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        free(addresses[i]);
    }
    free(addresses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_gives_same_people),
        cmocka_unit_test(people_differ_and_spread_over_the_domains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
