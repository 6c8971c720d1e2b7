#include "common/config/config_check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LABEL_63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff012"

static void texts_pass_or_break_a_rule(void **state)
{
    (void)state;
    static const struct {
        int (*check)(struct text value, struct problem *problem);
        const char *value;
        const char *rule; /* NULL: passes */
    } cases[] = {
        {config_check_name, "mkt-a", NULL},
        {config_check_name, "0_x", NULL},
        {config_check_name, LABEL_63, NULL},
        {config_check_name, LABEL_63 "3", "name"},
        {config_check_name, "", "name"},
        {config_check_name, "-a", "name"},
        {config_check_name, "Mkt", "name"},
        {config_check_name, "a:b", "name"},
        {config_check_ip, "203.0.113.7", NULL},
        {config_check_ip, "2001:db8::7", NULL},
        {config_check_ip, "203.0.113.256", "ip_address"},
        {config_check_ip, "203.0.113.7/24", "ip_address"},
        {config_check_ip, "[::1]", "ip_address"},
        {config_check_ip, "", "ip_address"},
        {config_check_host, "m7.shop.test", NULL},
        {config_check_host, "localhost", NULL},
        {config_check_host, LABEL_63 ".test", NULL},
        {config_check_host, LABEL_63 "3.test", "host_name"},
        {config_check_host, "a..b", "host_name"},
        {config_check_host, "-a.test", "host_name"},
        {config_check_host, "a-.test", "host_name"},
        {config_check_host, "a_b.test", "host_name"},
        {config_check_host, "", "host_name"},
        {config_check_https, "https://a.example", NULL},
        {config_check_https, "https://a.example:8443/mail/stop", NULL},
        {config_check_https, "http://a.example", "https_url"},
        {config_check_https, "https://", "https_url"},
        {config_check_https, "https://me@a.example/", "https_url"},
        {config_check_https, "https://a.example:70000/", "https_url"},
        {config_check_https, "https://a.example/?t=", "https_url"},
        {config_check_https, "https://a.example/#t", "https_url"},
        {config_check_https, "https://a.example/a b", "https_url"},
        {config_check_https, "https://a.example/\xe3\x81\x82", "https_url"},
        {config_check_endpoint, "127.0.0.1:8460", NULL},
        {config_check_endpoint, "c-0.example:8462", NULL},
        {config_check_endpoint, "[::1]:25", NULL},
        {config_check_endpoint, "unix:/run/hikyaku/api.sock", NULL},
        {config_check_endpoint, "unix:", "endpoint"},
        {config_check_endpoint, "::1:25", "endpoint"},
        {config_check_endpoint, "[127.0.0.1]:25", "endpoint"},
        {config_check_endpoint, "host", "endpoint"},
        {config_check_endpoint, "host:", "endpoint"},
        {config_check_endpoint, "host:65536", "endpoint"},
        {config_check_endpoint, ":25", "endpoint"},
        {config_check_endpoint, "[::1]25", "endpoint"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem problem = {0};
        int result = cases[i].check(text_of(cases[i].value), &problem);
        assert_int_equal(result, cases[i].rule == NULL ? 0 : -EINVAL);
        assert_string_equal(problem.rule, cases[i].rule == NULL ? "" : cases[i].rule);
    }
}

static void an_endpoint_is_split(void **state)
{
    (void)state;
    char host[CONFIG_CHECK_HOST_BYTES];
    uint16_t port = 0;
    assert_int_equal(config_check_split_endpoint(TEXT("[2001:db8::7]:8460"), host, &port), 0);
    assert_string_equal(host, "2001:db8::7");
    assert_int_equal(port, 8460);
    assert_int_equal(config_check_split_endpoint(TEXT("unix:/run/a.sock"), host, &port), 1);
    assert_string_equal(host, "/run/a.sock");
    assert_int_equal(port, 0);
    char path[5 + 108] = "unix:";
    memset(path + 5, 'a', 108);
    struct text longest = {path, 5 + 107};
    assert_int_equal(config_check_split_endpoint(longest, host, &port), 1);
    longest.size++;
    assert_int_equal(config_check_split_endpoint(longest, host, &port), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_pass_or_break_a_rule),
        cmocka_unit_test(an_endpoint_is_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
