#include "worker/paths/sending_ips.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static struct sending_ips ips;

static int set_up(void **state)
{
    (void)state;
    ips = (struct sending_ips){.count = 0};
    assert_int_equal(sending_ips_add(&ips, "mkt", "192.0.2.1", "a.example"), 0);
    assert_int_equal(sending_ips_add(&ips, "mkt", "192.0.2.2", "b.example"), 0);
    assert_int_equal(sending_ips_add(&ips, "mkt", "2001:db8::1", "c.example"), 0);
    assert_int_equal(sending_ips_add(&ips, "tx", "192.0.2.3", "d.example"), 0);
    for (size_t i = 0; i < ips.count; i++) {
        ips.items[i].state = SENDING_IP_OWNED;
    }
    return 0;
}

static void test_each_stands_once(void **state)
{
    (void)state;
    assert_int_equal(sending_ips_add(&ips, "tx", "192.0.2.1", "x.example"), -EEXIST);
    assert_int_equal(sending_ips_add(&ips, "tx", "2001:db8:0::1", "x.example"), -EEXIST);
    assert_int_equal(sending_ips_add(&ips, "tx", "192.0.2", "x.example"), -EINVAL);
    assert_int_equal(sending_ips_owned(&ips, TEXT("mkt")), 3);
    assert_int_equal(sending_ips_owned(&ips, TEXT("none")), 0);
}

static bool fits(void *context, struct sending_ip *ip)
{
    const char *full = context;
    return strcmp(ip->text, full) != 0;
}

static void test_they_take_turns(void **state)
{
    static char none[] = "";
    (void)state;
    bool is_owned = false;
    const char *order[] = {"192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct sending_ip *ip = sending_ips_pick(&ips, TEXT("mkt"), false, fits, none, &is_owned);
        assert_string_equal(ip->text, order[i]);
    }
    assert_string_equal(sending_ips_pick(&ips, TEXT("mkt"), true, fits, none, &is_owned)->text,
                        "2001:db8::1");
    assert_true(is_owned);
}

/* Full is something else than not ours: the one passes, the other has a name of its own (I7). */
static void test_full_and_not_ours_differ(void **state)
{
    static char full[] = "192.0.2.3";
    (void)state;
    bool is_owned = false;
    assert_null(sending_ips_pick(&ips, TEXT("tx"), false, fits, full, &is_owned));
    assert_true(is_owned);
    ips.items[3].state = SENDING_IP_WAITING;
    assert_null(sending_ips_pick(&ips, TEXT("tx"), false, fits, full, &is_owned));
    assert_false(is_owned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_stands_once, set_up),
        cmocka_unit_test_setup(test_they_take_turns, set_up),
        cmocka_unit_test_setup(test_full_and_not_ours_differ, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
