#include "common/store/store_backlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

#define BEGUN_MS 5000

static int calls[8];

static void add(struct store_backlog *backlog, size_t call)
{
    char bytes[] = "PING0";
    bytes[4] = (char)('0' + call);
    store_backlog_add(backlog, (struct text){bytes, 5}, &calls[call]);
}

/* The next one is this call's. */
static void expect(struct store_backlog_item *item, size_t call)
{
    assert_non_null(item);
    assert_ptr_equal(item->call, &calls[call]);
    assert_int_equal(item->size, 5);
    assert_int_equal(item->bytes[4], '0' + (int)call);
    free(item);
}

static void nothing_waits_when_not_young(void **state)
{
    struct store_backlog backlog = {0};
    (void)state;
    assert_false(store_backlog_holds(&backlog, 1000));
    assert_null(store_backlog_take(&backlog, 0, BEGUN_MS));
    assert_null(store_backlog_give_up(&backlog));
}

static void few_are_unanswered_at_once(void **state)
{
    struct store_backlog backlog = {0};
    (void)state;
    store_backlog_begin(&backlog, BEGUN_MS);
    assert_false(store_backlog_holds(&backlog, STORE_BACKLOG_OUTSTANDING - 1));
    assert_true(store_backlog_holds(&backlog, STORE_BACKLOG_OUTSTANDING));
    add(&backlog, 0);
    add(&backlog, 1);
    assert_null(store_backlog_take(&backlog, STORE_BACKLOG_OUTSTANDING, BEGUN_MS));
    expect(store_backlog_take(&backlog, STORE_BACKLOG_OUTSTANDING - 1, BEGUN_MS), 0);
    /* Nobody overtakes what waits. */
    assert_true(store_backlog_holds(&backlog, 0));
    add(&backlog, 2);
    expect(store_backlog_take(&backlog, 0, BEGUN_MS), 1);
    expect(store_backlog_take(&backlog, 0, BEGUN_MS), 2);
    assert_null(store_backlog_take(&backlog, 0, BEGUN_MS));
}

static void it_ends_when_all_is_through(void **state)
{
    struct store_backlog backlog = {0};
    (void)state;
    store_backlog_begin(&backlog, BEGUN_MS);
    add(&backlog, 0);
    /* Still waiting when the least time is over: it goes on. */
    assert_null(store_backlog_take(&backlog, 4, BEGUN_MS + STORE_BACKLOG_LEAST_MS));
    expect(store_backlog_take(&backlog, 3, BEGUN_MS + STORE_BACKLOG_LEAST_MS), 0);
    assert_true(store_backlog_holds(&backlog, 4));
    assert_null(store_backlog_take(&backlog, 4, BEGUN_MS + STORE_BACKLOG_LEAST_MS));
    assert_false(store_backlog_holds(&backlog, 4));
}

static void it_never_lasts_longer_than_the_most(void **state)
{
    struct store_backlog backlog = {0};
    (void)state;
    store_backlog_begin(&backlog, BEGUN_MS);
    add(&backlog, 0);
    add(&backlog, 1);
    assert_null(store_backlog_take(&backlog, 4, BEGUN_MS + STORE_BACKLOG_MOST_MS - 1));
    expect(store_backlog_take(&backlog, 4, BEGUN_MS + STORE_BACKLOG_MOST_MS), 0);
    expect(store_backlog_take(&backlog, 5, BEGUN_MS + STORE_BACKLOG_MOST_MS), 1);
    assert_null(store_backlog_take(&backlog, 6, BEGUN_MS + STORE_BACKLOG_MOST_MS));
    assert_false(store_backlog_holds(&backlog, 1000));
}

static void what_waited_comes_back_in_order(void **state)
{
    struct store_backlog backlog = {0};
    (void)state;
    store_backlog_begin(&backlog, BEGUN_MS);
    add(&backlog, 0);
    add(&backlog, 1);
    expect(store_backlog_give_up(&backlog), 0);
    expect(store_backlog_give_up(&backlog), 1);
    assert_null(store_backlog_give_up(&backlog));
    assert_false(store_backlog_holds(&backlog, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_waits_when_not_young),
        cmocka_unit_test(few_are_unanswered_at_once),
        cmocka_unit_test(it_ends_when_all_is_through),
        cmocka_unit_test(it_never_lasts_longer_than_the_most),
        cmocka_unit_test(what_waited_comes_back_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
