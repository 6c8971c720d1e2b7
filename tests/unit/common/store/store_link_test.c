/* A link and a server that answers when the test says so: how much is unanswered at once. */
#include "common/store/store_link.h"

#include "common/base/clock.h"
#include "common/store/store_backlog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

#define COMMANDS 40
#define PATIENCE_MS 20000
/* Long enough for what comes at once to have come. */
#define SETTLE_MS 50

struct world {
    struct loop *loop;
    struct loop_timer *poll;
    struct store_link *link;
    struct store_command command;
    char path[64];
    int listener;
    int server;
    char got[COMMANDS * 32]; /* that the server was sent and has not answered */
    size_t got_bytes;
    unsigned int connected;
    size_t count; /* of answers */
    size_t order[COMMANDS];
    int errors[COMMANDS];
};

struct call {
    struct world *world;
    size_t number;
};

static struct call calls[COMMANDS];

static void on_connected(void *context, struct store_link *link)
{
    struct world *world = context;
    world->connected++;
    store_link_set_ready(link);
}

static void on_lost(void *context, struct store_link *link, bool was_ready)
{
    (void)context;
    (void)link;
    (void)was_ready;
}

static void on_latency(void *context, uint64_t ms)
{
    (void)context;
    (void)ms;
}

static void on_reply(void *object, int error, const redisReply *reply)
{
    struct call *call = object;
    struct world *world = call->world;
    (void)reply;
    world->errors[world->count] = error;
    world->order[world->count++] = call->number;
}

static void run_for(struct world *world, uint64_t ms)
{
    loop_timer_start(world->poll, ms, 0);
    loop_run(world->loop);
}

/* What has come to the server, in commands. */
static size_t server_waits(struct world *world)
{
    ssize_t size = recv(world->server, world->got + world->got_bytes,
                        sizeof(world->got) - world->got_bytes, MSG_DONTWAIT);
    world->got_bytes += size > 0 ? (size_t)size : 0;
    size_t count = 0;
    for (size_t i = 0; i < world->got_bytes; i++) {
        count += world->got[i] == '*';
    }
    return count;
}

/* Until as many commands have come; no more come in the time that follows. */
static void expect_at_server(struct world *world, size_t count)
{
    uint64_t begun_ms = clock_monotonic_ms();
    while (server_waits(world) < count && clock_monotonic_ms() - begun_ms < PATIENCE_MS) {
        run_for(world, 5);
    }
    run_for(world, SETTLE_MS);
    assert_int_equal(server_waits(world), count);
}

static void server_answers(struct world *world, size_t count)
{
    size_t waiting = server_waits(world);
    assert_true(count <= waiting);
    world->got_bytes = 0;
    for (size_t i = 0; i < waiting - count; i++) {
        world->got[world->got_bytes++] = '*';
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(send(world->server, "+OK\r\n", 5, 0), 5);
    }
}

static void send_commands(struct world *world, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        calls[i] = (struct call){world, i};
        store_command_begin(&world->command, "PING");
        store_link_send(world->link, &world->command, on_reply, &calls[i]);
    }
}

static void connect_link(struct world *world, bool is_paced)
{
    char endpoint[80];
    snprintf(endpoint, sizeof(endpoint), "unix:%s", world->path);
    world->link =
        store_link_create(world->loop, &(struct store_link_settings){.endpoint = endpoint,
                                                                     .timeout_ms = PATIENCE_MS,
                                                                     .is_paced = is_paced,
                                                                     .on_connected = on_connected,
                                                                     .on_lost = on_lost,
                                                                     .on_latency = on_latency,
                                                                     .context = world});
    uint64_t begun_ms = clock_monotonic_ms();
    while (world->connected == 0 && clock_monotonic_ms() - begun_ms < PATIENCE_MS) {
        run_for(world, 5);
    }
    assert_int_equal(world->connected, 1);
    world->server = accept(world->listener, NULL, NULL);
    assert_true(world->server >= 0);
}

static int open_world(void **state)
{
    struct world *world = xalloc_zero(1, sizeof(*world));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    world->loop = loop_create();
    world->poll = loop_timer_create(world->loop, (loop_fn *)loop_stop, world->loop);
    snprintf(world->path, sizeof(world->path), "/tmp/hk-link-test-%d", getpid());
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->path);
    (void)unlink(world->path);
    world->server = -1;
    world->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(world->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(world->listener, 4), 0);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    store_link_destroy(&world->link);
    store_command_finish(&world->command);
    loop_timer_destroy(&world->poll);
    loop_destroy(&world->loop);
    close(world->server);
    close(world->listener);
    (void)unlink(world->path);
    free(world);
    return 0;
}

/* After a reconnect at most 4 are outstanding; all are answered, in order. */
static void a_young_link_sends_a_few_at_once(void **state)
{
    struct world *world = *state;
    connect_link(world, true);
    send_commands(world, 0, 10);
    expect_at_server(world, STORE_BACKLOG_OUTSTANDING);
    server_answers(world, 1);
    expect_at_server(world, STORE_BACKLOG_OUTSTANDING);
    assert_int_equal(world->count, 1);
    uint64_t begun_ms = clock_monotonic_ms();
    while (world->count < 10 && clock_monotonic_ms() - begun_ms < PATIENCE_MS) {
        size_t waiting = server_waits(world);
        assert_true(waiting <= STORE_BACKLOG_OUTSTANDING);
        server_answers(world, waiting);
        run_for(world, 5);
    }
    assert_int_equal(world->count, 10);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(world->order[i], i);
        assert_int_equal(world->errors[i], 0);
    }
}

/* The steady state has no bound. */
static void a_grown_link_sends_all(void **state)
{
    struct world *world = *state;
    connect_link(world, true);
    run_for(world, STORE_BACKLOG_LEAST_MS + 500); /* nothing waited: over after the least time */
    send_commands(world, 0, COMMANDS);
    expect_at_server(world, COMMANDS);
}

static void a_link_of_leases_has_no_bound(void **state)
{
    struct world *world = *state;
    connect_link(world, false);
    send_commands(world, 0, COMMANDS);
    expect_at_server(world, COMMANDS);
}

/* Lost again while commands wait: those that were sent may have been applied, the others not. */
static void what_waits_when_it_is_lost_was_not_sent(void **state)
{
    struct world *world = *state;
    connect_link(world, true);
    send_commands(world, 0, 7);
    expect_at_server(world, STORE_BACKLOG_OUTSTANDING);
    close(world->server);
    world->server = -1;
    uint64_t begun_ms = clock_monotonic_ms();
    while (world->count < 7 && clock_monotonic_ms() - begun_ms < PATIENCE_MS) {
        run_for(world, 5);
    }
    assert_int_equal(world->count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(world->order[i], i);
        assert_int_equal(world->errors[i], i < STORE_BACKLOG_OUTSTANDING ? -ECONNRESET : -EAGAIN);
    }
}

static void what_waits_is_answered_when_the_link_goes(void **state)
{
    struct world *world = *state;
    connect_link(world, true);
    send_commands(world, 0, 7);
    run_for(world, SETTLE_MS);
    store_link_destroy(&world->link);
    assert_int_equal(world->count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(world->errors[i], -ECANCELED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_young_link_sends_a_few_at_once, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_grown_link_sends_all, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_link_of_leases_has_no_bound, open_world, close_world),
        cmocka_unit_test_setup_teardown(what_waits_when_it_is_lost_was_not_sent, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(what_waits_is_answered_when_the_link_goes, open_world,
                                        close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
