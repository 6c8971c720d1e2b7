#include "common/store/store_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static void endpoints_are_read(void **state)
{
    static const struct {
        const char *endpoint;
        const char *host;
        int port;
        bool wants_lookup;
    } cases[] = {
        {"unix:/run/redis.sock", "/run/redis.sock", 0, false},
        {"127.0.0.1:6380", "127.0.0.1", 6380, false},
        {"127.0.0.1", "127.0.0.1", 6379, false},
        {"[::1]:6380", "::1", 6380, false},
        {"[::1]", "::1", 6379, false},
        {"redis.example:6380", "redis.example", 6380, true},
        {"redis", "redis", 6379, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct store_place place;
        store_place_init(&place, cases[i].endpoint);
        assert_string_equal(place.host, cases[i].host);
        assert_int_equal(place.port, cases[i].port);
        assert_int_equal(store_place_wants_lookup(&place), cases[i].wants_lookup);
        if (!cases[i].wants_lookup) {
            assert_string_equal(store_place_take(&place), cases[i].host);
            assert_string_equal(store_place_take(&place), cases[i].host); /* for ever */
            assert_false(store_place_has_more(&place));
        }
        store_place_finish(&place);
    }
}

static void addresses_are_tried_in_turn(void **state)
{
    const struct stream_address found[] = {{.bytes = {192, 0, 2, 1}}, {.bytes = {192, 0, 2, 2}}};
    struct store_place place;
    (void)state;
    store_place_init(&place, "redis.example:6380");
    assert_null(store_place_take(&place));
    store_place_set(&place, found, 2);
    assert_string_equal(store_place_take(&place), "192.0.2.1");
    assert_true(store_place_has_more(&place));
    assert_string_equal(store_place_take(&place), "192.0.2.2");
    assert_false(store_place_has_more(&place));
    assert_true(store_place_wants_lookup(&place)); /* none answered */
    store_place_set(&place, found, 2);
    assert_string_equal(store_place_take(&place), "192.0.2.1");
    store_place_on_ready(&place); /* when it is lost, another may have taken the name */
    assert_true(store_place_wants_lookup(&place));
    store_place_set(&place, NULL, 0);
    assert_true(store_place_wants_lookup(&place));
    store_place_finish(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_are_read),
        cmocka_unit_test(addresses_are_tried_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
