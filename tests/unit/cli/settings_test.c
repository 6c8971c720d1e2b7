#include "cli/settings.h"

#include "cli/z85.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void endpoints_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint;
        const char *socket;
        const char *base_url; /* NULL: refused with `rule` */
        const char *rule;
    } cases[] = {
        {"unix:/run/hikyaku/api.sock", "/run/hikyaku/api.sock", "http://localhost", NULL},
        {"unix:api.sock", "api.sock", "http://localhost", NULL},
        {"http://127.0.0.1:8460", NULL, "http://127.0.0.1:8460", NULL},
        {"http://localhost:8460", NULL, "http://localhost:8460", NULL},
        {"http://[::1]:8460", NULL, "http://[::1]:8460", NULL},
        {"https://mail.example:8460", NULL, "https://mail.example:8460", NULL},
        {"http://10.0.0.1:8460", NULL, NULL, "plain_http"},
        {"http://127.0.0.1.evil.example", NULL, NULL, "plain_http"},
        {"http://localhost.evil.example", NULL, NULL, "plain_http"},
        {"http://127.0.0.1@evil.example", NULL, NULL, "endpoint"},
        {"https://user@mail.example", NULL, NULL, "endpoint"},
        {"https://mail.example/path", NULL, NULL, "endpoint"},
        {"https://", NULL, NULL, "endpoint"},
        {"unix:", NULL, NULL, "endpoint"},
        {"ftp://x", NULL, NULL, "endpoint"},
        {"127.0.0.1:8460", NULL, NULL, "endpoint"},
        {"", NULL, NULL, "endpoint"},
    };
    struct arena *arena = arena_create(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct settings settings = {0};
        struct problem problem = {0};
        int refused = settings_parse_endpoint(cases[i].endpoint, arena, &settings, &problem);
        if (cases[i].base_url == NULL) {
            assert_int_equal(refused, -EINVAL);
            assert_string_equal(problem.rule, cases[i].rule);
            continue;
        }
        assert_int_equal(refused, 0);
        assert_string_equal(settings.base_url, cases[i].base_url);
        if (cases[i].socket == NULL) {
            assert_null(settings.socket);
        } else {
            assert_string_equal(settings.socket, cases[i].socket);
        }
    }
    arena_destroy(&arena);
}

/* The vector of ZeroMQ RFC 32, and the ends of the range. */
static void z85_is_that_of_zeromq(void **state)
{
    (void)state;
    static const unsigned char hello[] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B};
    static const unsigned char ends[] = {0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF};
    char text[Z85_LENGTH(8) + 1];
    z85_encode(hello, sizeof hello, text);
    assert_string_equal(text, "HelloWorld");
    z85_encode(ends, sizeof ends, text);
    assert_string_equal(text, "00000%nSc0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_are_taken_apart),
        cmocka_unit_test(z85_is_that_of_zeromq),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
