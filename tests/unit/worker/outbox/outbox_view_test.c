#include "worker/outbox/outbox_view.h"

#include "common/base/metrics.h"
#include "worker/outbox/outbox_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

#define SITES 60

static struct outbox outbox;
static struct sending_ips ips;
static struct destination *destinations[SITES + 1];

static struct destination *make(const char *pool, int number)
{
    struct route route = {.status = ROUTE_OK, .host_count = 1};
    struct stream_address address = {.bytes = {192, 0, 2, 1}};
    char name[32];
    (void)snprintf(name, sizeof name, "site-%d.test", number);
    memcpy(route.hosts[0].name, name, strlen(name));
    route_add_target(&route, 0, &address, 25, ROUTE_FAMILY_ANY);
    route_complete(&route, text_of(name));
    return destination_find(&outbox, text_of(pool), &route);
}

/* Site n has n letters waiting; the second pool's destination adds 1,000 to site 7. */
static int set_up(void **state)
{
    (void)state;
    outbox.settings.loop = loop_create();
    outbox.settings.ips = &ips;
    outbox.settings.unreachable = unreachable_create();
    outbox.destinations = table_create();
    outbox.sites = table_create();
    for (int i = 0; i < SITES; i++) {
        destinations[i] = make("mkt", i);
        destinations[i]->queued = (size_t)i;
    }
    destinations[SITES] = make("tx", 7);
    destinations[SITES]->queued = 1000;
    destinations[0]->site->open = 2; /* connections alone are shown too, last */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    destinations[0]->site->open = 0;
    for (int i = 0; i <= SITES; i++) {
        destinations[i]->queued = 0;
        destination_destroy(destinations[i]);
    }
    table_destroy(&outbox.destinations);
    table_destroy(&outbox.sites);
    unreachable_destroy(&outbox.settings.unreachable);
    loop_destroy(&outbox.settings.loop);
    return 0;
}

static void the_largest_sites_come_first(void **state)
{
    struct outbox_view_site sites[OUTBOX_VIEW_SITES_MAX];
    (void)state;
    assert_int_equal(outbox_view_waiting(&outbox), SITES * (SITES - 1) / 2 + 1000);
    assert_int_equal(outbox_view_sites(&outbox, sites), OUTBOX_VIEW_SITES_MAX);
    assert_int_equal(sites[0].waiting, 1007); /* both pools' together */
    assert_true(text_equal(sites[0].name, destinations[7]->site->name));
    for (size_t i = 1; i < OUTBOX_VIEW_SITES_MAX; i++) {
        assert_int_equal(sites[i].waiting, SITES - i);
    }
}

static void idle_sites_are_left_out(void **state)
{
    struct outbox_view_site sites[OUTBOX_VIEW_SITES_MAX];
    (void)state;
    for (int i = 0; i <= SITES; i++) {
        destinations[i]->queued = i == 1 ? 1 : 0;
    }
    assert_int_equal(outbox_view_sites(&outbox, sites), 2);
    assert_int_equal(sites[0].waiting, 1);
    assert_int_equal(sites[1].connections, 2);
}

static size_t count_series(const char *name)
{
    size_t count = 0;
    struct buffer out = {0};
    metrics_render(&out);
    char *all = buffer_take(&out);
    for (const char *at = all; (at = strstr(at, name)) != NULL; at += strlen(name)) {
        count++;
    }
    free(all);
    return count;
}

static void sites_do_not_pile_up_in_metrics(void **state)
{
    (void)state;
    for (int turn = 0; turn < 10; turn++) {
        for (int i = 0; i < SITES; i++) {
            destinations[i]->queued = (size_t)((i + turn * 7) % SITES + 1);
        }
        outbox_view_set_gauges(&outbox);
    }
    assert_int_equal(count_series("\nhikyaku_worker_site_waiting_recipients{"), 50);
    assert_int_equal(count_series("\nhikyaku_worker_site_connections{"), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_largest_sites_come_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(idle_sites_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sites_do_not_pile_up_in_metrics, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
