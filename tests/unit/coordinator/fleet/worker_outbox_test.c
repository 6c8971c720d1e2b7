#include "coordinator/fleet/worker_outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void frames_leave_in_order(void **state)
{
    (void)state;
    struct worker_outbox *outbox = worker_outbox_create();
    struct text frame;
    assert_false(worker_outbox_first(outbox, &frame));
    assert_true(worker_outbox_add(outbox, TEXT("content")));
    assert_true(worker_outbox_add(outbox, TEXT("")));
    assert_true(worker_outbox_add(outbox, TEXT("offer")));
    assert_true(worker_outbox_first(outbox, &frame));
    assert_true(text_equal(frame, TEXT("content")));
    worker_outbox_drop_first(outbox);
    assert_true(worker_outbox_first(outbox, &frame));
    assert_int_equal(frame.size, 0);
    worker_outbox_drop_first(outbox);
    assert_true(worker_outbox_first(outbox, &frame));
    assert_true(text_equal(frame, TEXT("offer")));
    worker_outbox_destroy(&outbox);
    assert_null(outbox);
    worker_outbox_destroy(&outbox);
}

static void what_piles_up_is_bounded(void **state)
{
    (void)state;
    struct worker_outbox *outbox = worker_outbox_create();
    size_t size = WORKER_OUTBOX_BYTES_MAX / 4;
    char *bytes = xalloc_zero(1, size);
    for (unsigned int i = 0; i < 4; i++) {
        assert_true(worker_outbox_add(outbox, (struct text){bytes, size}));
    }
    assert_false(worker_outbox_add(outbox, TEXT("x")));
    worker_outbox_drop_first(outbox);
    assert_true(worker_outbox_add(outbox, TEXT("x")));
    worker_outbox_clear(outbox);
    assert_true(worker_outbox_add(outbox, (struct text){bytes, size}));
    free(bytes);
    worker_outbox_destroy(&outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_leave_in_order),
        cmocka_unit_test(what_piles_up_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
