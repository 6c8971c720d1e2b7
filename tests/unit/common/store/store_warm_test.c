/* Reservations of a warm-up against a real Redis: fenced by the IP's lease, never above a quota. */
#include "common/store/store_warm.h"

#include "common/store/store_lease.h"
#include "store_world.h"

#include <string.h>

#define IP "192.0.2.9"
#define DAY 20782U

struct warming {
    struct world *world;
    uint64_t epoch;
    uint32_t granted;
    size_t count;
    char site[16];
    char state[16];
};

static void on_taken(void *context, int error, uint64_t epoch)
{
    struct warming *warming = context;
    warming->epoch = epoch;
    world_answered(warming->world, error);
}

static void on_reserved(void *context, int error, uint32_t granted)
{
    struct warming *warming = context;
    warming->granted = granted;
    world_answered(warming->world, error);
}

static void on_loaded(void *context, int error, const struct store_ip_site *states, size_t count)
{
    struct warming *warming = context;
    warming->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(warming->site, states[i].site.data, states[i].site.size);
        memcpy(warming->state, states[i].state.data, states[i].state.size);
    }
    world_answered(warming->world, error);
}

static void take(struct warming *warming, const char *ip)
{
    const struct store_lease_name name = {STORE_LEASE_IP, ip, 0};
    store_lease_take(warming->world->store, &name, NULL, on_taken, warming);
    world_wait(warming->world);
    assert_int_equal(warming->world->error, 0);
}

static int reserve(struct warming *warming, struct store_warm_request request)
{
    request.ip = TEXT(IP);
    request.site = TEXT("google");
    store_warm_reserve(warming->world->store, &request, on_reserved, warming);
    world_wait(warming->world);
    return warming->world->error;
}

static void quotas_of_day_and_hour_hold(void **state)
{
    struct warming warming = {.world = *state};
    take(&warming, IP);
    struct store_warm_request request = {.epoch = warming.epoch,
                                         .state = TEXT("one"),
                                         .day = DAY,
                                         .hour = 7,
                                         .day_quota = 50,
                                         .hour_quota = 20,
                                         .wanted = 15};
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 15);
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 5); /* of the hour */
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 0);
    request.given_back = 4;
    request.wanted = 0;
    assert_int_equal(reserve(&warming, request), 0);
    request.given_back = 0;
    request.wanted = 10;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 4);
    request.hour = 8;
    request.wanted = 20;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 20);
    request.hour = 9;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 10); /* of the day */
    request.day++;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 20);
    /* A quota that shrinks in mid-day grants nothing more, and takes nothing back. */
    request.day_quota = 10;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 0);
}

static void what_is_remembered_comes_back(void **state)
{
    struct warming warming = {.world = *state};
    store_warm_load(warming.world->store, TEXT(IP), on_loaded, &warming);
    world_wait(warming.world);
    assert_int_equal(warming.world->error, 0);
    assert_int_equal(warming.count, 0);
    take(&warming, IP);
    struct store_warm_request request = {
        .epoch = warming.epoch, .state = TEXT("\1two"), .day = DAY};
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 0);
    store_warm_load(warming.world->store, TEXT(IP), on_loaded, &warming);
    world_wait(warming.world);
    assert_int_equal(warming.count, 1);
    assert_string_equal(warming.site, "google");
    assert_string_equal(warming.state, "\1two");
}

/* I3. */
static void only_the_holder_reserves(void **state)
{
    struct warming warming = {.world = *state};
    struct store_warm_request request = {
        .epoch = 1, .state = TEXT("x"), .day = DAY, .day_quota = 9, .hour_quota = 9, .wanted = 1};
    assert_int_equal(reserve(&warming, request), -ESTALE);
    take(&warming, "192.0.2.10");
    request.epoch = warming.epoch;
    assert_int_equal(reserve(&warming, request), -ESTALE);
    take(&warming, IP);
    request.epoch = warming.epoch - 1;
    assert_int_equal(reserve(&warming, request), -ESTALE);
    assert_int_equal(warming.granted, 0);
    store_warm_load(warming.world->store, TEXT(IP), on_loaded, &warming);
    world_wait(warming.world);
    assert_int_equal(warming.count, 0);
    request.epoch = warming.epoch;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.granted, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(quotas_of_day_and_hour_hold, world_open, world_close),
        cmocka_unit_test_setup_teardown(what_is_remembered_comes_back, world_open, world_close),
        cmocka_unit_test_setup_teardown(only_the_holder_reserves, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
