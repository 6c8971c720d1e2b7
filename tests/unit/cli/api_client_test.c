/* The client against a server on a unix socket that answers by a script. */
#include "cli/api_client.h"

#include "common/wire/wire_unpack.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <assert.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define STEPS_MAX 8

/* What the server does with one request after the other. */
struct step {
    /* "STATUS BODY"; "ok": a fleet; NULL: close without a word; anything else as it is */
    const char *answer;
};

struct server {
    pthread_t thread;
    int listener;
    const struct step *steps;
    size_t step_count;
    char head[4096]; /* of the last request */
    size_t served;
    char folder[64];
    char socket_path[96];
    char key_path[96];
};

/* Read one request: head and as much body as it says. @return false at the end */
static bool read_request(struct server *server, int peer)
{
    size_t size = 0;
    char *end = NULL;
    memset(server->head, 0, sizeof server->head);
    while (end == NULL && size < sizeof server->head - 1) {
        ssize_t got = read(peer, server->head + size, 1);
        if (got <= 0) {
            return false;
        }
        size += (size_t)got;
        end = strstr(server->head, "\r\n\r\n");
    }
    const char *length = strcasestr(server->head, "content-length: ");
    size_t left = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
    char byte;
    while (left-- > 0 && read(peer, &byte, 1) == 1) {
    }
    return true;
}

static void write_answer(int peer, const char *answer)
{
    struct buffer whole = {0};
    if (strcmp(answer, "ok") == 0) {
        char cluster[] = "prod";
        struct buffer body = {0};
        Hikyaku__V1__GetFleetResponse fleet;
        hikyaku__v1__get_fleet_response__init(&fleet);
        fleet.cluster = cluster;
        wire_unpack_append(&fleet.base, &body);
        buffer_printf(&whole, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body.size);
        buffer_append_text(&whole, buffer_text(&body));
        buffer_finish(&body);
    } else if (answer[0] >= '1' && answer[0] <= '9') {
        const char *body = answer + 4;
        buffer_printf(&whole, "HTTP/1.1 %.3s Status\r\nContent-Length: %zu\r\n\r\n%s", answer,
                      strlen(body), body);
    } else {
        buffer_append_string(&whole, answer);
    }
    assert(write(peer, whole.data, whole.size) == (ssize_t)whole.size);
    buffer_finish(&whole);
}

static void *serve(void *context)
{
    struct server *server = context;
    int peer = -1;
    while (server->served < server->step_count) {
        if (peer < 0) {
            peer = accept(server->listener, NULL, NULL);
        }
        if (peer < 0 || !read_request(server, peer)) {
            if (peer < 0) {
                break;
            }
            (void)close(peer);
            peer = -1;
            continue;
        }
        const char *answer = server->steps[server->served++].answer;
        if (answer != NULL) {
            write_answer(peer, answer);
        } else {
            (void)close(peer);
            peer = -1;
        }
    }
    if (peer >= 0) {
        (void)close(peer);
    }
    return NULL;
}

static void start(struct server *server, const struct step *steps, size_t count)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *server = (struct server){.steps = steps, .step_count = count, .folder = "/tmp/hikyaku-XXXXXX"};
    assert_non_null(mkdtemp(server->folder));
    (void)snprintf(server->socket_path, sizeof server->socket_path, "%s/api", server->folder);
    (void)snprintf(server->key_path, sizeof server->key_path, "%s/key", server->folder);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", server->socket_path);
    FILE *key = fopen(server->key_path, "w");
    assert_non_null(key);
    (void)fputs("SECRET\n", key);
    (void)fclose(key);
    assert_int_equal(chmod(server->key_path, 0600), 0);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
    (void)unlink(server->socket_path);
    (void)unlink(server->key_path);
    (void)rmdir(server->folder);
}

static struct api_client *open_client(const struct server *server, uint64_t retry_for_ms)
{
    struct settings settings = {
        .socket = server->socket_path,
        .base_url = "http://localhost",
        .key_file = server->key_path,
        .retry_for_ms = retry_for_ms,
    };
    struct api_client *client = NULL;
    struct problem problem = {0};
    assert_int_equal(api_client_open(&settings, &client, &problem), 0);
    return client;
}

static void call_fleet(struct api_client *client, struct api_result *ret_result)
{
    Hikyaku__V1__GetFleetRequest request;
    hikyaku__v1__get_fleet_request__init(&request);
    api_client_call(client, API_METHOD_GET_FLEET, &request.base, ret_result);
}

#define AWAY "503 {\"code\":\"unavailable\",\"message\":\"store\"}"
#define BROKEN "200 \xff\xff\xff"
#define REFUSED "403 {\"code\":\"permission_denied\",\"message\":\"no\"}"

static void a_call_is_connects_unary_form_with_the_key(void **state)
{
    (void)state;
    static const struct step steps[] = {{"ok"}, {"ok"}};
    struct server server;
    struct api_result result;
    start(&server, steps, 2);
    struct api_client *client = open_client(&server, 0);
    for (int i = 0; i < 2; i++) {
        call_fleet(client, &result);
        assert_int_equal(result.status, API_STATUS_OK);
        assert_string_equal(((Hikyaku__V1__GetFleetResponse *)result.response)->cluster, "prod");
        api_client_finish(&result);
    }
    api_client_close(&client);
    stop(&server);
    assert_non_null(strstr(server.head, "POST /hikyaku.v1.FleetService/GetFleet HTTP/1.1\r\n"));
    assert_non_null(strstr(server.head, "\r\nContent-Type: application/proto\r\n"));
    assert_non_null(strstr(server.head, "\r\nAuthorization: Bearer SECRET\r\n"));
    assert_null(strcasestr(server.head, "expect:"));
}

static void unavailable_is_repeated_until_it_works(void **state)
{
    (void)state;
    static const struct step steps[] = {{AWAY}, {NULL}, {"ok"}};
    struct server server;
    struct api_result result;
    start(&server, steps, 3);
    struct api_client *client = open_client(&server, 60000);
    call_fleet(client, &result);
    assert_int_equal(result.status, API_STATUS_OK);
    api_client_finish(&result);
    api_client_close(&client);
    stop(&server);
    assert_int_equal(server.served, 3);
}

static void what_will_not_change_is_not_repeated(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum api_status status;
        const char *code;
        uint64_t retry_for_ms;
    } cases[] = {
        {REFUSED, API_STATUS_REFUSED, "permission_denied", 60000},
        {BROKEN, API_STATUS_UNREACHABLE, "unknown", 60000},
        {NULL, API_STATUS_UNREACHABLE, "unavailable", 60000}, /* never answered before */
        {"SSH-2.0-x\r\n", API_STATUS_UNREACHABLE, "unavailable", 60000},
        {AWAY, API_STATUS_REFUSED, "unavailable", 0}, /* told not to */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct step steps[] = {{cases[i].answer}};
        struct server server;
        struct api_result result;
        start(&server, steps, 1);
        struct api_client *client = open_client(&server, cases[i].retry_for_ms);
        call_fleet(client, &result);
        assert_int_equal(result.status, cases[i].status);
        assert_string_equal(result.error->code, cases[i].code);
        api_client_finish(&result);
        api_client_close(&client);
        stop(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_connects_unary_form_with_the_key),
        cmocka_unit_test(unavailable_is_repeated_until_it_works),
        cmocka_unit_test(what_will_not_change_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
