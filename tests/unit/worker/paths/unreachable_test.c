#include "worker/paths/unreachable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

/* S7: a list of unreachable hosts. */
static void test_the_pause_doubles_and_has_an_end(void **state)
{
    (void)state;
    struct unreachable *hosts = unreachable_create();
    struct text host = TEXT("192.0.2.1:25");
    uint64_t now_ms = 1000;
    uint64_t pause_ms = UNREACHABLE_FIRST_MS;
    for (int i = 0; i < 10; i++) {
        unreachable_add(hosts, host, now_ms);
        unreachable_add(hosts, host, now_ms + 1); /* at the same time: counts once */
        assert_true(unreachable_has(hosts, host, now_ms + pause_ms - 1));
        assert_false(unreachable_has(hosts, host, now_ms + pause_ms));
        now_ms += pause_ms;
        pause_ms = pause_ms * 2 < UNREACHABLE_LAST_MS ? pause_ms * 2 : UNREACHABLE_LAST_MS;
    }
    unreachable_remove(hosts, host);
    unreachable_add(hosts, host, now_ms);
    assert_false(unreachable_has(hosts, host, now_ms + UNREACHABLE_FIRST_MS));
    assert_false(unreachable_has(hosts, TEXT("192.0.2.2:25"), now_ms));
    unreachable_destroy(&hosts);
    unreachable_destroy(&hosts);
}

static void test_the_oldest_is_forgotten(void **state)
{
    (void)state;
    struct unreachable *hosts = unreachable_create();
    char name[32];
    for (int i = 0; i <= UNREACHABLE_HOSTS_MAX; i++) {
        (void)snprintf(name, sizeof name, "h%d", i);
        unreachable_add(hosts, text_of(name), 1);
    }
    assert_false(unreachable_has(hosts, TEXT("h0"), 2));
    assert_true(unreachable_has(hosts, TEXT("h1"), 2));
    assert_true(unreachable_has(hosts, text_of(name), 2));
    unreachable_destroy(&hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_pause_doubles_and_has_an_end),
        cmocka_unit_test(test_the_oldest_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
