#include "common/net/http_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void tcp_endpoints_listen(void **state)
{
    (void)state;
    static const char *const endpoints[] = {"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"};
    for (size_t i = 0; i < 4; i++) {
        uint16_t port = 0;
        int descriptor = http_listener_open(endpoints[i], &port, NULL);
        assert_true(descriptor >= 0);
        assert_true(port != 0);
        assert_null(http_listener_path(endpoints[i]));
        char taken[32];
        struct problem problem = {0};
        (void)snprintf(taken, sizeof taken, "%.*s%u", (int)strlen(endpoints[i]) - 1, endpoints[i],
                       port);
        assert_int_equal(http_listener_open(taken, &port, &problem), -EADDRINUSE);
        assert_string_equal(problem.rule, "http_endpoint");
        (void)close(descriptor);
    }
}

static void endpoints_of_no_form_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",        "8460",       ":8460", "127.0.0.1",     "127.0.0.1:",   "127.0.0.1:65536",
        "::1:80x", "[::1]",      "[::1",  "[127.0.0.1:80", "localhost:80", "[::1]80",
        "unix:",   "127.0.0.1x1"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem problem = {0};
        uint16_t port = 7;
        assert_int_equal(http_listener_open(cases[i], &port, &problem), -EINVAL);
        assert_string_equal(problem.rule, "http_endpoint");
        assert_int_equal(port, 7); /* untouched */
    }
    char too_long[200] = "unix:/";
    memset(too_long + 6, 'x', sizeof too_long - 7);
    uint16_t port = 0;
    assert_int_equal(http_listener_open(too_long, &port, NULL), -EINVAL);
    assert_int_equal(http_listener_open("192.0.2.77:80", &port, NULL), -EADDRNOTAVAIL);
}

static void socket_files_are_replaced_when_nobody_listens(void **state)
{
    (void)state;
    char folder[] = "/tmp/http_listener_test.XXXXXX";
    assert_non_null(mkdtemp(folder));
    char endpoint[80];
    (void)snprintf(endpoint, sizeof endpoint, "unix:%s/api.sock", folder);
    const char *path = http_listener_path(endpoint);
    assert_string_equal(path, endpoint + 5);
    uint16_t port = 7;
    int first = http_listener_open(endpoint, &port, NULL);
    assert_true(first >= 0);
    assert_int_equal(port, 0);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0660);
    assert_int_equal(http_listener_open(endpoint, &port, NULL), -EADDRINUSE);
    (void)close(first); /* as a killed server leaves it: the file stays */
    int second = http_listener_open(endpoint, &port, NULL);
    assert_true(second >= 0);
    (void)close(second);
    assert_int_equal(unlink(path), 0);
    (void)close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)); /* somebody's file */
    assert_int_equal(http_listener_open(endpoint, &port, NULL), -EEXIST);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(http_listener_open(endpoint, &port, NULL), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_endpoints_listen),
        cmocka_unit_test(endpoints_of_no_form_are_refused),
        cmocka_unit_test(socket_files_are_replaced_when_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
