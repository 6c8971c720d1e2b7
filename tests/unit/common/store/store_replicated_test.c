/* `durability: replicated`: nothing counts before replicas have it. A primary and two replicas. */
#include "common/store/store_group.h"
#include "common/store/store_lease.h"
#include "common/store/store_messages.h"
#include "store_world.h"

#include <errno.h>
#include <netinet/in.h>

struct group {
    struct world *world;
    struct private_redis replicas[2];
};

/* Below the ports that the kernel gives away: nobody gets it by chance before Redis listens. */
#define PORT_FIRST 10000
#define PORT_COUNT 2000

static uint16_t free_port(void)
{
    for (unsigned int i = 0; i < PORT_COUNT; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + ((unsigned int)getpid() + i) % PORT_COUNT);
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons(port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int error = bind(probe, (struct sockaddr *)&address, sizeof(address));
        close(probe);
        if (error == 0) {
            return port;
        }
    }
    fail_msg("no port is free");
    return 0;
}

static int open_group(void **state)
{
    struct group *group = xalloc_zero(1, sizeof(*group));
    void *world = NULL;
    world_open_loop(&world);
    group->world = world;
    char port[8];
    char master[32];
    (void)snprintf(port, sizeof(port), "%u", free_port());
    (void)snprintf(master, sizeof(master), "127.0.0.1 %s", port);
    const char *const primary[] = {"--port",
                                   port,
                                   "--min-replicas-to-write",
                                   "2",
                                   "--min-replicas-max-lag",
                                   "3",
                                   "--repl-diskless-sync-delay",
                                   "0",
                                   NULL};
    const char *const replica[] = {"--replicaof", master, NULL};
    private_redis_start_with(&group->world->redis, primary);
    for (size_t i = 0; i < 2; i++) {
        private_redis_prepare(&group->replicas[i]);
        private_redis_start_with(&group->replicas[i], replica);
    }
    *state = group;
    return 0;
}

static int close_group(void **state)
{
    struct group *group = *state;
    void *world = group->world;
    for (size_t i = 0; i < 2; i++) {
        private_redis_finish(&group->replicas[i]);
    }
    world_close(&world);
    free(group);
    return 0;
}

static void on_found(void *context, int error, const struct store_message *found, size_t count)
{
    (void)found;
    (void)count;
    world_answered(context, error);
}

static void on_leased(void *context, int error, uint64_t epoch)
{
    (void)epoch;
    world_answered(context, error);
}

static void wait_until_ready(struct world *world)
{
    if (!store_is_ready(world->store)) {
        assert_non_null(strstr(store_why_not_ready(world->store), "Redis"));
        world_wait_for(world, &world->ready, world->ready + 1);
    }
}

/* On a busy machine a replica may fall behind at any moment: then a call is repeated. */
#define UNTIL_ANSWERED(world, ...) \
    do {                           \
        wait_until_ready(world);   \
        __VA_ARGS__;               \
    } while ((world)->error == -EAGAIN || (world)->error == -ECONNRESET)

static void lease(struct world *world, const struct store_lease_name *name)
{
    store_lease_take(world->store, name, NULL, on_leased, world);
    world_wait(world);
}

/* Replicas that stand still have nothing: no answer says it was stored. When they go on, the same
 * call is answered, and was done once (I1). */
static void test_nothing_counts_before_replicas_have_it(void **state)
{
    struct group *group = *state;
    struct world *world = group->world;
    world_open_store(world, STORE_REPLICATED);
    world_wait_for(world, &world->ready, 1);
    struct store_facts facts;
    store_facts(world->store, &facts);
    assert_string_equal(facts.durability, "replicated: 2");
    UNTIL_ANSWERED(world, world_create(world, 1, false));
    assert_int_equal(world->error, 0);
    UNTIL_ANSWERED(world, world_add_chunk(world, 0, 50));
    assert_int_equal(world->error, 0);

    wait_until_ready(world);
    kill(group->replicas[1].pid, SIGSTOP);
    world_submit(world, 1);
    assert_int_not_equal(world->error, 0);
    const unsigned char hashes[1][STORE_MESSAGE_KEY_HASH_BYTES] = {{1}};
    store_messages_find(world->store, 5, hashes, 1, on_found, world);
    world_wait(world);
    assert_int_not_equal(world->error, 0);
    struct store_lease_name name = {STORE_LEASE_IP, "192.0.2.1", 0};
    lease(world, &name);
    assert_int_not_equal(world->error, 0);

    kill(group->replicas[1].pid, SIGCONT);
    /* In the meantime the primary may have said that it has too few. */
    UNTIL_ANSWERED(world, world_submit(world, 1));
    assert_int_equal(world->error, 0);
    UNTIL_ANSWERED(world, world_claim(world, 0));
    assert_int_equal(world->error, 0);
    UNTIL_ANSWERED(world, world_flush(world, 0, 1, 10, OUTCOME_DELIVERED, false));
    assert_int_equal(world->error, 0);
    UNTIL_ANSWERED(world, world_get(world));
    assert_int_equal(world->campaign.outcomes[OUTCOME_DELIVERED], 10);
    UNTIL_ANSWERED(world, lease(world, &name));
    assert_int_equal(world->error, 0);
}

static void count_answer(void *context, int error, const struct store_campaign *campaign)
{
    unsigned int *answers = context;
    (void)campaign;
    assert_int_equal(error, -ECANCELED);
    (*answers)++;
}

/* Each call is answered once, also those whose answers are held back when the store goes. */
static void test_destroy_answers_what_is_held(void **state)
{
    struct group *group = *state;
    struct world *world = group->world;
    unsigned int answers = 0;
    world_open_store(world, STORE_REPLICATED);
    world_wait_for(world, &world->ready, 1);
    world_create(world, 1, false);
    kill(group->replicas[1].pid, SIGSTOP);
    struct store_submit submit = {.digest = TEXT("abcdef0123456789abcdef0123456789")};
    memcpy(submit.campaign, world->campaign.id, 16);
    for (int turn = 0; turn < 3; turn++) {
        store_campaign_submit(world->store, &submit, count_answer, &answers);
        struct loop_timer *pause =
            loop_timer_create(world->loop, (loop_fn *)loop_stop, world->loop);
        loop_timer_start(pause, 50, 0);
        loop_run(world->loop);
        loop_timer_destroy(&pause);
    }
    assert_int_equal(answers, 0);
    store_destroy(&world->store);
    assert_int_equal(answers, 3);
    kill(group->replicas[1].pid, SIGCONT);
}

/* The primary is killed while answers are held back: they are lost, not given. */
static void test_a_killed_primary_acknowledges_nothing(void **state)
{
    struct group *group = *state;
    struct world *world = group->world;
    world_open_store(world, STORE_REPLICATED);
    world_wait_for(world, &world->ready, 1);
    world_create(world, 1, false);
    kill(group->replicas[0].pid, SIGSTOP);
    struct store_submit submit = {.digest = TEXT("abcdef0123456789abcdef0123456789")};
    memcpy(submit.campaign, world->campaign.id, 16);
    store_campaign_submit(world->store, &submit, world_on_campaign, world);
    struct loop_timer *pause = loop_timer_create(world->loop, (loop_fn *)loop_stop, world->loop);
    loop_timer_start(pause, 100, 0);
    loop_run(world->loop);
    loop_timer_destroy(&pause);
    assert_false(world->is_answered);
    private_redis_stop(&world->redis, SIGKILL);
    world_wait(world);
    assert_int_equal(world->error, -ECONNRESET);
}

static void test_enough(void **state)
{
    (void)state;
    static const struct {
        redisReply reply;
        bool is_enough;
    } cases[] = {
        {{.type = REDIS_REPLY_INTEGER, .integer = 2}, true},
        {{.type = REDIS_REPLY_INTEGER, .integer = 3}, true},
        {{.type = REDIS_REPLY_INTEGER, .integer = 1}, false},
        {{.type = REDIS_REPLY_INTEGER, .integer = -1}, false},
        {{.type = REDIS_REPLY_ERROR, .integer = 2}, false},
        {{.type = REDIS_REPLY_NIL}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(store_group_is_enough(&cases[i].reply, 2), cases[i].is_enough);
    }
    assert_false(store_group_is_enough(NULL, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enough),
        cmocka_unit_test_setup_teardown(test_nothing_counts_before_replicas_have_it, open_group,
                                        close_group),
        cmocka_unit_test_setup_teardown(test_destroy_answers_what_is_held, open_group, close_group),
        cmocka_unit_test_setup_teardown(test_a_killed_primary_acknowledges_nothing, open_group,
                                        close_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
