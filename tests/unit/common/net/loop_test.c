#include "common/net/loop.h"
#include "common/base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cmocka.h>

/* What happened, in order, and whom the callbacks act upon. */
static struct loop *loop;
static struct loop_timer *timer;
static struct loop_watch *watch;
static struct loop_signal *signal_watch;
static char order[64];
static char letters[] = "0123abcs"; /* contexts of note() */
static int count;

static int set_up(void **state)
{
    (void)state;
    loop = loop_create();
    memset(order, 0, sizeof order);
    count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_destroy(&loop);
    assert_null(loop);
    return 0;
}

static void note(void *context)
{
    size_t length = strlen(order);
    assert_true(length + 1 < sizeof order);
    order[length] = *(const char *)context;
}

static void stop(void *context)
{
    (void)context;
    loop_stop(loop);
}

static void note_and_stop(void *context)
{
    note(context);
    stop(NULL);
}

static void timers_come_in_order_of_their_delay(void **state)
{
    (void)state;
    static const uint64_t delays_ms[] = {30, 1, 15};
    struct loop_timer *timers[3];
    for (int i = 0; i < 3; i++) {
        timers[i] = loop_timer_create(loop, i == 0 ? note_and_stop : note, &letters[4 + i]);
        assert_false(loop_timer_is_active(timers[i]));
        loop_timer_start(timers[i], delays_ms[i], 0);
        assert_true(loop_timer_is_active(timers[i]));
    }
    loop_run(loop);
    assert_string_equal(order, "bca");
    for (int i = 0; i < 3; i++) {
        assert_false(loop_timer_is_active(timers[i]));
        loop_timer_destroy(&timers[i]);
        assert_null(timers[i]);
    }
}

static void count_to_three(void *context)
{
    (void)context;
    if (++count == 3) {
        loop_timer_stop(timer);
        loop_stop(loop);
    }
}

static void a_timer_repeats_until_stopped_and_starts_anew(void **state)
{
    (void)state;
    timer = loop_timer_create(loop, count_to_three, NULL);
    loop_timer_start(timer, 0, 1);
    loop_run(loop);
    assert_int_equal(count, 3);
    assert_false(loop_timer_is_active(timer));
    count = 2;
    loop_timer_start(timer, 3600 * SECOND_MS, 0);
    loop_timer_start(timer, 1, 0); /* replaces the first */
    loop_run(loop);
    assert_int_equal(count, 3);
    loop_timer_destroy(&timer);
}

/* The delay counts from the call, not from the start of the turn (30 ms ago). */
static void a_delay_counts_from_now(void **state)
{
    (void)state;
    timer = loop_timer_create(loop, stop, NULL);
    (void)usleep(30000);
    uint64_t start_ms = clock_monotonic_ms();
    loop_timer_start(timer, 20, 0);
    loop_run(loop);
    assert_true(clock_monotonic_ms() - start_ms >= 19);
    loop_timer_destroy(&timer);
}

static void destroy_timer_and_stop(void *context)
{
    (void)context;
    count++;
    loop_timer_destroy(&timer);
    loop_stop(loop);
}

static void a_timer_may_destroy_itself(void **state)
{
    (void)state;
    timer = loop_timer_create(loop, destroy_timer_and_stop, NULL);
    loop_timer_start(timer, 0, 1);
    loop_run(loop);
    assert_null(timer);
    assert_int_equal(count, 1);
    loop_timer_destroy(&timer); /* accepts NULL */
}

static void what_is_left_open_is_closed(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct loop_timer *left_timer = loop_timer_create(loop, stop, NULL);
    loop_timer_start(left_timer, 1000, 0);
    struct loop_watch *left_watch = loop_watch_create(loop, ends[0], NULL, NULL);
    loop_watch_set(left_watch, LOOP_READABLE);
    (void)loop_signal_create(loop, SIGUSR2, stop, NULL);
    loop_defer(loop, stop, NULL);
    loop_post(loop, stop, NULL);
    loop_destroy(&loop); /* the leak checker sees the rest */
    assert_null(loop);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void on_echo(void *context, unsigned int events)
{
    const int *ends = context;
    assert_int_equal(events & ~(unsigned int)(LOOP_READABLE | LOOP_WRITABLE), 0);
    if (events & LOOP_WRITABLE) {
        count++;
        assert_int_equal(write(ends[1], "x", 1), 1);
        loop_watch_set(watch, LOOP_READABLE);
        return;
    }
    char byte = 0;
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    loop_watch_destroy(&watch);
    loop_stop(loop);
}

static void a_watch_tells_readable_and_writable(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    watch = loop_watch_create(loop, ends[0], on_echo, ends);
    loop_watch_set(watch, LOOP_WRITABLE | LOOP_READABLE);
    loop_run(loop);
    assert_int_equal(count, 1);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void on_refused(void *context, unsigned int events)
{
    const int *descriptor = context;
    assert_int_equal(events, LOOP_READABLE | LOOP_WRITABLE);
    if (++count < 2) {
        return; /* not looked at: comes again */
    }
    int error = 0;
    socklen_t size = sizeof error;
    assert_int_equal(getsockopt(*descriptor, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    assert_int_equal(error, ECONNREFUSED);
    loop_watch_destroy(&watch);
    loop_stop(loop);
}

/* hiredis waits for "writable" to learn that its connection was refused. */
static void a_descriptor_in_error_is_readable_and_writable(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0); /* does not listen */
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)connect(client, (struct sockaddr *)&address, size);
    watch = loop_watch_create(loop, client, on_refused, &client);
    loop_watch_set(watch, LOOP_WRITABLE);
    loop_run(loop);
    assert_int_equal(count, 2);
    (void)close(client);
    (void)close(listener);
}

static void on_usr1(void *context)
{
    note(context);
    loop_signal_destroy(&signal_watch);
    loop_stop(loop);
}

static void a_signal_comes_on_the_loop(void **state)
{
    (void)state;
    signal_watch = loop_signal_create(loop, SIGUSR1, on_usr1, &letters[7]);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    loop_run(loop);
    assert_string_equal(order, "s");
    assert_null(signal_watch);
}

static void defer_more(void *context)
{
    note(&letters[1]);
    loop_defer(loop, note_and_stop, context);
    note(&letters[2]);
}

static void defer_from_timer(void *context)
{
    loop_defer(loop, defer_more, context);
    note(&letters[0]);
}

static void deferred_calls_come_after_this_turn(void **state)
{
    (void)state;
    timer = loop_timer_create(loop, defer_from_timer, &letters[3]);
    loop_timer_start(timer, 1, 0); /* once: nothing else wakes the loop */
    loop_run(loop);
    assert_string_equal(order, "0123");
    loop_timer_destroy(&timer);
}

struct pooled {
    pthread_t thread;
    int squared;
};

static void square(void *context)
{
    struct pooled *pooled = context;
    pooled->thread = pthread_self();
    pooled->squared *= pooled->squared;
}

static void on_squared(void *context)
{
    const struct pooled *pooled = context;
    assert_false(pthread_equal(pooled->thread, pthread_self()));
    count += pooled->squared;
    if (loop_pool_pending(loop) == 0) {
        loop_stop(loop);
    }
}

static void the_pool_works_elsewhere_and_reports_here(void **state)
{
    (void)state;
    struct pooled pooled[20];
    for (int i = 0; i < 20; i++) {
        pooled[i].squared = i;
        loop_run_in_pool(loop, square, on_squared, &pooled[i]);
    }
    assert_int_equal(loop_pool_pending(loop), 20);
    loop_run(loop);
    assert_int_equal(count, 2470);
}

static void on_posted(void *context)
{
    (void)context;
    if (++count == 4000) {
        loop_stop(loop);
    }
}

static void *post_a_thousand(void *context)
{
    for (int i = 0; i < 1000; i++) {
        loop_post(loop, on_posted, context);
    }
    return NULL;
}

static void posts_from_threads_all_arrive(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post_a_thousand, NULL), 0);
    }
    loop_run(loop);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(count, 4000);
}

static void now_is_monotonic_time(void **state)
{
    (void)state;
    uint64_t now_ms = loop_now_ms(loop);
    assert_true(now_ms <= clock_monotonic_ms());
    assert_true(clock_monotonic_ms() - now_ms < 10 * SECOND_MS);
}

int main(void)
{
    loop_set_pool_threads(3);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_come_in_order_of_their_delay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_repeats_until_stopped_and_starts_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_delay_counts_from_now, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_may_destroy_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_open_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_watch_tells_readable_and_writable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_descriptor_in_error_is_readable_and_writable, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_signal_comes_on_the_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deferred_calls_come_after_this_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_pool_works_elsewhere_and_reports_here, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(posts_from_threads_all_arrive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(now_is_monotonic_time, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
