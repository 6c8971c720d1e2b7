#include "worker/outbox/site_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

#define LETTERS 40

static void test_transactional_goes_first(void **state)
{
    (void)state;
    struct letter letters[2] = {0};
    struct site_queue queue = {0};
    site_queue_add(&queue, SITE_QUEUE_BULK, TEXT("a"), &letters[0]);
    site_queue_add(&queue, SITE_QUEUE_TRANSACTIONAL, TEXT("a"), &letters[1]);
    assert_ptr_equal(site_queue_take(&queue), &letters[1]);
    assert_ptr_equal(site_queue_take(&queue), &letters[0]);
    assert_null(site_queue_take(&queue));
    site_queue_finish(&queue);
}

/* A tenant with thousands of letters does not hold up another with a few. */
static void test_tenants_take_turns(void **state)
{
    (void)state;
    struct letter many[LETTERS] = {0};
    struct letter few[2] = {0};
    struct site_queue queue = {0};
    for (size_t i = 0; i < LETTERS; i++) {
        site_queue_add(&queue, SITE_QUEUE_BULK, TEXT("many"), &many[i]);
    }
    site_queue_add(&queue, SITE_QUEUE_BULK, TEXT("few"), &few[0]);
    site_queue_add(&queue, SITE_QUEUE_BULK, TEXT("few"), &few[1]);
    for (size_t i = 0; i < SITE_QUEUE_QUANTUM; i++) {
        assert_ptr_equal(site_queue_take(&queue), &many[i]);
    }
    assert_ptr_equal(site_queue_take(&queue), &few[0]);
    assert_ptr_equal(site_queue_take(&queue), &few[1]);
    for (size_t i = SITE_QUEUE_QUANTUM; i < LETTERS; i++) {
        assert_ptr_equal(site_queue_take(&queue), &many[i]);
    }
    assert_null(site_queue_take(&queue));
    site_queue_finish(&queue);
}

static void test_recalled_letters_are_gone(void **state)
{
    (void)state;
    struct letter letters[3] = {0};
    struct site_queue queue = {0};
    site_queue_add(&queue, SITE_QUEUE_BULK, TEXT("a"), &letters[0]);
    site_queue_add(&queue, SITE_QUEUE_BULK, TEXT("b"), &letters[1]);
    site_queue_add(&queue, SITE_QUEUE_BULK, TEXT("b"), &letters[2]);
    letter_list_remove(&letters[0]);
    letter_list_remove(&letters[1]);
    assert_ptr_equal(site_queue_take(&queue), &letters[2]);
    assert_null(site_queue_take(&queue));
    site_queue_finish(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transactional_goes_first),
        cmocka_unit_test(test_tenants_take_turns),
        cmocka_unit_test(test_recalled_letters_are_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
