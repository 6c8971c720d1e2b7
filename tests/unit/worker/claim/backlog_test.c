#include "worker/claim/backlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define POOL TEXT("mkt")

static const struct backlog_limits limits = {.first = 1000, .ahead_ms = 30000};

static struct backlog_group *hold(struct backlog *backlog, const char *name, uint32_t rows,
                                  uint64_t now_ms)
{
    return backlog_hold(backlog, POOL, false, text_of(name), rows, now_ms);
}

/* Sends so many a second for so long, taking batches of 500 while there is room. @return claims */
static uint32_t send(struct backlog *backlog, const char *name, uint32_t per_s, uint32_t seconds,
                     uint32_t *ret_most)
{
    struct backlog_group *group = hold(backlog, name, 500, 1);
    uint32_t claims = 1;
    *ret_most = 0;
    for (uint64_t ms = 500; ms <= 1000 * (uint64_t)seconds; ms += 500) {
        uint32_t left = per_s / 2 < group->in_hand ? per_s / 2 : group->in_hand;
        backlog_leave(group, left, true);
        (void)backlog_tick(backlog, ms);
        for (uint32_t room = backlog_room(backlog, group, 1); room >= 500 && claims < 100000;
             room -= 500) {
            assert_ptr_equal(hold(backlog, name, 500, ms), group);
            claims++;
        }
        *ret_most = group->in_hand > *ret_most ? group->in_hand : *ret_most;
        assert_true(group->in_hand > 0); /* it never runs dry */
    }
    backlog_leave(group, group->in_hand, false);
    for (uint32_t i = 0; i < claims; i++) {
        backlog_release(group, 1000 * (uint64_t)seconds);
    }
    return claims;
}

static void a_group_has_what_it_sends_in_half_a_minute(void **state)
{
    (void)state;
    static const struct {
        uint32_t per_s;
        uint32_t most; /* in hand: half a minute, one batch, and what came before it was known */
    } cases[] = {{2, 1500}, {8, 1500}, {20, 1500}, {100, 3600}, {1000, 31000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct backlog *backlog = backlog_create(&limits);
        uint32_t most = 0;
        (void)send(backlog, "site.test", cases[i].per_s, 120, &most);
        assert_in_range(most, 500, cases[i].most);
        backlog_destroy(&backlog);
        assert_null(backlog);
    }
}

static void one_batch_more_than_is_left_always_fits(void **state)
{
    (void)state;
    struct backlog *backlog = backlog_create(&limits);
    struct backlog_group *group = hold(backlog, "stuck.test", 500, 0);
    assert_int_equal(backlog_room(backlog, group, 1), 500);
    assert_int_equal(backlog_room(backlog, group, 7), 500); /* a batch is never cut up */
    assert_true(backlog_tick(backlog, 1000));               /* nothing went */
    assert_int_equal(backlog_room(backlog, group, 1), 0);
    backlog_leave(group, 500, false); /* given back: it may come again */
    assert_int_equal(backlog_room(backlog, group, 1), 500);
    backlog_release(group, 2000);
    assert_int_equal(backlog_room_first(backlog, 1), 1000);
    backlog_destroy(&backlog);
}

static void what_is_not_used_is_forgotten(void **state)
{
    (void)state;
    struct backlog *backlog = backlog_create(&limits);
    struct backlog_group *group = hold(backlog, "a.test", 100, 0);
    backlog_leave(group, 100, true);
    (void)backlog_tick(backlog, 1000);
    assert_true(group->is_known);
    backlog_release(group, 1000);
    (void)backlog_tick(backlog, 60999);
    group = hold(backlog, "a.test", 100, 61000);
    assert_true(group->is_known);
    backlog_leave(group, 100, true);
    backlog_release(group, 61000);
    (void)backlog_tick(backlog, 121000);
    group = hold(backlog, "a.test", 1, 121000);
    assert_false(group->is_known);
    backlog_leave(group, 1, true);
    backlog_release(group, 121000);
    backlog_destroy(&backlog);
}

struct seen {
    size_t count;
    uint32_t in_hand;
};

static void add(void *context, const struct backlog_group *group)
{
    struct seen *seen = context;
    seen->count++;
    seen->in_hand += group->in_hand;
}

static void lanes_and_pools_are_apart(void **state)
{
    (void)state;
    struct backlog *backlog = backlog_create(&limits);
    struct backlog_group *groups[] = {
        backlog_hold(backlog, POOL, false, TEXT("a.test"), 10, 0),
        backlog_hold(backlog, POOL, true, TEXT("a.test"), 20, 0),
        backlog_hold(backlog, TEXT("duo"), false, TEXT("a.test"), 30, 0),
    };
    struct seen seen = {0};
    backlog_visit(backlog, add, &seen);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.in_hand, 60);
    for (size_t i = 0; i < 3; i++) {
        backlog_leave(groups[i], groups[i]->in_hand, false);
        backlog_release(groups[i], 0);
    }
    backlog_destroy(&backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_has_what_it_sends_in_half_a_minute),
        cmocka_unit_test(one_batch_more_than_is_left_always_fits),
        cmocka_unit_test(what_is_not_used_is_forgotten),
        cmocka_unit_test(lanes_and_pools_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
