#include "worker/route/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static struct resolver_mx mx(const char *host, uint16_t preference)
{
    struct resolver_mx record = {.preference = preference};
    memcpy(record.host, host, strlen(host));
    return record;
}

/* S9, S10, S11. */
static void test_what_an_mx_answer_means(void **state)
{
    const struct resolver_mx two[] = {mx("a.test", 5), mx("B.test", 10)};
    const struct resolver_mx null_mx[] = {mx("", 0)};
    const struct {
        struct resolver_answer answer;
        enum route_status status;
        size_t hosts;
        const char *first;
    } cases[] = {
        {{.status = RESOLVER_OK, .count = 2, .mx = two}, ROUTE_OK, 2, "a.test"},
        {{.status = RESOLVER_OK, .count = 1, .mx = null_mx}, ROUTE_NULL_MX, 0, ""},
        {{.status = RESOLVER_OK}, ROUTE_TEMPORARY, 0, ""}, /* all of them unreadable */
        {{.status = RESOLVER_NO_DATA}, ROUTE_OK, 1, "example.net"},
        {{.status = RESOLVER_NO_NAME}, ROUTE_NO_DOMAIN, 0, ""},
        {{.status = RESOLVER_TEMPORARY}, ROUTE_TEMPORARY, 0, ""},
        {{.status = RESOLVER_BOGUS}, ROUTE_TEMPORARY, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route route = {0};
        enum route_status status = route_take_mx(&route, TEXT("example.net"), &cases[i].answer);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(route.host_count, cases[i].hosts);
        assert_string_equal(route.hosts[0].name, cases[i].first);
    }
}

static void test_targets_stand_by_preference(void **state)
{
    (void)state;
    const struct resolver_mx records[] = {mx("z.test", 10), mx("a.test", 20)};
    struct resolver_answer answer = {.status = RESOLVER_OK, .count = 2, .mx = records};
    struct route route = {0};
    assert_int_equal(route_take_mx(&route, TEXT("example.net"), &answer), ROUTE_OK);
    struct stream_address v4 = {.bytes = {192, 0, 2, 1}};
    struct stream_address v6 = {.bytes = {0x20, 1}, .is_v6 = true};
    route_add_target(&route, 1, &v4, 25, ROUTE_FAMILY_ANY);
    route_add_target(&route, 0, &v6, 25, ROUTE_FAMILY_V4); /* not wanted */
    route_add_target(&route, 0, &v6, 25, ROUTE_FAMILY_V6);
    route_add_target(&route, 0, &v4, 25, ROUTE_FAMILY_V4);
    route_complete(&route, TEXT(""));
    assert_int_equal(route.target_count, 3);
    assert_int_equal(route.targets[0].preference, 10);
    assert_int_equal(route.targets[2].preference, 20);
    assert_int_equal(route.targets[2].address.port, 25);
    assert_string_equal(route.site, "a.test,z.test"); /* the set, whatever its order */
}

static void test_names_of_sites(void **state)
{
    (void)state;
    struct route route = {.hosts = {{.name = "aspmx.l.google.com"}}, .host_count = 1};
    route_complete(&route, TEXT(""));
    assert_null(strchr(route.site, '.')); /* a provider's key, not a host */
    struct route other = {.hosts = {{.name = "mx.test"}}, .host_count = 1};
    route_complete(&other, TEXT("example.net"));
    assert_string_equal(other.site, "example.net");
    struct route same = {.hosts = {{.name = "mx.test"}}, .host_count = 1, .tls = ROUTE_TLS_NONE};
    route_complete(&same, TEXT("example.net"));
    assert_string_not_equal(other.key, same.key);
}

/* Two domains with the same hosts share the limits of the site, but each keeps its own order. */
static void test_preferences_part_keys_not_sites(void **state)
{
    (void)state;
    static const struct {
        uint16_t first;
        uint16_t second;
        bool is_same;
    } cases[] = {{10, 20, true}, {1, 5, true}, {20, 10, false}, {10, 10, false}};
    struct route route = {
        .hosts = {{.name = "a.test", .preference = 10}, {.name = "b.test", .preference = 20}},
        .host_count = 2};
    route_complete(&route, TEXT(""));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route other = {.hosts = {{.name = "a.test", .preference = cases[i].first},
                                        {.name = "b.test", .preference = cases[i].second}},
                              .host_count = 2};
        route_complete(&other, TEXT(""));
        assert_string_equal(other.site, route.site);
        assert_int_equal(strcmp(other.key, route.key) == 0, cases[i].is_same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_an_mx_answer_means),
        cmocka_unit_test(test_targets_stand_by_preference),
        cmocka_unit_test(test_names_of_sites),
        cmocka_unit_test(test_preferences_part_keys_not_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
