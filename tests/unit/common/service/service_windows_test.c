#include "common/service/service_windows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOUR INT64_C(3600)
/* Monday 4 January 2027, 00:00 UTC: 09:00 in Tokyo. */
#define MONDAY INT64_C(1799020800)

static void test_asking(void **state)
{
    (void)state;
    struct service_windows *windows = service_windows_create();
    struct text tokyo = TEXT("127 540 1260 Asia/Tokyo");
    assert_true(service_windows_ask(windows, TEXT(""), MONDAY).is_open);
    /* Asked again and again, also by a clock that goes back. */
    for (int i = 0; i < 3; i++) {
        assert_true(service_windows_ask(windows, tokyo, MONDAY + i).is_open);
        assert_false(service_windows_ask(windows, tokyo, MONDAY + 12 * HOUR).is_open);
        assert_false(service_windows_ask(windows, tokyo, MONDAY - 1).is_open);
    }
    assert_int_equal(service_windows_ask(windows, tokyo, MONDAY - 1).change_unix_s, MONDAY);
    service_windows_destroy(&windows);
    assert_null(windows);
}

static void test_what_cannot_be_read_is_closed(void **state)
{
    (void)state;
    struct service_windows *windows = service_windows_create();
    assert_false(service_windows_ask(windows, TEXT("127 0 1440 Asia/Nowhere"), MONDAY).is_open);
    assert_false(service_windows_ask(windows, TEXT("damaged"), MONDAY).is_open);
    assert_true(service_windows_has_zone(windows, TEXT("Europe/Berlin")));
    assert_false(service_windows_has_zone(windows, TEXT("Asia/Nowhere")));
    assert_false(service_windows_has_zone(windows, TEXT("../../../etc/passwd")));
    assert_false(service_windows_has_zone(windows, TEXT("Asia")));
    assert_false(service_windows_has_zone(windows, TEXT("tzdata.zi")));
    service_windows_destroy(&windows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asking),
        cmocka_unit_test(test_what_cannot_be_read_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
