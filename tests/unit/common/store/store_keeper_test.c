/* Leases with a real Redis: take, renew, T_stop, refusal. */
#include "common/base/clock.h"
#include "common/store/store_lease.h"
#include "store_world.h"

#include <string.h>

#define OTHER "ffeeddccbbaa99887766554433221100"

struct keeping {
    struct world *world;
    struct store_keeper *keeper;
    unsigned int started;
    unsigned int refused;
    enum store_lease_kind refused_kind;
    bool ends_when_refused; /* as a program does: it destroys the keeper inside the callback */
    struct lease_beat beat;
    uint64_t epoch;
};

static void on_started(void *context)
{
    struct keeping *keeping = context;
    keeping->started++;
    loop_stop(keeping->world->loop);
}

static void on_refused(void *context, const struct store_lease_name *name)
{
    struct keeping *keeping = context;
    keeping->refused++;
    keeping->refused_kind = name->kind;
    if (keeping->ends_when_refused) {
        store_keeper_destroy(&keeping->keeper);
    }
    loop_stop(keeping->world->loop);
}

static void on_read(void *context, int error, const struct lease_beat *beat, uint64_t took_ms)
{
    struct keeping *keeping = context;
    (void)took_ms;
    if (beat != NULL) {
        keeping->beat = *beat;
    }
    world_answered(keeping->world, error);
}

static void on_taken(void *context, int error, uint64_t epoch)
{
    struct keeping *keeping = context;
    keeping->epoch = epoch;
    world_answered(keeping->world, error);
}

static void read_lease(struct keeping *keeping, const struct store_lease_name *name)
{
    store_lease_read(keeping->world->store, name, on_read, keeping);
    world_wait(keeping->world);
}

static void take(struct keeping *keeping, const struct store_lease_name *name,
                 const struct lease_beat *seen)
{
    store_lease_take(keeping->world->store, name, seen, on_taken, keeping);
    world_wait(keeping->world);
}

static void start(struct keeping *keeping, struct world *world)
{
    *keeping = (struct keeping){.world = world};
    keeping->keeper = store_keeper_create(
        world->store, &(struct store_keeper_callbacks){on_started, on_refused, keeping});
    world_wait_for(world, &keeping->started, 1);
}

/** What another process does to a lease, by redis-cli. */
static void meddle(const struct world *world, const char *command)
{
    char line[256];
    snprintf(line, sizeof(line), "redis-cli -s %s/socket %s >/dev/null", world->redis.folder,
             command);
    assert_int_equal(system(line), 0);
}

static void run_until_beat(struct keeping *keeping, const struct store_lease_name *name,
                           uint64_t beat)
{
    do {
        struct loop_timer *pause =
            loop_timer_create(keeping->world->loop, (loop_fn *)loop_stop, keeping->world->loop);
        loop_timer_start(pause, 50, 0);
        loop_run(keeping->world->loop);
        loop_timer_destroy(&pause);
        read_lease(keeping, name);
        assert_int_equal(keeping->world->error, 0);
    } while (keeping->beat.beat < beat);
}

static void test_the_session_is_taken_and_renewed(void **state)
{
    struct world *world = *state;
    struct keeping keeping;
    const struct store_lease_name own = {STORE_LEASE_SESSION, WORLD_SESSION, 0};
    const struct store_lease_name ip = {STORE_LEASE_IP, "192.0.2.1", 0};
    start(&keeping, world);
    assert_true(store_keeper_may_send(keeping.keeper));
    assert_false(store_keeper_holds(keeping.keeper, &ip));
    take(&keeping, &ip, NULL);
    assert_int_equal(world->error, 0);
    store_keeper_add(keeping.keeper, &ip, keeping.epoch);
    run_until_beat(&keeping, &own, 2);
    assert_string_equal(keeping.beat.session, WORLD_SESSION);
    assert_true(store_keeper_holds(keeping.keeper, &ip));
    run_until_beat(&keeping, &ip, 2);
    store_keeper_remove(keeping.keeper, &ip);
    assert_false(store_keeper_holds(keeping.keeper, &ip));
    store_lease_release(world->store, &ip, keeping.epoch, on_taken, &keeping);
    world_wait(world);
    assert_int_equal(world->error, 0);
    store_keeper_destroy(&keeping.keeper);
}

/* I3: who is cut off from Redis stops within T_stop, and goes on only after a renewal succeeds. */
static void test_t_stop(void **state)
{
    struct world *world = *state;
    struct keeping keeping;
    start(&keeping, world);
    uint64_t cut_ms = clock_boottime_ms();
    kill(world->redis.pid, SIGSTOP);
    while (store_keeper_may_send(keeping.keeper)) {
        struct loop_timer *pause =
            loop_timer_create(world->loop, (loop_fn *)loop_stop, world->loop);
        loop_timer_start(pause, 20, 0);
        loop_run(world->loop);
        loop_timer_destroy(&pause);
        assert_true(clock_boottime_ms() - cut_ms < 3 * LEASE_STOP_MS);
    }
    kill(world->redis.pid, SIGCONT);
    while (!store_keeper_may_send(keeping.keeper)) {
        struct loop_timer *pause =
            loop_timer_create(world->loop, (loop_fn *)loop_stop, world->loop);
        loop_timer_start(pause, 20, 0);
        loop_run(world->loop);
        loop_timer_destroy(&pause);
        assert_true(clock_boottime_ms() - cut_ms < 10 * LEASE_STOP_MS);
    }
    assert_int_equal(keeping.refused, 0);
    store_keeper_destroy(&keeping.keeper);
}

static void test_a_taken_session_is_refused(void **state)
{
    struct world *world = *state;
    struct keeping keeping;
    start(&keeping, world);
    meddle(world, "HSET hk:{s:" WORLD_SESSION "} s " OTHER " k t");
    world_wait_for(world, &keeping.refused, 1);
    assert_int_equal(keeping.refused_kind, STORE_LEASE_SESSION);
    assert_false(store_keeper_may_send(keeping.keeper));
    store_keeper_destroy(&keeping.keeper);
}

/* The first take was answered to nobody; before the next one the session was thought dead. */
static void test_a_session_taken_before_it_began(void **state)
{
    struct world *world = *state;
    struct keeping keeping = {.world = world};
    meddle(world, "HSET hk:{s:" WORLD_SESSION "} s " OTHER " e 7 b 0 k t");
    keeping.keeper = store_keeper_create(
        world->store, &(struct store_keeper_callbacks){on_started, on_refused, &keeping});
    world_wait_for(world, &keeping.refused, 1);
    assert_int_equal(keeping.started, 0);
    store_keeper_destroy(&keeping.keeper);
    meddle(world, "DEL hk:{s:" WORLD_SESSION "}");
}

/* With nothing else under way: the program was cut off before it held anything but its session. */
static void test_the_keeper_may_end_in_its_own_callback(void **state)
{
    struct world *world = *state;
    struct keeping keeping;
    start(&keeping, world);
    keeping.ends_when_refused = true;
    meddle(world, "HSET hk:{s:" WORLD_SESSION "} s " OTHER " k t");
    world_wait_for(world, &keeping.refused, 1);
    assert_null(keeping.keeper);
    meddle(world, "HSET hk:{s:" WORLD_SESSION "} s " OTHER " e 7 b 0 k t");
    keeping.keeper = store_keeper_create(
        world->store, &(struct store_keeper_callbacks){on_started, on_refused, &keeping});
    world_wait_for(world, &keeping.refused, 2);
    assert_null(keeping.keeper);
    meddle(world, "DEL hk:{s:" WORLD_SESSION "}");
}

static void test_another_ip_owner(void **state)
{
    struct world *world = *state;
    struct keeping keeping;
    const struct store_lease_name ip = {STORE_LEASE_IP, "192.0.2.7", 0};
    start(&keeping, world);
    take(&keeping, &ip, NULL);
    store_keeper_add(keeping.keeper, &ip, keeping.epoch);
    meddle(world, "HSET hk:{ip:192.0.2.7} s " OTHER);
    world_wait_for(world, &keeping.refused, 1);
    assert_int_equal(keeping.refused_kind, STORE_LEASE_IP);
    assert_false(store_keeper_holds(keeping.keeper, &ip));
    assert_true(store_keeper_may_send(keeping.keeper));
    store_keeper_destroy(&keeping.keeper);
}

/* Compare-and-set on session, epoch and beat. */
static void test_take_from_the_dead(void **state)
{
    struct world *world = *state;
    struct keeping keeping = {.world = world};
    const struct store_lease_name dead = {STORE_LEASE_SESSION, OTHER, 0};
    const struct store_lease_name part = {STORE_LEASE_PARTITION, NULL, 63};
    read_lease(&keeping, &part);
    assert_int_equal(world->error, -ENOENT);
    meddle(world, "HSET hk:{s:" OTHER "} s " OTHER " e 7 b 41");
    read_lease(&keeping, &dead);
    assert_int_equal(keeping.beat.beat, 41);
    struct lease_beat seen = keeping.beat;
    take(&keeping, &dead, NULL);
    assert_int_equal(world->error, -ESTALE);
    meddle(world, "HINCRBY hk:{s:" OTHER "} b 1");
    take(&keeping, &dead, &seen);
    assert_int_equal(world->error, -ESTALE);
    seen.beat++;
    assert_int_not_equal(seen.server, 0);
    seen.server++; /* a failover in between: what was seen proves nothing here */
    take(&keeping, &dead, &seen);
    assert_int_equal(world->error, -ESTALE);
    seen.server--;
    take(&keeping, &dead, &seen);
    assert_int_equal(world->error, 0);
    read_lease(&keeping, &dead);
    assert_true(keeping.beat.is_taken);
    assert_string_equal(keeping.beat.session, WORLD_SESSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_session_is_taken_and_renewed, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(test_t_stop, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_taken_session_is_refused, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_session_taken_before_it_began, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(test_the_keeper_may_end_in_its_own_callback, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(test_another_ip_owner, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_take_from_the_dead, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
