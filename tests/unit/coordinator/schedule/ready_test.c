#include "coordinator/schedule/ready.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define POOL TEXT("mkt")

static const uint32_t ample[READY_LANE_COUNT] = {100000, 100000};

static struct ready_campaign *campaign(struct ready *ready, unsigned char id, const char *tenant,
                                       enum ready_lane lane)
{
    unsigned char bytes[READY_ID_SIZE] = {id};
    return ready_add_campaign(ready, bytes, text_of(tenant), POOL, lane);
}

static void fill(struct ready *ready, struct ready_campaign *target, uint32_t count, uint32_t rows)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_true(ready_add_batch(ready, target, i, rows));
    }
}

static int setup(void **state)
{
    *state = ready_create(&(struct ready_settings){.transactional_permille = 800});
    return 0;
}

static int teardown(void **state)
{
    struct ready *ready = *state;
    ready_destroy(&ready);
    assert_null(ready);
    return 0;
}

static void batches_of_one_campaign_leave_in_order(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    fill(ready, a, 3, 500);
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 1500);
    for (uint32_t i = 0; i < 3; i++) {
        struct ready_pick pick;
        assert_true(ready_take(ready, POOL, ample, &pick));
        assert_ptr_equal(pick.campaign, a);
        assert_int_equal(pick.number, i);
    }
    struct ready_pick pick;
    assert_false(ready_take(ready, POOL, ample, &pick));
    assert_int_equal(ready_taken(a), 3);
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 0);
}

static void a_known_batch_is_not_queued_twice(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    struct ready_pick pick;
    assert_true(ready_add_batch(ready, a, 7, 10));
    assert_false(ready_add_batch(ready, a, 7, 10));
    assert_true(ready_take(ready, POOL, ample, &pick));
    assert_false(ready_add_batch(ready, a, 7, 10)); /* offered: not again */
    ready_restore_batch(ready, a, 7);
    ready_restore_batch(ready, a, 7); /* a second void offer changes nothing */
    assert_int_equal(ready_waiting(a), 1);
    ready_forget_batch(ready, a, 7);
    ready_forget_batch(ready, a, 7);
    assert_int_equal(ready_waiting(a), 0);
    assert_true(ready_add_batch(ready, a, 7, 10)); /* a retry came due */
}

static void tenants_share_by_rows_whatever_their_number_of_campaigns(void **state)
{
    struct ready *ready = *state;
    for (unsigned char i = 0; i < 9; i++) {
        fill(ready, campaign(ready, i, "many", READY_BULK), 100, 500);
    }
    struct ready_campaign *small = campaign(ready, 100, "small", READY_BULK);
    fill(ready, small, 1000, 50);
    uint64_t rows_of_small = 0;
    uint64_t rows = 0;
    while (rows < 40000) {
        struct ready_pick pick;
        assert_true(ready_take(ready, POOL, ample, &pick));
        rows += pick.rows;
        rows_of_small += pick.campaign == small ? pick.rows : 0;
    }
    assert_in_range(rows_of_small, 19000, 21000);
}

static void campaigns_of_a_tenant_take_turns(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    struct ready_campaign *b = campaign(ready, 2, "shop", READY_BULK);
    fill(ready, a, 4, 500);
    fill(ready, b, 4, 500);
    int of_a = 0;
    for (int i = 0; i < 4; i++) {
        struct ready_pick pick;
        assert_true(ready_take(ready, POOL, ample, &pick));
        of_a += pick.campaign == a;
    }
    assert_int_equal(of_a, 2);
}

static void transactional_goes_first_but_leaves_bulk_its_share(void **state)
{
    struct ready *ready = *state;
    fill(ready, campaign(ready, 1, "shop", READY_BULK), 1000, 100);
    fill(ready, campaign(ready, 2, "shop", READY_TRANSACTIONAL), 1000, 100);
    uint64_t taken[READY_LANE_COUNT] = {0};
    struct ready_pick pick;
    assert_true(ready_take(ready, POOL, ample, &pick));
    assert_int_equal(pick.lane, READY_TRANSACTIONAL);
    for (int i = 0; i < 500; i++) {
        assert_true(ready_take(ready, POOL, ample, &pick));
        taken[pick.lane] += pick.rows;
    }
    assert_in_range(taken[READY_TRANSACTIONAL] * 1000 / 50000, 780, 820);
}

static void what_does_not_fit_waits_and_the_other_lane_goes_on(void **state)
{
    struct ready *ready = *state;
    fill(ready, campaign(ready, 1, "shop", READY_TRANSACTIONAL), 1, 500);
    fill(ready, campaign(ready, 2, "shop", READY_BULK), 1, 20);
    const uint32_t little[READY_LANE_COUNT] = {100, 100};
    struct ready_pick pick;
    assert_true(ready_take(ready, POOL, little, &pick));
    assert_int_equal(pick.lane, READY_BULK);
    assert_false(ready_take(ready, POOL, little, &pick));
    assert_true(ready_take(ready, POOL, ample, &pick));
    assert_false(ready_take(ready, TEXT("unknown"), ample, &pick));
}

static void a_held_campaign_keeps_its_batches(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    fill(ready, a, 2, 10);
    ready_hold(ready, a, true);
    struct ready_pick pick;
    assert_false(ready_take(ready, POOL, ample, &pick));
    assert_int_equal(ready_waiting(a), 2);
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 0);
    fill(ready, campaign(ready, 2, "shop", READY_BULK), 1, 10);
    ready_hold(ready, a, false);
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 30);
    assert_true(ready_take(ready, POOL, ample, &pick));
}

static void a_dropped_campaign_leaves_nothing(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    fill(ready, a, 5, 10);
    struct ready_pick pick;
    assert_true(ready_take(ready, POOL, ample, &pick));
    ready_drop_campaign(ready, &a);
    assert_null(a);
    unsigned char id[READY_ID_SIZE] = {1};
    assert_null(ready_find_campaign(ready, id));
    assert_false(ready_take(ready, POOL, ample, &pick));
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(batches_of_one_campaign_leave_in_order),
        CASE(a_known_batch_is_not_queued_twice),
        CASE(tenants_share_by_rows_whatever_their_number_of_campaigns),
        CASE(campaigns_of_a_tenant_take_turns),
        CASE(transactional_goes_first_but_leaves_bulk_its_share),
        CASE(what_does_not_fit_waits_and_the_other_lane_goes_on),
        CASE(a_held_campaign_keeps_its_batches),
        CASE(a_dropped_campaign_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
