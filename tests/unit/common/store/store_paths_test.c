/* What was learnt of an IP's paths against a real Redis: fenced by the IP's lease. */
#include "common/store/store_paths.h"

#include "common/store/store_lease.h"
#include "store_world.h"

#include <string.h>

#define IP "192.0.2.9"

struct learning {
    struct world *world;
    uint64_t epoch;
    size_t full;
    size_t count;
    char site[16];
    char state[16];
};

static void on_taken(void *context, int error, uint64_t epoch)
{
    struct learning *learning = context;
    learning->epoch = epoch;
    world_answered(learning->world, error);
}

static void on_saved(void *context, int error, size_t full)
{
    struct learning *learning = context;
    learning->full = full;
    world_answered(learning->world, error);
}

static void on_loaded(void *context, int error, const struct store_ip_site *states, size_t count)
{
    struct learning *learning = context;
    learning->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(learning->site, states[i].site.data, states[i].site.size);
        memcpy(learning->state, states[i].state.data, states[i].state.size);
    }
    world_answered(learning->world, error);
}

static void take(struct learning *learning, const char *ip)
{
    const struct store_lease_name name = {STORE_LEASE_IP, ip, 0};
    store_lease_take(learning->world->store, &name, NULL, on_taken, learning);
    world_wait(learning->world);
    assert_int_equal(learning->world->error, 0);
}

static int save(struct learning *learning, uint64_t epoch, struct text site, struct text state)
{
    const struct store_ip_site states[] = {{site, state}};
    const struct store_paths_save save = {
        .ip = TEXT(IP), .epoch = epoch, .states = states, .count = 1};
    store_paths_save(learning->world->store, &save, on_saved, learning);
    world_wait(learning->world);
    return learning->world->error;
}

static void load(struct learning *learning)
{
    store_paths_load(learning->world->store, TEXT(IP), on_loaded, learning);
    world_wait(learning->world);
    assert_int_equal(learning->world->error, 0);
}

static void what_is_learnt_comes_back(void **state)
{
    struct learning learning = {.world = *state};
    load(&learning);
    assert_int_equal(learning.count, 0);
    take(&learning, IP);
    assert_int_equal(save(&learning, learning.epoch, TEXT("google"), TEXT("\1one")), 0);
    assert_int_equal(save(&learning, learning.epoch, TEXT("google"), TEXT("\1two")), 0);
    assert_int_equal(learning.full, 0);
    load(&learning);
    assert_int_equal(learning.count, 1);
    assert_string_equal(learning.site, "google");
    assert_string_equal(learning.state, "\1two");
    assert_int_equal(save(&learning, learning.epoch, TEXT("google"), TEXT("")), 0);
    load(&learning);
    assert_int_equal(learning.count, 0);
}

/* I3. */
static void only_the_holder_saves(void **state)
{
    struct learning learning = {.world = *state};
    assert_int_equal(save(&learning, 1, TEXT("au"), TEXT("x")), -ESTALE);
    take(&learning, "192.0.2.10");
    assert_int_equal(save(&learning, learning.epoch, TEXT("au"), TEXT("x")), -ESTALE);
    take(&learning, IP);
    assert_int_equal(save(&learning, learning.epoch + 1, TEXT("au"), TEXT("x")), -ESTALE);
    load(&learning);
    assert_int_equal(learning.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_learnt_comes_back, world_open, world_close),
        cmocka_unit_test_setup_teardown(only_the_holder_saves, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
