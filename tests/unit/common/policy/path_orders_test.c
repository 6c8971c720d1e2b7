#include "common/policy/path_orders.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000)

static const struct stop_time now = {.now_unix_ms = NOW};

static void ask(const struct path_orders *orders, const char *ip, const char *site,
                struct path_orders_word *word)
{
    path_orders_ask(orders, text_of(ip), text_of(site), &now, word);
}

/* Number by number: what is told of one path goes before what is told of all of the site. */
static void a_path_goes_before_its_site(void **state)
{
    (void)state;
    OWNED(path_orders_destroy) struct path_orders *orders = path_orders_create();
    struct path_orders_word word;
    path_orders_add(orders, &(struct path_order){.kind = PATH_ORDER_BOUND,
                                                 .ip = "*",
                                                 .site = "docomo",
                                                 .bound = {.rate_most = 5, .messages = 9}});
    path_orders_add(orders, &(struct path_order){.kind = PATH_ORDER_BOUND,
                                                 .ip = "203.0.113.7",
                                                 .site = "Docomo",
                                                 .bound = {.rate_most = 20, .rate_least = 1}});
    ask(orders, "203.0.113.7", "docomo", &word);
    assert_true(word.bound.rate_most == 20 && word.bound.rate_least == 1);
    assert_int_equal(word.bound.messages, 9);
    ask(orders, "203.0.113.8", "docomo", &word);
    assert_true(word.bound.rate_most == 5 && word.bound.rate_least == 0);
    ask(orders, "203.0.113.7", "au", &word);
    assert_true(word.bound.rate_most == 0);
    assert_int_equal(path_orders_count(orders), 2);
    path_orders_clear(orders);
    ask(orders, "203.0.113.7", "docomo", &word);
    assert_true(word.bound.rate_most == 0);
}

static void the_longest_pause_holds_until_its_time(void **state)
{
    (void)state;
    OWNED(path_orders_destroy) struct path_orders *orders = path_orders_create();
    struct path_orders_word word;
    struct path_order order = {
        .kind = PATH_ORDER_SUSPEND, .ip = "*", .site = "docomo", .until_unix_ms = NOW + 1000};
    path_orders_add(orders, &order);
    order.ip = "203.0.113.7";
    order.until_unix_ms = NOW + 5000;
    path_orders_add(orders, &order);
    ask(orders, "203.0.113.7", "docomo", &word);
    assert_non_null(word.suspend);
    assert_true(word.suspend->until_unix_ms == NOW + 5000);
    ask(orders, "203.0.113.8", "docomo", &word);
    assert_true(word.suspend->until_unix_ms == NOW + 1000);
    const struct stop_time later = {.now_unix_ms = NOW + 2000};
    path_orders_ask(orders, TEXT("203.0.113.8"), TEXT("docomo"), &later, &word);
    assert_null(word.suspend);
    const struct stop_time doubt = {.now_unix_ms = NOW + 200000, .is_doubted = true};
    path_orders_ask(orders, TEXT("203.0.113.8"), TEXT("docomo"), &doubt, &word);
    assert_non_null(word.suspend); /* I10 */
    order.ip = "*";
    order.until_unix_ms = 0; /* until it is ended: longer than any */
    path_orders_add(orders, &order);
    path_orders_ask(orders, TEXT("203.0.113.7"), TEXT("docomo"), &later, &word);
    assert_true(word.suspend->until_unix_ms == 0);
    order = (struct path_order){
        .kind = PATH_ORDER_RESUME, .ip = "203.0.113.9", .site = "docomo", .at_unix_ms = NOW - 5};
    path_orders_add(orders, &order);
    ask(orders, "203.0.113.9", "docomo", &word);
    assert_true(word.resumed_unix_ms == NOW - 5);
}

static void names_are_read_back(void **state)
{
    (void)state;
    char name[PATH_ORDERS_NAME_BYTES];
    char buffer[PATH_ORDERS_NAME_BYTES];
    struct path_order order = {.kind = PATH_ORDER_SUSPEND, .ip = "2001:db8::7", .site = "Mx.Test"};
    assert_true(path_orders_print_name(&order, name));
    assert_string_equal(name, "s2001:db8::7 mx.test");
    struct path_order other = {.at_unix_ms = 7};
    assert_int_equal(path_orders_parse_name(text_of(name), buffer, &other), 0);
    assert_int_equal(other.kind, PATH_ORDER_SUSPEND);
    assert_string_equal(other.ip, "2001:db8::7");
    assert_string_equal(other.site, "mx.test");
    assert_true(other.at_unix_ms == 7);
    static const char *const bad[] = {"",         "s",         "s1.2.3.4",
                                      "s docomo", "s1.2.3.4 ", "x1.2.3.4 docomo"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(path_orders_parse_name(text_of(bad[i]), buffer, &other), -EINVAL);
    }
    assert_int_equal(path_orders_parse_name((struct text){"s1 a\0b", 6}, buffer, &other), -EINVAL);
    static char site[400];
    memset(site, 'a', sizeof site - 1);
    order.site = site;
    assert_false(path_orders_print_name(&order, name));
    path_orders_add(NULL, &order); /* one that has no name is none */
}

static void there_is_a_bound(void **state)
{
    (void)state;
    OWNED(path_orders_destroy) struct path_orders *orders = path_orders_create();
    for (int i = 0; i < PATH_ORDERS_MAX + 10; i++) {
        char site[32];
        (void)snprintf(site, sizeof site, "s%d.test", i);
        path_orders_add(orders,
                        &(struct path_order){.kind = PATH_ORDER_SUSPEND, .ip = "*", .site = site});
    }
    assert_int_equal(path_orders_count(orders), PATH_ORDERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_goes_before_its_site),
        cmocka_unit_test(the_longest_pause_holds_until_its_time),
        cmocka_unit_test(names_are_read_back),
        cmocka_unit_test(there_is_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
