#include "common/base/clock.h"
#include "worker/outbox/outbox_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static struct outbox outbox;
static struct sending_ips ips;
static struct destination *destination;

static struct stream_address address(unsigned char last, bool is_v6)
{
    struct stream_address made = {.bytes = {192, 0, 2, last}, .is_v6 = is_v6};
    return made;
}

/* m1 and m2 at 10, m3 at 20; m1 has a v6 address too. */
static struct route make_route(void)
{
    struct route route = {.status = ROUTE_OK, .host_count = 3};
    const char *names[] = {"m1.test", "m2.test", "m3.test"};
    for (size_t i = 0; i < 3; i++) {
        memcpy(route.hosts[i].name, names[i], strlen(names[i]));
        route.hosts[i].preference = i == 2 ? 20 : 10;
    }
    struct stream_address v4[] = {address(1, false), address(2, false), address(3, false)};
    struct stream_address v6 = address(1, true);
    for (size_t i = 0; i < 3; i++) {
        route_add_target(&route, i, &v4[i], 25, ROUTE_FAMILY_ANY);
    }
    route_add_target(&route, 0, &v6, 25, ROUTE_FAMILY_ANY);
    route_complete(&route, TEXT(""));
    return route;
}

static int set_up(void **state)
{
    (void)state;
    ips = (struct sending_ips){.count = 0};
    outbox = (struct outbox){.random = 88172645463325252ULL};
    outbox.settings.loop = loop_create();
    outbox.settings.ips = &ips;
    outbox.settings.unreachable = unreachable_create();
    static const struct config_list none = {.count = 0};
    outbox.settings.paths = paths_create(&(struct paths_settings){.loop = outbox.settings.loop,
                                                                  .ips = &ips,
                                                                  .profiles = &none,
                                                                  .connections_per_site = 2,
                                                                  .messages_per_connection = 100});
    outbox.destinations = table_create();
    outbox.sites = table_create();
    assert_int_equal(sending_ips_add(&ips, "mkt", "198.51.100.1", "a.example"), 0);
    assert_int_equal(sending_ips_add(&ips, "mkt", "2001:db8::1", "b.example"), 0);
    ips.items[0].state = SENDING_IP_OWNED;
    struct route route = make_route();
    destination = destination_find(&outbox, TEXT("mkt"), &route);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    destination_destroy(destination);
    table_destroy(&outbox.destinations);
    table_destroy(&outbox.sites);
    paths_destroy(&outbox.settings.paths);
    unreachable_destroy(&outbox.settings.unreachable);
    loop_destroy(&outbox.settings.loop);
    return 0;
}

static enum destination_choice choose(struct route_target *ret_target)
{
    struct sending_ip *ip = NULL;
    return destination_choose(destination, ret_target, &ip);
}

/* S9: equal ones are shuffled, worse ones wait. */
static void test_equals_have_the_same_chance(void **state)
{
    (void)state;
    size_t taken[3] = {0};
    struct route_target target;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(choose(&target), DESTINATION_FOUND);
        assert_false(target.address.is_v6); /* no v6 address is ours */
        taken[target.host]++;
    }
    assert_in_range(taken[0], 400, 600);
    assert_in_range(taken[1], 400, 600);
    assert_int_equal(taken[2], 0);
}

/* S12: v6 is used when an IPv6 address is ours. */
static void test_v6_takes_part_when_it_is_ours(void **state)
{
    (void)state;
    size_t v6 = 0;
    struct route_target target;
    ips.items[1].state = SENDING_IP_OWNED;
    for (size_t i = 0; i < 900; i++) {
        assert_int_equal(choose(&target), DESTINATION_FOUND);
        v6 += target.address.is_v6;
    }
    assert_in_range(v6, 200, 400);
}

/* S7, S9: the next preference when the better ones are left alone. */
static void test_failed_servers_are_left_alone(void **state)
{
    (void)state;
    struct route_target target;
    for (size_t i = 0; i < destination->route.target_count; i++) {
        if (destination->route.targets[i].preference == 10) {
            destination_hold(destination, &destination->route.targets[i]);
        }
    }
    assert_int_equal(choose(&target), DESTINATION_FOUND);
    assert_int_equal(target.host, 2);
    assert_true(destination_has_other(destination));
    destination_hold(destination, &target);
    assert_int_equal(choose(&target), DESTINATION_UNREACHABLE);
    assert_false(destination_has_other(destination));
    destination_greeted(destination, &destination->route.targets[0]);
    assert_true(destination_has_other(destination));
}

/* A full path is no reason for a worse server. */
static void test_full_is_not_unreachable(void **state)
{
    (void)state;
    struct route_target target;
    uint64_t wait_ms;
    struct path *path = destination_path(destination, &ips.items[0]);
    const struct path_event opened = {.kind = PATH_EVENT_OPENED};
    paths_feed(outbox.settings.paths, path, &opened, TEXT(""));
    assert_int_equal(choose(&target), DESTINATION_FOUND);
    paths_feed(outbox.settings.paths, path, &opened, TEXT(""));
    assert_int_equal(choose(&target), DESTINATION_FULL);
    assert_int_equal(destination_gate(destination, &wait_ms), GATE_PATH_CONNECTIONS);
    ips.items[0].state = SENDING_IP_WAITING;
    assert_int_equal(choose(&target), DESTINATION_NO_IP);
}

/* I7: what its paths hold back stands under their gates. */
static void test_paths_name_their_gates(void **state)
{
    (void)state;
    uint64_t wait_ms;
    struct path_decisions decisions = {.count = 0};
    struct path *path = destination_path(destination, &ips.items[0]);
    uint64_t now_ms = loop_now_ms(outbox.settings.loop);
    path->control.rate.ceiling = 10;
    assert_int_equal(destination_gate(destination, &wait_ms), GATE_PATH_RATE);
    path_control_suspend(&path->control, 60000, PATH_SCOPE_PATH, "test", now_ms, &decisions);
    assert_int_equal(destination_gate(destination, &wait_ms), GATE_SITE_SUSPENDED);
    assert_int_equal(wait_ms, 60000);
    struct route_target target;
    assert_int_equal(choose(&target), DESTINATION_FULL);
    /* Another IP of the pool may do. */
    ips.items[1].state = SENDING_IP_OWNED;
    assert_int_equal(destination_gate(destination, &wait_ms), GATE_PATH_CONNECTIONS);
}

/* The same servers, another pool: another destination of the same site. */
static void test_sites_are_shared_destinations_are_not(void **state)
{
    (void)state;
    struct route route = make_route();
    assert_ptr_equal(destination_find(&outbox, TEXT("mkt"), &route), destination);
    struct destination *other = destination_find(&outbox, TEXT("tx"), &route);
    assert_ptr_not_equal(other, destination);
    assert_ptr_equal(other->site, destination->site);
    assert_string_equal(destination->route.site, "m1.test,m2.test,m3.test");
    destination_destroy(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_equals_have_the_same_chance, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_v6_takes_part_when_it_is_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failed_servers_are_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_is_not_unreachable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_paths_name_their_gates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sites_are_shared_destinations_are_not, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
