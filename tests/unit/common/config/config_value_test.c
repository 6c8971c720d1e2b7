#include "common/config/config_value.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct value_case {
    const char *text;
    int result;
    uint64_t value;
    const char *shown; /* NULL: shown as it was read */
};

static void durations(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {"0", 0, 0, "0s"},
        {"0s", 0, 0, NULL},
        {"500ms", 0, 500, NULL},
        {"10s", 0, 10000, NULL},
        {"5m", 0, 300000, NULL},
        {"1h30m", 0, 5400000, NULL},
        {"90m", 0, 5400000, "1h30m"},
        {"1d12h30m15s250ms", 0, 131415250, NULL},
        {"7d", 0, 604800000, NULL},
        {"18446744073709551615ms", 0, UINT64_MAX, "213503982334d14h25m51s615ms"},
        {"18446744073709551616ms", -ERANGE, 0, NULL},
        {"213503982335d", -ERANGE, 0, NULL},
        {"213503982334d15h", -ERANGE, 0, NULL},
        {"", -EINVAL, 0, NULL},
        {"10", -EINVAL, 0, NULL},
        {"s", -EINVAL, 0, NULL},
        {"-1s", -EINVAL, 0, NULL},
        {"1 s", -EINVAL, 0, NULL},
        {"1.5s", -EINVAL, 0, NULL},
        {"1s2m", -EINVAL, 0, NULL},
        {"1s1s", -EINVAL, 0, NULL},
        {"5S", -EINVAL, 0, NULL},
        {"5min", -EINVAL, 0, NULL},
        {"5m3", -EINVAL, 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t value = 77;
        assert_int_equal(config_value_duration(text_of(cases[i].text), &value), cases[i].result);
        assert_true(value == (cases[i].result == 0 ? cases[i].value : 77));
        if (cases[i].result == 0) {
            char shown[CONFIG_VALUE_TEXT_BYTES];
            config_value_show_duration(value, shown);
            assert_string_equal(shown, cases[i].shown == NULL ? cases[i].text : cases[i].shown);
        }
    }
}

static void sizes(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {"0", 0, 0, "0B"},
        {"512B", 0, 512, NULL},
        {"64KiB", 0, 65536, NULL},
        {"8MiB", 0, 8388608, NULL},
        {"1024MiB", 0, 1073741824, "1GiB"},
        {"2TiB", 0, UINT64_C(2199023255552), NULL},
        {"1kB", 0, 1000, "1000B"},
        {"5MB", 0, 5000000, "5000000B"},
        {"1GB", 0, 1000000000, "1000000000B"},
        {"16777216TiB", -ERANGE, 0, NULL},
        {"", -EINVAL, 0, NULL},
        {"8", -EINVAL, 0, NULL},
        {"8 MiB", -EINVAL, 0, NULL},
        {"8M", -EINVAL, 0, NULL},
        {"8mib", -EINVAL, 0, NULL},
        {"1MiB1KiB", -EINVAL, 0, NULL},
        {"MiB", -EINVAL, 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t value = 77;
        assert_int_equal(config_value_size(text_of(cases[i].text), &value), cases[i].result);
        assert_true(value == (cases[i].result == 0 ? cases[i].value : 77));
        if (cases[i].result == 0) {
            char shown[CONFIG_VALUE_TEXT_BYTES];
            config_value_show_size(value, shown);
            assert_string_equal(shown, cases[i].shown == NULL ? cases[i].text : cases[i].shown);
        }
    }
}

static void booleans_are_true_and_false_only(void **state)
{
    (void)state;
    bool value = false;
    assert_int_equal(config_value_boolean(TEXT("true"), &value), 0);
    assert_true(value);
    static const char *const refused[] = {"yes", "on", "True", "1", "", "truee"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(config_value_boolean(text_of(refused[i]), &value), -EINVAL);
        assert_true(value);
    }
    assert_int_equal(config_value_boolean(TEXT("false"), &value), 0);
    assert_false(value);
}

static void integers(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_int_equal(config_value_integer(TEXT("18446744073709551615"), &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(config_value_integer(TEXT("18446744073709551616"), &value), -ERANGE);
    assert_int_equal(config_value_integer(TEXT("0x10"), &value), -EINVAL);
    assert_int_equal(config_value_integer(TEXT("-1"), &value), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(booleans_are_true_and_false_only),
        cmocka_unit_test(integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
