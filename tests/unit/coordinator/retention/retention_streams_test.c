#include "coordinator/retention/retention_streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void each_tenant_has_one_stream(void **state)
{
    (void)state;
    struct retention_streams *streams = retention_streams_create();
    retention_streams_add(streams, TEXT("shop"), 0);
    retention_streams_add(streams, TEXT("bank"), 0);
    retention_streams_add(streams, TEXT("shop"), 40);
    retention_streams_add(streams, TEXT("gone"), 5);
    retention_streams_add(streams, TEXT("shop"), 2);
    assert_string_equal(retention_streams_at(streams, 0)->tenant, "shop");
    assert_int_equal(retention_streams_at(streams, 0)->recipients, 42);
    assert_int_equal(retention_streams_at(streams, 1)->recipients, 0);
    assert_string_equal(retention_streams_at(streams, 2)->tenant, "gone");
    assert_null(retention_streams_at(streams, 3));
    retention_streams_reset(streams);
    assert_null(retention_streams_at(streams, 0));
    for (int i = 0; i < 100; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "t%d", i);
        retention_streams_add(streams, text_of(name), 1);
    }
    assert_string_equal(retention_streams_at(streams, 99)->tenant, "t99");
    retention_streams_destroy(&streams);
    retention_streams_destroy(&streams);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_tenant_has_one_stream)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
