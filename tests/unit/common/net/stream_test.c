#include "common/net/stream.h"
#include "common/base/buffer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LARGE_BYTES ((size_t)32 * 1024 * 1024)

/* One stream of ours and its peer: a listening socket of this thread. The kernel completes the
 * connection, so that the peer can be accepted as soon as the stream is connected. */
static struct loop *loop;
static struct stream *stream;
static struct loop_timer *timer;
static int listener;
static int peer;
static struct stream_address listening;
static struct buffer received;
static bool is_connected, is_ended, is_closed;
static enum stream_end end;
static int drained;

static void listen_on(const char *address)
{
    assert_int_equal(stream_address_parse(text_of(address), 0, &listening), 0);
    struct sockaddr_storage place = {0};
    socklen_t size = 0;
    if (listening.is_v6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&place;
        v6->sin6_family = AF_INET6;
        memcpy(&v6->sin6_addr, listening.bytes, 16);
        size = sizeof *v6;
    } else {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&place;
        v4->sin_family = AF_INET;
        memcpy(&v4->sin_addr, listening.bytes, 4);
        size = sizeof *v4;
    }
    listener = socket(place.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&place, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&place, &size), 0);
    listening.port = ntohs(listening.is_v6 ? ((struct sockaddr_in6 *)&place)->sin6_port
                                           : ((struct sockaddr_in *)&place)->sin_port);
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_create();
    stream = NULL;
    listener = -1;
    peer = -1;
    received = (struct buffer){0};
    is_connected = is_ended = is_closed = false;
    drained = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stream_close(&stream);
    loop_destroy(&loop);
    assert_true(is_closed);
    buffer_finish(&received);
    (void)close(listener);
    (void)close(peer);
    return 0;
}

static void accept_peer(void)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 5000), 1);
    peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
}

static void on_connected(void *context)
{
    (void)context;
    is_connected = true;
    accept_peer();
    loop_stop(loop);
}

static void on_read(void *context, struct text bytes)
{
    (void)context;
    buffer_append_text(&received, bytes);
    loop_stop(loop);
}

static void on_drained(void *context)
{
    (void)context;
    drained++;
    loop_stop(loop);
}

static void on_end(void *context, enum stream_end how)
{
    (void)context;
    assert_false(is_ended);
    is_ended = true;
    end = how;
    loop_stop(loop);
}

static void on_closed(void *context)
{
    (void)context;
    assert_false(is_closed);
    is_closed = true;
}

static const struct stream_callbacks callbacks = {.on_connected = on_connected,
                                                  .on_read = on_read,
                                                  .on_drained = on_drained,
                                                  .on_end = on_end,
                                                  .on_closed = on_closed};

static void open_stream(const struct stream_address *source, uint64_t connect_timeout_ms)
{
    struct stream_settings settings = {
        .remote = listening, .source = source, .connect_timeout_ms = connect_timeout_ms};
    stream = stream_open(loop, &settings, &callbacks);
    assert_false(is_connected);
    assert_false(is_ended);
}

static void connect_to(const char *address)
{
    listen_on(address);
    open_stream(NULL, 5000);
    loop_run(loop);
    assert_true(is_connected);
}

static void peer_says(const char *text)
{
    assert_int_equal(send(peer, text, strlen(text), 0), strlen(text));
}

static void addresses_are_parsed_and_formatted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *formatted; /* NULL: refused */
        bool is_v6;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", false},
        {"2001:DB8:0::1", "2001:db8::1", true},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1", true},
        {"", NULL, false},
        {"192.0.2", NULL, false},
        {"192.0.2.256", NULL, false},
        {"192.0.2.1 ", NULL, false},
        {"[::1]", NULL, false},
        {"fe80::1%lo", NULL, false},
        {"mx.example", NULL, false},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:0", NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stream_address address = {0};
        int result = stream_address_parse(text_of(cases[i].text), 25, &address);
        assert_int_equal(result, cases[i].formatted == NULL ? -EINVAL : 0);
        if (result == 0) {
            char text[STREAM_ADDRESS_LENGTH];
            stream_address_format(&address, text);
            assert_string_equal(text, cases[i].formatted);
            assert_int_equal(address.is_v6, cases[i].is_v6);
            assert_int_equal(address.port, 25);
        }
    }
    struct stream_address untouched;
    assert_int_equal(stream_address_parse(TEXT("192.0.2.1\0"), 25, &untouched), -EINVAL);
    assert_string_equal(stream_end_name(STREAM_END_TLS), "tls");
}

static void bytes_go_both_ways(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < 2; i++) {
        is_connected = is_closed = false;
        connect_to(addresses[i]);
        struct text parts[] = {TEXT("EHLO "), TEXT(""), TEXT("out.example\r\n")};
        stream_write(stream, parts, 3);
        assert_int_equal(stream_pending_bytes(stream), 0); /* the kernel took it at once */
        char line[64] = "";
        assert_int_equal(recv(peer, line, sizeof line - 1, 0), 18);
        assert_string_equal(line, "EHLO out.example\r\n");
        peer_says("250 hello\r\n");
        loop_run(loop);
        assert_true(text_equal(buffer_text(&received), TEXT("250 hello\r\n")));
        assert_string_equal(stream_tls_version(stream), "");
        assert_string_equal(stream_problem(stream), "");
        struct stream_address local;
        stream_local_address(stream, &local);
        assert_int_equal(local.is_v6, listening.is_v6);
        assert_true(local.port != 0);
        buffer_clear(&received);
        stream_close(&stream);
        assert_null(stream);
        char rest = 0;
        assert_int_equal(recv(peer, &rest, 1, 0), 0); /* an orderly end */
        if (i == 0) {
            (void)close(peer);
            (void)close(listener);
            loop_destroy(&loop);
            loop = loop_create();
        }
    }
}

static void the_source_address_is_bound(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    struct stream_address source;
    assert_int_equal(stream_address_parse(TEXT("127.0.0.5"), 0, &source), 0);
    open_stream(&source, 5000);
    loop_run(loop);
    assert_true(is_connected);
    struct sockaddr_in seen = {0};
    socklen_t size = sizeof seen;
    assert_int_equal(getpeername(peer, (struct sockaddr *)&seen, &size), 0);
    assert_int_equal(ntohl(seen.sin_addr.s_addr), 0x7f000005);
    struct stream_address local;
    stream_local_address(stream, &local);
    assert_memory_equal(local.bytes, source.bytes, 4);
    assert_int_equal(local.port, ntohs(seen.sin_port));
}

static void a_foreign_source_address_is_told(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    struct stream_address source;
    assert_int_equal(stream_address_parse(TEXT("192.0.2.77"), 0, &source), 0);
    open_stream(&source, 5000);
    loop_run(loop);
    assert_true(is_ended);
    assert_int_equal(end, STREAM_END_SOURCE);
    assert_string_not_equal(stream_problem(stream), "");
}

static void a_closed_port_refuses(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    (void)close(listener);
    open_stream(NULL, 5000);
    stream_write(stream, &TEXT("never sent"), 1);
    loop_run(loop);
    assert_true(is_ended);
    assert_int_equal(end, STREAM_END_REFUSED);
    assert_int_equal(drained, 0);
    stream_write(stream, &TEXT("no-op"), 1);
    assert_int_equal(stream_pending_bytes(stream), 0);
}

static void no_answer_times_out(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    /* A full backlog: Linux drops further SYNs without a word. */
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_port = htons(listening.port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int waiting[4];
    for (int i = 0; i < 4; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(waiting[i], (struct sockaddr *)&place, sizeof place);
    }
    open_stream(NULL, 100);
    loop_run(loop);
    assert_true(is_ended);
    assert_int_equal(end, STREAM_END_TIMEOUT);
    for (int i = 0; i < 4; i++) {
        (void)close(waiting[i]);
    }
}

static void what_was_written_early_follows_the_connection(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    open_stream(NULL, 5000);
    stream_write(stream, &TEXT("early"), 1);
    assert_int_equal(stream_pending_bytes(stream), 5);
    loop_run(loop);
    assert_true(is_connected);
    while (drained == 0) {
        loop_run(loop);
    }
    char text[8] = "";
    assert_int_equal(recv(peer, text, 5, MSG_WAITALL), 5);
    assert_string_equal(text, "early");
}

static void the_peer_closes_in_order(void **state)
{
    (void)state;
    connect_to("127.0.0.1");
    peer_says("221 bye\r\n");
    (void)close(peer);
    peer = -1;
    loop_run(loop);
    while (!is_ended) {
        loop_run(loop);
    }
    assert_true(text_equal(buffer_text(&received), TEXT("221 bye\r\n")));
    assert_int_equal(end, STREAM_END_CLOSED);
}

static void reset_peer(void)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(peer);
    peer = -1;
}

static void the_peer_resets(void **state)
{
    (void)state;
    connect_to("127.0.0.1");
    reset_peer();
    loop_run(loop);
    assert_true(is_ended);
    assert_int_equal(end, STREAM_END_RESET);
}

/* The reply that says why must not be lost because our write met a reset first. */
static void last_words_are_read_after_a_failed_write(void **state)
{
    (void)state;
    connect_to("127.0.0.1");
    peer_says("421 go away\r\n");
    (void)usleep(1000);
    (void)close(peer);
    peer = -1;
    stream_write(stream, &TEXT("a"), 1); /* answered by a reset */
    (void)usleep(20000);
    stream_write(stream, &TEXT("b"), 1); /* fails */
    while (!is_ended) {
        loop_run(loop);
    }
    assert_true(text_equal(buffer_text(&received), TEXT("421 go away\r\n")));
    assert_true(end == STREAM_END_RESET || end == STREAM_END_CLOSED);
}

static void our_reset_is_seen_by_the_peer(void **state)
{
    (void)state;
    connect_to("127.0.0.1");
    stream_write(stream, &TEXT("half a mess"), 1);
    stream_reset(&stream);
    assert_null(stream);
    loop_destroy(&loop);
    loop = loop_create();
    char text[64];
    ssize_t size = recv(peer, text, sizeof text, 0);
    if (size >= 0) {
        size = recv(peer, text, sizeof text, 0);
    }
    assert_int_equal(size, -1);
    assert_int_equal(errno, ECONNRESET);
}

static size_t peer_drain(void)
{
    static char place[256 * 1024];
    size_t total = 0;
    ssize_t size;
    while ((size = recv(peer, place, sizeof place, MSG_DONTWAIT)) > 0) {
        for (ssize_t i = 0; i < size; i += 4093) {
            assert_int_equal(place[i], 'm');
        }
        total += (size_t)size;
    }
    return total;
}

static size_t taken_by_peer;

static void drain_until_all(void *context)
{
    (void)context;
    taken_by_peer += peer_drain();
    if (taken_by_peer >= LARGE_BYTES) {
        loop_stop(loop);
    }
}

static void a_slow_peer_makes_bytes_pend(void **state)
{
    (void)state;
    connect_to("127.0.0.1");
    char *large = malloc(LARGE_BYTES);
    memset(large, 'm', LARGE_BYTES);
    struct text parts[200]; /* more than one call to the kernel takes */
    for (size_t i = 0; i < 200; i++) {
        size_t start = LARGE_BYTES / 200 * i;
        parts[i] = (struct text){large + start, i == 199 ? LARGE_BYTES - start : LARGE_BYTES / 200};
    }
    stream_write(stream, parts, 200);
    free(large); /* copied */
    size_t pending = stream_pending_bytes(stream);
    assert_true(pending > 0 && pending < LARGE_BYTES);
    assert_int_equal(drained, 0);
    taken_by_peer = 0;
    timer = loop_timer_create(loop, drain_until_all, NULL);
    loop_timer_start(timer, 0, 1);
    while (taken_by_peer < LARGE_BYTES) {
        loop_run(loop);
    }
    loop_timer_destroy(&timer);
    assert_int_equal(taken_by_peer, LARGE_BYTES);
    assert_int_equal(stream_pending_bytes(stream), 0);
    assert_int_equal(drained, 1);
}

static void stop_later(void *context)
{
    (void)context;
    loop_stop(loop);
}

static void reading_pauses_and_goes_on(void **state)
{
    (void)state;
    connect_to("127.0.0.1");
    stream_set_reading(stream, false);
    peer_says("waits");
    timer = loop_timer_create(loop, stop_later, NULL);
    loop_timer_start(timer, 20, 0);
    loop_run(loop);
    loop_timer_destroy(&timer);
    assert_int_equal(received.size, 0);
    stream_set_reading(stream, true);
    loop_run(loop);
    assert_true(text_equal(buffer_text(&received), TEXT("waits")));
}

static void close_on_read(void *context, struct text bytes)
{
    (void)context;
    (void)bytes;
    stream_close(&stream);
    loop_stop(loop);
}

static void a_stream_may_be_closed_in_its_callback(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    struct stream_callbacks own = callbacks;
    own.on_read = close_on_read;
    struct stream_settings settings = {.remote = listening, .connect_timeout_ms = 5000};
    stream = stream_open(loop, &settings, &own);
    loop_run(loop);
    peer_says("220 hello\r\n");
    loop_run(loop);
    assert_null(stream);
    assert_false(is_ended);
}

static void a_stream_may_be_closed_while_connecting(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    open_stream(NULL, 5000);
    stream_close(&stream);
    loop_destroy(&loop);
    loop = loop_create();
    assert_true(is_closed);
    assert_false(is_connected);
    assert_false(is_ended);
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_parsed_and_formatted),
        STREAM_TEST(bytes_go_both_ways),
        STREAM_TEST(the_source_address_is_bound),
        STREAM_TEST(a_foreign_source_address_is_told),
        STREAM_TEST(a_closed_port_refuses),
        STREAM_TEST(no_answer_times_out),
        STREAM_TEST(what_was_written_early_follows_the_connection),
        STREAM_TEST(the_peer_closes_in_order),
        STREAM_TEST(the_peer_resets),
        STREAM_TEST(last_words_are_read_after_a_failed_write),
        STREAM_TEST(our_reset_is_seen_by_the_peer),
        STREAM_TEST(a_slow_peer_makes_bytes_pend),
        STREAM_TEST(reading_pauses_and_goes_on),
        STREAM_TEST(a_stream_may_be_closed_in_its_callback),
        STREAM_TEST(a_stream_may_be_closed_while_connecting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
