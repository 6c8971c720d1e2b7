/* Rules and DNS; the zones are lines that the resolver answers itself. */
#include "worker/route/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static const char *const local_data[] = {
    "mx.shop.test. A 192.0.2.25",
    "shop.test. MX 10 mx.shop.test.",
    "relay.shop.test. A 192.0.2.26",
    "relay.shop.test. AAAA 2001:db8::26",
    "null.shop.test. MX 0 .",
    "plain.shop.test. A 192.0.2.27",

    NULL,
};
static const char *const open_zones[] = {"test.", NULL};
static const struct routes_rule rules[] = {
    {.domain = "literal.test", .host = "192.0.2.1", .port = 2525, .tls = ROUTE_TLS_NONE},
    {.domain = "named.test", .host = "relay.shop.test", .port = 25, .family = ROUTE_FAMILY_V6},
    {.domain = "smart.test", .host = "192.0.2.2", .port = 25, .is_smart_host = true},
};

static struct loop *loop;
static struct resolver *resolver;
static struct routes *routes;
static struct route found;
static size_t letters_found;

static void on_found(void *context, struct letter_list *letters, const struct route *route)
{
    (void)context;
    found = *route;
    while (letter_list_take(letters) != NULL) {
        letters_found++;
    }
    loop_stop(loop);
}

static void on_impatient(void *context)
{
    (void)context;
    fail_msg("nothing was found");
}

static int set_up(void **state)
{
    struct problem problem = {0};
    (void)state;
    loop = loop_create();
    letters_found = 0;
    found = (struct route){.host_count = 0};
    const struct resolver_settings settings = {.local_data = local_data, .open_zones = open_zones};
    assert_int_equal(resolver_create(loop, &settings, &resolver, &problem), 0);
    routes = routes_create(&(struct routes_settings){.loop = loop,
                                                     .resolver = resolver,
                                                     .rules = rules,
                                                     .rule_count = sizeof rules / sizeof rules[0],
                                                     .port = 26,
                                                     .on_found = on_found});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    routes_destroy(&routes);
    resolver_destroy(&resolver);
    loop_destroy(&loop);
    return 0;
}

/* The route of a domain, asked for by two letters at once; known at once the second time. */
static const struct route *find(const char *domain)
{
    struct letter letters[2] = {{.domain = text_of(domain)}, {.domain = text_of(domain)}};
    const struct route *first = routes_find(routes, &letters[0]);
    if (first != NULL) {
        return first;
    }
    assert_null(routes_find(routes, &letters[1]));
    struct loop_timer *patience = loop_timer_create(loop, on_impatient, NULL);
    loop_timer_start(patience, 20000, 0);
    loop_run(loop);
    loop_timer_destroy(&patience);
    assert_int_equal(letters_found, 2);
    letters_found = 0;
    const struct route *again = routes_find(routes, &letters[0]);
    assert_non_null(again);
    assert_string_equal(again->key, found.key);
    return again;
}

static void routes_come_from_rules_and_dns(void **state)
{
    static const struct {
        const char *domain;
        enum route_status status;
        const char *address; /* of the first target */
        uint16_t port;
        const char *site; /* NULL: whatever */
    } cases[] = {
        {"literal.test", ROUTE_OK, "192.0.2.1", 2525, "literal.test"},
        {"named.test", ROUTE_OK, "2001:db8::26", 25, "named.test"},
        {"smart.test", ROUTE_OK, "192.0.2.2", 25, "192.0.2.2"},
        {"shop.test", ROUTE_OK, "192.0.2.25", 26, NULL},       /* S9 */
        {"plain.shop.test", ROUTE_OK, "192.0.2.27", 26, NULL}, /* S10: no MX */
        {"null.shop.test", ROUTE_NULL_MX, NULL, 0, NULL},      /* S11 */
        {"[192.0.2.9]", ROUTE_OK, "192.0.2.9", 26, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct route *route = find(cases[i].domain);
        char text[STREAM_ADDRESS_LENGTH];
        if (route->status != cases[i].status) {
            fail_msg("%s: status %d", cases[i].domain, (int)route->status);
        }
        if (cases[i].address == NULL) {
            continue;
        }
        assert_int_equal(route->target_count, 1);
        stream_address_format(&route->targets[0].address, text);
        assert_string_equal(text, cases[i].address);
        assert_int_equal(route->targets[0].address.port, cases[i].port);
        if (cases[i].site != NULL) {
            assert_string_equal(route->site, cases[i].site);
        }
    }
    struct letter letter = {.domain = TEXT("literal.test")};
    assert_int_equal(routes_find(routes, &letter)->tls, ROUTE_TLS_NONE);
}

/* A letter that was taken out of the list is not handed out. */
static void who_waits_no_more_is_left_alone(void **state)
{
    struct letter stays = {.domain = TEXT("shop.test")};
    struct letter leaves = {.domain = TEXT("shop.test")};
    (void)state;
    assert_null(routes_find(routes, &stays));
    assert_null(routes_find(routes, &leaves));
    letter_list_remove(&leaves);
    loop_run(loop);
    assert_int_equal(letters_found, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(routes_come_from_rules_and_dns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_waits_no_more_is_left_alone, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
