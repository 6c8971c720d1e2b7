#include "coordinator/access/access_network.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct stream_address address_of(const char *text)
{
    struct stream_address address;
    assert_int_equal(stream_address_parse(text_of(text), 0, &address), 0);
    return address;
}

static void networks_have_their_addresses(void **state)
{
    static const struct {
        const char *network;
        const char *inside;
        const char *outside;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
        {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
        {"192.0.2.7", "192.0.2.7", "192.0.2.6"},
        {"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
        {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
        {"192.0.2.0/24", "::ffff:192.0.2.1", "::ffff:192.0.3.1"},
        {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
        {"::/0", "2001:db8::1", "192.0.2.1"},
        {"::1", "::1", "::2"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct access_network network;
        assert_int_equal(access_network_parse(text_of(cases[i].network), &network), 0);
        struct stream_address inside = address_of(cases[i].inside);
        struct stream_address outside = address_of(cases[i].outside);
        assert_true(access_network_has(&network, &inside));
        assert_false(access_network_has(&network, &outside));
    }
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const cases[] = {
        "",        "192.0.2.0/",     "192.0.2.0/33",  "192.0.2.1/24",
        "/24",     "192.0.2/24",     "192.0.2.0/-1",  "host.test/24",
        "::1/129", "2001:db8::1/32", "192.0.2.0/24 ", "10.0.0.0/8/8"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct access_network network;
        assert_int_equal(access_network_parse(text_of(cases[i]), &network), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_have_their_addresses),
        cmocka_unit_test(what_is_no_network_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
