#include "common/net/host_lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static struct loop *loop;
static size_t calls;
static size_t found;
static size_t loopback;

static void on_found(void *context, const struct stream_address *addresses, size_t count)
{
    char text[STREAM_ADDRESS_LENGTH];
    assert_ptr_equal(context, &found);
    calls++;
    found = count;
    loopback = 0;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(addresses[i].port, 0);
        stream_address_format(&addresses[i], text);
        loopback +=
            text_equal(text_of(text), TEXT("127.0.0.1")) || text_equal(text_of(text), TEXT("::1"));
    }
    loop_stop(loop);
}

static void hosts_have_addresses(void **state)
{
    static const char too_long[] = /* for a label: no DNS is asked */
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test";
    static const struct {
        const char *host;
        bool has_some;
    } cases[] = {{"localhost", true}, {"127.0.0.1", true}, {"::1", true}, {too_long, false}};
    (void)state;
    loop = loop_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        calls = 0;
        (void)host_lookup_start(loop, cases[i].host, on_found, &found);
        assert_int_equal(calls, 0); /* never at once */
        loop_run(loop);
        assert_int_equal(calls, 1);
        assert_int_equal(found > 0, cases[i].has_some);
        assert_int_equal(loopback, found);
    }
    loop_destroy(&loop);
}

static void look_again(void *context)
{
    if (loop_pool_pending(loop) == 0) {
        loop_timer_stop(*(struct loop_timer **)context);
        loop_stop(loop);
    }
}

static void a_cancelled_lookup_says_nothing(void **state)
{
    (void)state;
    struct loop_timer *timer = NULL;
    loop = loop_create();
    calls = 0;
    timer = loop_timer_create(loop, look_again, &timer);
    struct host_lookup *lookup = host_lookup_start(loop, "localhost", on_found, &found);
    host_lookup_cancel(&lookup);
    assert_null(lookup);
    host_lookup_cancel(&lookup);
    loop_timer_start(timer, 1, 1);
    loop_run(loop);
    assert_int_equal(calls, 0);
    loop_timer_destroy(&timer);
    loop_destroy(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_have_addresses),
        cmocka_unit_test(a_cancelled_lookup_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
