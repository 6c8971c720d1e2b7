/* The store and a Redis that comes, goes, dies and is of the wrong kind. */
#include "store_world.h"

#include "common/store/store_state.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* Redis away at the start, then appearing. */
static void test_redis_appears(void **state)
{
    struct world *world = *state;
    world_open_store(world, STORE_DISK);
    struct loop_timer *pause = loop_timer_create(world->loop, (loop_fn *)loop_stop, world->loop);
    loop_timer_start(pause, 50, 0);
    loop_run(world->loop);
    loop_timer_destroy(&pause);
    assert_false(store_is_ready(world->store));
    world->campaign.id[0] = 1;
    world_get(world);
    assert_int_equal(world->error, -EAGAIN);
    private_redis_start(&world->redis, NULL, NULL);
    world_wait_for(world, &world->ready, 1);
    assert_true(store_is_ready(world->store));
    assert_true(world->store->clock.is_measured); /* nothing is dated by a clock of ours */
    world_get(world);
    assert_int_equal(world->error, -ENOENT);
    struct store_facts facts;
    store_facts(world->store, &facts);
    assert_true(facts.version[0] == '7' || facts.version[0] == '8'); /* Debian 12, 13 */
    assert_int_equal(strlen(facts.run_id), 40);
    assert_string_equal(facts.durability, "disk");
    assert_null(facts.warnings[0]);
}

/* Killed, not stopped: what was acknowledged is there after the restart (I1), the store is ready
 * again by itself, and events go on in a new generation. */
static void test_redis_is_killed(void **state)
{
    struct world *world = *state;
    world_create(world, 1, false);
    world_add_chunk(world, 0, 50);
    world_submit(world, 1);
    world_claim(world, 0);
    world_flush(world, 0, 1, 10, OUTCOME_DELIVERED, false);
    assert_int_equal(world->error, 0);
    private_redis_stop(&world->redis, SIGKILL);
    world_wait_for(world, &world->lost, 1);
    assert_false(store_is_ready(world->store));
    world_get(world);
    assert_int_equal(world->error, -EAGAIN);
    private_redis_start(&world->redis, NULL, NULL);
    world_wait_for(world, &world->ready, 2);
    world_flush(world, 0, 1, 10, OUTCOME_DELIVERED, false);
    assert_int_equal(world->error, 0);
    world_flush(world, 0, 2, 0, 0, false);
    assert_int_equal(world->error, 0);
    world_get(world);
    assert_int_equal(world->campaign.outcomes[OUTCOME_DELIVERED], 10);
}

/* The answer is lost: Redis stands still (SIGSTOP) when the call is made, then it is killed. */
static void test_an_answer_is_lost(void **state)
{
    struct world *world = *state;
    world_create(world, 1, false);
    kill(world->redis.pid, SIGSTOP);
    struct loop_timer *killer = loop_timer_create(world->loop, (loop_fn *)loop_stop, world->loop);
    store_campaign_get(world->store, world->campaign.id, world_on_campaign, world);
    loop_timer_start(killer, 100, 0);
    loop_run(world->loop);
    loop_timer_destroy(&killer);
    assert_false(world->is_answered);
    private_redis_stop(&world->redis, SIGKILL);
    world_wait(world);
    assert_int_equal(world->error, -ECONNRESET);
}

/* A Redis that answers nothing is a lost one. */
static void test_silence_is_a_loss(void **state)
{
    struct world *world = *state;
    world_create(world, 1, false);
    kill(world->redis.pid, SIGSTOP);
    store_campaign_get(world->store, world->campaign.id, world_on_campaign, world);
    world_wait(world);
    assert_int_equal(world->error, -ECONNRESET);
    assert_int_equal(world->lost, 1);
    kill(world->redis.pid, SIGCONT);
    world_wait_for(world, &world->ready, 2);
}

/* Calls under way are answered when the store goes. */
static void test_destroy_answers(void **state)
{
    struct world *world = *state;
    store_campaign_get(world->store, world->campaign.id, world_on_campaign, world);
    store_destroy(&world->store);
    assert_true(world->is_answered);
    assert_int_equal(world->error, -ECANCELED);
    world_open_store(world, STORE_DISK);
    world->is_answered = false;
    store_campaign_get(world->store, world->campaign.id, world_on_campaign, world);
    store_destroy(&world->store);
    assert_true(world->is_answered);
}

/* Scripts forgotten: nothing was applied, the next try works. */
static void test_scripts_are_forgotten(void **state)
{
    struct world *world = *state;
    world_create(world, 1, false);
    char command[160];
    snprintf(command, sizeof(command), "redis-cli -s %s/socket SCRIPT FLUSH >/dev/null",
             world->redis.folder);
    assert_int_equal(system(command), 0);
    world_add_chunk(world, 0, 3);
    assert_int_equal(world->error, -EAGAIN);
    world_wait_for(world, &world->ready, 2);
    world_add_chunk(world, 0, 3);
    assert_int_equal(world->error, 0);
    assert_false(world->chunk.is_replayed);
}

static void test_redis_of_the_wrong_kind(void **state)
{
    struct world *world = *state;
    static const char *const cases[][3] = {
        {"--appendonly", "no", "appendonly"},
        {"--appendfsync", "everysec", "appendfsync"},
        {"--no-appendfsync-on-rewrite", "yes", "no-appendfsync-on-rewrite"},
        {"--maxmemory-policy", "allkeys-lru", "maxmemory-policy"},
        {"--replicaof", "127.0.0.1 1", "role"},
        {"--requirepass", "secret", "store.user"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        private_redis_start(&world->redis, cases[i][0], cases[i][1]);
        world_open_store(world, STORE_DISK);
        world_wait_for(world, &world->wrong, (unsigned int)i + 1);
        assert_string_equal(world->problem.field, cases[i][2]);
        store_destroy(&world->store);
        private_redis_stop(&world->redis, SIGKILL);
    }
    assert_int_equal(world->ready, 0);
}

static void test_the_default_user_is_looked_at(void **state)
{
    struct world *world = *state;
    char command[256];
    private_redis_start(&world->redis, NULL, NULL);
    (void)snprintf(command, sizeof(command),
                   "redis-cli -s %s/socket ACL SETUSER default -debug > /dev/null",
                   world->redis.folder);
    assert_int_equal(system(command), 0);
    world_open_store(world, STORE_DISK);
    world_wait_for(world, &world->wrong, 1);
    assert_string_equal(world->problem.field, "user default");
}

static void test_relaxed_warns(void **state)
{
    struct world *world = *state;
    private_redis_start(&world->redis, "--appendfsync", "everysec");
    world_open_store(world, STORE_RELAXED);
    world_wait_for(world, &world->ready, 1);
    struct store_facts facts;
    store_facts(world->store, &facts);
    assert_non_null(facts.warnings[0]);
    assert_null(facts.warnings[1]);
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(descriptor, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &size), 0);
    close(descriptor);
    return ntohs(address.sin_port);
}

/* A name of /etc/hosts, looked up off the loop; again when Redis has gone. */
static void test_redis_has_a_name(void **state)
{
    struct world *world = *state;
    char port[8];
    snprintf(port, sizeof(port), "%u", free_port());
    const char *const options[] = {"--port", port, "--bind", "127.0.0.1", NULL};
    private_redis_start_with(&world->redis, options);
    snprintf(world->redis.endpoint, sizeof(world->redis.endpoint), "localhost:%s", port);
    world_open_store(world, STORE_DISK);
    world_wait_for(world, &world->ready, 1);
    world->campaign.id[0] = 1;
    world_get(world);
    assert_int_equal(world->error, -ENOENT);
    private_redis_stop(&world->redis, SIGKILL);
    world_wait_for(world, &world->lost, 1);
    private_redis_start_with(&world->redis, options);
    world_wait_for(world, &world->ready, 2);
    world_get(world);
    assert_int_equal(world->error, -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_redis_appears, world_open_loop, world_close),
        cmocka_unit_test_setup_teardown(test_redis_has_a_name, world_open_loop, world_close),
        cmocka_unit_test_setup_teardown(test_redis_is_killed, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_an_answer_is_lost, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_silence_is_a_loss, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_destroy_answers, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_scripts_are_forgotten, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_redis_of_the_wrong_kind, world_open_loop, world_close),
        cmocka_unit_test_setup_teardown(test_the_default_user_is_looked_at, world_open_loop,
                                        world_close),
        cmocka_unit_test_setup_teardown(test_relaxed_warns, world_open_loop, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
