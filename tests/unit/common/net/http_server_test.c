#include "common/net/http_server.h"
#include "common/base/buffer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/common/net/http_fetch.h"
#include "tests/unit/common/net/http_texts.h"

#define BODY_BYTES_MAX 100000

/* The server lives on the loop of the main thread; clients are threads with blocking sockets. */
static struct loop *loop;
static struct http_server *server;
static char folder[] = "/tmp/http_server_test.XXXXXX";
static struct http_request *waiting[8];
static size_t waiting_count;
static int requests, gone, stops;
static bool answers_late;

struct client {
    struct text request;
    useconds_t pause_us; /* between bytes */
    bool leaves;         /* closes without reading */
    struct buffer reply;
    pthread_t thread;
};

static void answer(struct http_request *request)
{
    struct buffer body = {0};
    buffer_printf(
        &body, "%.*s %.*s q=%.*s h=%.*s peer=%s body=", TEXT_PRINT(http_request_method(request)),
        TEXT_PRINT(http_request_path(request)), TEXT_PRINT(http_request_query(request, "q")),
        TEXT_PRINT(http_request_header(request, "x-TEST")), http_request_peer(request));
    buffer_append_text(&body, http_request_body(request));
    assert_true(http_request_is_loopback(request));
    static const char *const headers[] = {"X-Echo", "yes", "X-Two", "2", NULL};
    struct http_answer reply = {.status = 200,
                                .content_type = "text/plain",
                                .body = buffer_text(&body),
                                .headers = headers};
    http_server_respond(&request, &reply);
    assert_null(request);
    buffer_finish(&body);
}

static void on_request(void *context, struct http_request *request)
{
    (void)context;
    requests++;
    if (!answers_late) {
        answer(request);
        return;
    }
    assert_null(http_request_data(request));
    http_request_set_data(request, &requests);
    waiting[waiting_count++] = request;
}

static void on_gone(void *context, struct http_request *request)
{
    (void)context;
    assert_ptr_equal(http_request_data(request), &requests);
    gone++;
    for (size_t i = 0; i < waiting_count; i++) {
        if (waiting[i] == request) {
            waiting[i] = waiting[--waiting_count];
            break;
        }
    }
    answer(request);
    loop_stop(loop);
}

static struct http_server_settings settings_for(const char *endpoint)
{
    return (struct http_server_settings){.endpoint = endpoint,
                                         .body_bytes_max = BODY_BYTES_MAX,
                                         .on_request = on_request,
                                         .on_gone = on_gone};
}

static void open_server(const struct http_server_settings *settings)
{
    struct problem problem = {0};
    if (http_server_open(loop, settings, &server, &problem) != 0) {
        fail_msg("%s", problem.message);
    }
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_create();
    waiting_count = 0;
    requests = gone = stops = 0;
    answers_late = false;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_server_close(&server);
    loop_destroy(&loop);
    return 0;
}

static void stop(void *context)
{
    (void)context;
    stops++;
    loop_stop(loop);
}

static void *speak(void *context)
{
    struct client *client = context;
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_port = htons(http_server_port(server)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    bool is_connected = connect(descriptor, (struct sockaddr *)&place, sizeof place) == 0;
    size_t step = client->pause_us > 0 ? 1 : client->request.size;
    for (size_t sent = 0; is_connected && sent < client->request.size; sent += step) {
        if (send(descriptor, client->request.data + sent, step, MSG_NOSIGNAL) < 0) {
            break; /* the server has had enough; its answer may stand */
        }
        if (client->pause_us > 0) {
            (void)usleep(client->pause_us);
        }
    }
    char place_for_reply[4096];
    ssize_t size = 1;
    while (is_connected && !client->leaves && size > 0) {
        size = recv(descriptor, place_for_reply, sizeof place_for_reply, 0);
        if (size > 0) {
            buffer_append(&client->reply, place_for_reply, (size_t)size);
        }
    }
    if (client->leaves) {
        (void)usleep(50000); /* the request is with its owner by now, or soon */
    }
    (void)close(descriptor);
    if (!client->leaves) {
        loop_post(loop, stop, NULL);
    }
    return NULL;
}

/* Send `request`, whose last one says "Connection: close", and give all that came back. */
static const char *ask(struct text request)
{
    static struct client client;
    buffer_finish(&client.reply);
    client.request = request;
    assert_int_equal(pthread_create(&client.thread, NULL, speak, &client), 0);
    loop_run(loop);
    assert_int_equal(pthread_join(client.thread, NULL), 0);
    buffer_append_byte(&client.reply, '\0');
    return client.reply.data;
}

static void a_request_is_shown_and_answered(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    open_server(&settings);
    assert_true(http_server_port(server) != 0);
    const char *reply = ask(TEXT("POST /a/b%20c?p=1&q=x%26y HTTP/1.1\r\nHost: h\r\nX-Test: t\r\n"
                                 "Content-Length: 5\r\n" CLOSE "\r\nhello"));
    assert_has(reply, "HTTP/1.1 200 OK\r\n");
    assert_has(reply, "X-Echo: yes\r\n");
    assert_has(reply, "X-Two: 2\r\n");
    assert_has(reply, "Content-Type: text/plain\r\n");
    assert_has(reply, "POST /a/b c q=x&y h=t peer=127.0.0.1 body=hello");
    reply = ask(TEXT("HEAD / HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n"));
    assert_has(reply, "200 OK");
    assert_null(strstr(reply, "body="));
}

static void connections_are_kept_and_pipelined(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    open_server(&settings);
    const char *reply = ask(TEXT("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                                 "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok"
                                 "GET /3 HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n"));
    assert_int_equal(count(reply, "200 OK"), 3);
    const char *first = strstr(reply, "GET /1");
    const char *second = strstr(reply, "POST /2");
    const char *third = strstr(reply, "GET /3");
    assert_true(first != NULL && first < second && second < third);
}

static void chunks_are_put_together(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    open_server(&settings);
    assert_has(ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" CLOSE "\r\n"
                        "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")),
               "body=hello world");
}

static void a_slow_client_is_understood(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    open_server(&settings);
    struct client slow = {
        .request = TEXT("POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n" CLOSE "\r\nabc"),
        .pause_us = 300};
    assert_int_equal(pthread_create(&slow.thread, NULL, speak, &slow), 0);
    loop_run(loop);
    assert_int_equal(pthread_join(slow.thread, NULL), 0);
    buffer_append_byte(&slow.reply, '\0');
    assert_has(slow.reply.data, "body=abc");
    buffer_finish(&slow.reply);
}

static void large_bodies_are_refused(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    open_server(&settings);
    /* By its length, before any of it has come. */
    assert_has(ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n")),
               "HTTP/1.1 413 ");
    assert_has(ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                        "Content-Length: 100001\r\n\r\n")),
               "HTTP/1.1 413 ");
    /* In chunks nobody knows before. */
    struct buffer chunked = {0};
    buffer_append_string(&chunked, "POST / HTTP/1.1\r\nHost: h\r\n"
                                   "Transfer-Encoding: chunked\r\n" CLOSE "\r\n186a1\r\n");
    memset(buffer_reserve(&chunked, 100001), 'x', 100001);
    chunked.size += 100001;
    buffer_append_string(&chunked, "\r\n0\r\n\r\n");
    assert_has(ask(buffer_text(&chunked)), "HTTP/1.1 413 ");
    buffer_finish(&chunked);
    assert_int_equal(requests, 0);
}

static void many_bodies_are_put_off(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    settings.bodies_bytes_max = 50000;
    open_server(&settings);
    struct buffer fits = {0};
    buffer_append_string(&fits,
                         "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n" CLOSE "\r\n");
    memset(buffer_reserve(&fits, 50000), 'x', 50000);
    fits.size += 50000;
    for (int i = 0; i < 3; i++) { /* each gives back what it took */
        assert_has(ask(buffer_text(&fits)), "HTTP/1.1 200 ");
        assert_has(ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50001\r\n\r\n")),
                   "HTTP/1.1 503 ");
        assert_has(ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")),
                   "HTTP/1.1 503 ");
    }
    buffer_finish(&fits);
    assert_int_equal(requests, 3);
}

static void refuse_strangers(void *context, struct http_request *request)
{
    (void)context;
    assert_null(http_request_body(request).data); /* nothing is kept of it yet */
    if (http_request_header(request, "Authorization").size == 0) {
        http_server_respond(&request, &(struct http_answer){.status = 401});
    }
}

/* The answer comes although the body never does, so no memory waits for it. */
static void strangers_are_refused_by_the_head(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    settings.on_head = refuse_strangers;
    open_server(&settings);
    assert_has(ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")),
               "HTTP/1.1 401 ");
    const char *reply = ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                                 "Content-Length: 100000\r\n\r\n"));
    assert_has(reply, "HTTP/1.1 401 ");
    assert_null(strstr(reply, "100 Continue"));
    assert_has(ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")),
               "HTTP/1.1 401 ");
    assert_int_equal(requests, 0);
    assert_has(
        ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\nContent-Length: 2\r\n" CLOSE
                 "\r\nok")),
        "body=ok");
    assert_int_equal(requests, 1);
}

static void gzip_bodies_are_inflated_within_the_bound(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    open_server(&settings);
    struct buffer request = {0};
    pack_request(1000, &request);
    const char *reply = ask(buffer_text(&request));
    assert_has(reply, "body=zzzz");
    assert_int_equal(strlen(strstr(reply, "body=")), 5 + 1000);
    buffer_clear(&request);
    pack_request((size_t)32 * 1024 * 1024, &request); /* a bomb of 32 kB */
    assert_has(ask(buffer_text(&request)), "HTTP/1.1 413 ");
    buffer_finish(&request);
    assert_has(ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n"
                        "Content-Length: 4\r\n" CLOSE "\r\nabcd")),
               "HTTP/1.1 400 ");
    assert_has(ask(TEXT("POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: br\r\n"
                        "Content-Length: 4\r\n" CLOSE "\r\nabcd")),
               "HTTP/1.1 415 ");
    assert_int_equal(requests, 1);
}

static void bad_requests_do_no_harm(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    settings.timeout_s = 1; /* some are kept open after their 400 */
    open_server(&settings);
    assert_has(ask(TEXT("GET /a%00b HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n")), "HTTP/1.1 400 ");
    static const char *const cases[] = {
        "rubbish\r\n\r\n",
        "GET / HTTP/1.1\r\n no header\r\n\r\n",
        "GET / HTTP/1.1\r\n" CLOSE "\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *reply = ask(text_of(cases[i]));
        assert_null(strstr(reply, "200 OK"));
    }
    struct buffer endless = {0};
    buffer_append_string(&endless, "GET / HTTP/1.1\r\nHost: h\r\nX-Long: ");
    memset(buffer_reserve(&endless, 100000), 'x', 100000);
    endless.size += 100000;
    assert_has(ask(buffer_text(&endless)), "HTTP/1.1 431 ");
    buffer_finish(&endless);
    assert_int_equal(requests, 0);
}

static void answer_waiting(void *context)
{
    (void)context;
    if (waiting_count == 2) { /* the second first */
        answer(waiting[1]);
        answer(waiting[0]);
        waiting_count = 0;
    }
}

static void answers_may_come_later_in_any_order(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    open_server(&settings);
    answers_late = true;
    struct loop_timer *timer = loop_timer_create(loop, answer_waiting, NULL);
    loop_timer_start(timer, 1, 1);
    struct client clients[2] = {
        {.request = TEXT("GET /one HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n")},
        {.request = TEXT("POST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n" CLOSE "\r\nb")},
    };
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&clients[i].thread, NULL, speak, &clients[i]), 0);
    }
    while (stops < 2) {
        loop_run(loop);
    }
    loop_timer_destroy(&timer);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
        buffer_append_byte(&clients[i].reply, '\0');
        assert_has(clients[i].reply.data, i == 0 ? "GET /one" : "POST /two");
        buffer_finish(&clients[i].reply);
    }
    assert_int_equal(gone, 0);
}

static void the_owner_hears_of_clients_that_left(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    open_server(&settings);
    answers_late = true;
    struct client client = {.request = TEXT("GET /poll HTTP/1.1\r\nHost: h\r\n\r\n"),
                            .leaves = true};
    assert_int_equal(pthread_create(&client.thread, NULL, speak, &client), 0);
    loop_run(loop);
    assert_int_equal(pthread_join(client.thread, NULL), 0);
    assert_int_equal(gone, 1);
    answers_late = false;
    assert_has(ask(TEXT("GET /next HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n")), "GET /next");
}

static void a_server_closes_with_requests_open(void **state)
{
    (void)state;
    struct http_server_settings settings = settings_for("127.0.0.1:0");
    open_server(&settings);
    answers_late = true;
    struct client client = {.request = TEXT("GET /never HTTP/1.1\r\nHost: h\r\n\r\n")};
    assert_int_equal(pthread_create(&client.thread, NULL, speak, &client), 0);
    struct loop_timer *timer = loop_timer_create(loop, stop, NULL);
    loop_timer_start(timer, 1, 1);
    while (waiting_count == 0) {
        loop_run(loop);
    }
    loop_timer_destroy(&timer);
    http_server_close(&server);
    assert_null(server);
    loop_run(loop); /* the client saw the end */
    assert_int_equal(pthread_join(client.thread, NULL), 0);
    assert_int_equal(client.reply.size, 0);
}

static void fetch_and_expect(const char *url, const char *unix_path, const char *expected)
{
    struct fetch fetch = {.loop = loop, .url = url, .unix_path = unix_path};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_fetch, &fetch), 0);
    loop_run(loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(fetch.result, CURLE_OK);
    buffer_append_byte(&fetch.body, '\0');
    assert_string_equal(fetch.body.data, expected);
    buffer_finish(&fetch.body);
}

static void unix_sockets_work(void **state)
{
    (void)state;
    char path[64];
    char endpoint[80];
    (void)snprintf(path, sizeof path, "%s/api.sock", folder);
    (void)snprintf(endpoint, sizeof endpoint, "unix:%s", path);
    struct http_server_settings settings = settings_for(endpoint);
    open_server(&settings);
    assert_int_equal(http_server_port(server), 0);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0660);
    fetch_and_expect("http://localhost/u?q=1", path, "GET /u q=1 h= peer=unix body=");
    struct http_server *second = NULL;
    struct problem problem = {0};
    assert_int_equal(http_server_open(loop, &settings, &second, &problem), -EADDRINUSE);
    assert_string_equal(problem.rule, "http_endpoint");
    http_server_close(&server);
    assert_int_equal(stat(path, &file), -1); /* removed */
}

static void tls_works(void **state)
{
    (void)state;
    char certificate[64];
    char key[64];
    (void)snprintf(certificate, sizeof certificate, "%s/certificate.pem", folder);
    (void)snprintf(key, sizeof key, "%s/key.pem", folder);
    write_pem(certificate, key, 3600);
    struct http_server_settings settings = settings_for("[::1]:0");
    settings.certificate_file = certificate;
    settings.key_file = key;
    open_server(&settings);
    char url[64];
    (void)snprintf(url, sizeof url, "https://[::1]:%u/t?q=s", http_server_port(server));
    fetch_and_expect(url, NULL, "GET /t q=s h= peer=::1 body=");
    int64_t first = http_server_expires_unix_s(server);
    assert_in_range(first, time(NULL) + 3500, time(NULL) + 3700);

    /* Renewed while it runs; what is wrong changes nothing. */
    struct problem problem = {0};
    char other_key[64];
    (void)snprintf(other_key, sizeof other_key, "%s/other.pem", folder);
    write_pem(certificate, other_key, 9000);
    assert_int_equal(http_server_renew(server, certificate, key, &problem), -EINVAL);
    assert_non_null(strstr(problem.message, "is not the key of the certificate"));
    write_pem(certificate, key, -60);
    assert_int_equal(http_server_renew(server, certificate, key, &problem), -EINVAL);
    assert_non_null(strstr(problem.message, "has expired"));
    assert_int_equal(http_server_renew(server, key, key, &problem), -EINVAL);
    assert_non_null(strstr(problem.message, "no certificate chain"));
    assert_true(http_server_expires_unix_s(server) == first);
    fetch_and_expect(url, NULL, "GET /t q=s h= peer=::1 body=");
    write_pem(certificate, key, 9000);
    assert_int_equal(http_server_renew(server, certificate, key, &problem), 0);
    assert_true(http_server_expires_unix_s(server) > first + 5000);
    fetch_and_expect(url, NULL, "GET /t q=s h= peer=::1 body=");
    http_server_close(&server);

    settings.key_file = certificate; /* not a key */
    assert_int_equal(http_server_open(loop, &settings, &server, &problem), -EINVAL);
    assert_string_equal(problem.rule, "http_tls");
    settings.key_file = "/nowhere/key.pem";
    assert_int_equal(http_server_open(loop, &settings, &server, &problem), -ENOENT);
    assert_string_equal(problem.rule, "http_tls");
    (void)unlink(other_key);
    (void)unlink(certificate);
    (void)unlink(key);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0;
}

static int remove_folder(void **state)
{
    (void)state;
    curl_global_cleanup();
    return rmdir(folder);
}

#define HTTP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(a_request_is_shown_and_answered),
        HTTP_TEST(connections_are_kept_and_pipelined),
        HTTP_TEST(chunks_are_put_together),
        HTTP_TEST(a_slow_client_is_understood),
        HTTP_TEST(large_bodies_are_refused),
        HTTP_TEST(many_bodies_are_put_off),
        HTTP_TEST(strangers_are_refused_by_the_head),
        HTTP_TEST(gzip_bodies_are_inflated_within_the_bound),
        HTTP_TEST(bad_requests_do_no_harm),
        HTTP_TEST(answers_may_come_later_in_any_order),
        HTTP_TEST(the_owner_hears_of_clients_that_left),
        HTTP_TEST(a_server_closes_with_requests_open),
        HTTP_TEST(unix_sockets_work),
        HTTP_TEST(tls_works),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
