#include "common/service/service_health.h"

#include "common/base/metrics.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* One server and one question at a time, asked from the pool while the loop answers. */
struct scene {
    struct loop *loop;
    struct service_health *health;
    const char *reason;
    const char *request;
    char answer[8192];
    bool was_asked_for_gauges;
};

static const char *why_not_ready(void *context)
{
    const struct scene *scene = context;
    return scene->reason;
}

static void set_gauges(void *context)
{
    struct scene *scene = context;
    scene->was_asked_for_gauges = true;
}

static void ask(void *context)
{
    struct scene *scene = context;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(service_health_port(scene->health)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t size = 0;
    ssize_t count = connect(socket_fd, (struct sockaddr *)&address, sizeof address);
    if (count == 0 && write(socket_fd, scene->request, strlen(scene->request)) > 0) {
        do {
            count = read(socket_fd, scene->answer + size, sizeof scene->answer - 1 - size);
            size += count > 0 ? (size_t)count : 0;
        } while (count > 0);
    }
    scene->answer[size] = '\0';
    (void)close(socket_fd);
}

static void on_asked(void *context)
{
    struct scene *scene = context;
    loop_stop(scene->loop);
}

static const char *answer_to(struct scene *scene, const char *method, const char *path)
{
    char request[256];
    (void)snprintf(request, sizeof request,
                   "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    scene->request = request;
    loop_run_in_pool(scene->loop, ask, on_asked, scene);
    loop_run(scene->loop);
    return scene->answer;
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    scene->loop = loop_create();
    const struct service_health_settings settings = {
        .loop = scene->loop,
        .endpoint = "127.0.0.1:0",
        .why_not_ready = why_not_ready,
        .set_gauges = set_gauges,
        .context = scene,
    };
    assert_int_equal(service_health_open(&settings, &scene->health, NULL), 0);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    service_health_close(&scene->health);
    assert_null(scene->health);
    loop_destroy(&scene->loop);
    free(scene);
    return 0;
}

static void readiness_says_why_not(void **state)
{
    struct scene *scene = *state;
    assert_non_null(strstr(answer_to(scene, "GET", "/readyz"), "200"));
    scene->reason = "NO_SENDING_IP: no address is leased";
    const char *answer = answer_to(scene, "GET", "/readyz");
    assert_non_null(strstr(answer, "503"));
    assert_non_null(strstr(answer, "not ready: NO_SENDING_IP: no address is leased\n"));
    assert_non_null(strstr(answer_to(scene, "GET", "/healthz"), "200"));
}

static void metrics_are_brought_up_to_date_first(void **state)
{
    struct scene *scene = *state;
    metrics_add(metrics_counter("hikyaku_trial_total", "Trial", NULL, TEXT("")), 3);
    const char *answer = answer_to(scene, "GET", "/metrics");
    assert_true(scene->was_asked_for_gauges);
    assert_non_null(strstr(answer, "hikyaku_trial_total 3\n"));
    assert_non_null(strstr(answer, "text/plain; version=0.0.4"));
}

static void other_questions_are_refused(void **state)
{
    struct scene *scene = *state;
    assert_non_null(strstr(answer_to(scene, "GET", "/"), "404"));
    assert_non_null(strstr(answer_to(scene, "POST", "/metrics"), "405"));
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(readiness_says_why_not),
        SCENE_TEST(metrics_are_brought_up_to_date_first),
        SCENE_TEST(other_questions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
