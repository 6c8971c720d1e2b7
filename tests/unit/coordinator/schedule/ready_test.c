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
        assert_true(ready_add_batch(ready, target, i, rows, TEXT("other")));
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
        assert_true(ready_take(ready, POOL, ample, NULL, &pick));
        assert_ptr_equal(pick.campaign, a);
        assert_int_equal(pick.number, i);
    }
    struct ready_pick pick;
    assert_false(ready_take(ready, POOL, ample, NULL, &pick));
    assert_int_equal(ready_taken(a), 3);
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 0);
}

static void a_known_batch_is_not_queued_twice(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    struct ready_pick pick;
    assert_true(ready_add_batch(ready, a, 7, 10, TEXT("other")));
    assert_false(ready_add_batch(ready, a, 7, 10, TEXT("other")));
    assert_true(ready_take(ready, POOL, ample, NULL, &pick));
    assert_false(ready_add_batch(ready, a, 7, 10, TEXT("other"))); /* offered: not again */
    ready_restore_batch(ready, a, 7);
    ready_restore_batch(ready, a, 7); /* a second void offer changes nothing */
    assert_int_equal(ready_waiting(a), 1);
    ready_forget_batch(ready, a, 7);
    ready_forget_batch(ready, a, 7);
    assert_int_equal(ready_waiting(a), 0);
    assert_true(ready_add_batch(ready, a, 7, 10, TEXT("other"))); /* a retry came due */
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
        assert_true(ready_take(ready, POOL, ample, NULL, &pick));
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
        assert_true(ready_take(ready, POOL, ample, NULL, &pick));
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
    assert_true(ready_take(ready, POOL, ample, NULL, &pick));
    assert_int_equal(pick.lane, READY_TRANSACTIONAL);
    for (int i = 0; i < 500; i++) {
        assert_true(ready_take(ready, POOL, ample, NULL, &pick));
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
    assert_true(ready_take(ready, POOL, little, NULL, &pick));
    assert_int_equal(pick.lane, READY_BULK);
    assert_false(ready_take(ready, POOL, little, NULL, &pick));
    assert_true(ready_take(ready, POOL, ample, NULL, &pick));
    assert_false(ready_take(ready, TEXT("unknown"), ample, NULL, &pick));
}

static void a_held_campaign_keeps_its_batches(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    fill(ready, a, 2, 10);
    ready_hold(ready, a, true);
    struct ready_pick pick;
    assert_false(ready_take(ready, POOL, ample, NULL, &pick));
    assert_int_equal(ready_waiting(a), 2);
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 0);
    fill(ready, campaign(ready, 2, "shop", READY_BULK), 1, 10);
    ready_hold(ready, a, false);
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 30);
    assert_true(ready_take(ready, POOL, ample, NULL, &pick));
}

static void a_dropped_campaign_leaves_nothing(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    fill(ready, a, 5, 10);
    struct ready_pick pick;
    assert_true(ready_take(ready, POOL, ample, NULL, &pick));
    ready_drop_campaign(ready, &a);
    assert_null(a);
    unsigned char id[READY_ID_SIZE] = {1};
    assert_null(ready_find_campaign(ready, id));
    assert_false(ready_take(ready, POOL, ample, NULL, &pick));
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 0);
}

static void a_large_batch_is_not_overtaken_by_small_ones(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *large = campaign(ready, 1, "large", READY_BULK);
    fill(ready, large, 1, 500);
    fill(ready, campaign(ready, 2, "small", READY_BULK), 100, 20);
    const uint32_t little[READY_LANE_COUNT] = {0, 100};
    struct ready_pick pick;
    for (int i = 0; i < 200; i++) {
        (void)ready_take(ready, POOL, little, NULL, &pick);
    }
    assert_int_equal(ready_waiting(large), 1);
    assert_true(ready_waiting_rows(ready, POOL, READY_BULK) > 500); /* the small ones wait too */
    assert_true(ready_take(ready, POOL, ample, NULL, &pick));
    assert_ptr_equal(pick.campaign, large);
}

/* What the queues should hold after any run of calls. */
#define CAMPAIGNS 6
#define BATCHES 40
enum place { NOWHERE, WAITING, TAKEN };
struct model {
    struct ready_campaign *campaign;
    bool is_held;
    enum place places[BATCHES];
};

static uint32_t rows_of(size_t owner, uint32_t number)
{
    return (uint32_t)(1 + (owner * 131 + number * 37) % 500);
}

static void check_model(const struct ready *ready, const struct model *models)
{
    uint64_t rows[READY_LANE_COUNT] = {0};
    for (size_t i = 0; i < CAMPAIGNS; i++) {
        uint32_t counts[3] = {0};
        for (uint32_t number = 0; number < BATCHES; number++) {
            counts[models[i].places[number]]++;
            bool counts_rows = models[i].places[number] == WAITING && !models[i].is_held;
            rows[i % 2] += counts_rows ? rows_of(i, number) : 0;
        }
        assert_int_equal(ready_waiting(models[i].campaign), counts[WAITING]);
        assert_int_equal(ready_taken(models[i].campaign), counts[TAKEN]);
    }
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_TRANSACTIONAL), rows[0]);
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), rows[1]);
}

static void take_into_model(struct ready *ready, struct model *models)
{
    struct ready_pick pick;
    if (!ready_take(ready, POOL, ample, NULL, &pick)) {
        for (size_t i = 0; i < CAMPAIGNS; i++) {
            assert_true(models[i].is_held || ready_waiting(models[i].campaign) == 0);
        }
        return;
    }
    size_t owner = ready_campaign_id(pick.campaign)[0];
    assert_false(models[owner].is_held);
    assert_int_equal(models[owner].places[pick.number], WAITING);
    assert_int_equal(pick.rows, rows_of(owner, pick.number));
    assert_int_equal(pick.lane, owner % 2);
    models[owner].places[pick.number] = TAKEN;
}

static void change_model(struct ready *ready, struct model *model, size_t owner, uint32_t random)
{
    uint32_t number = random / 8 % BATCHES;
    enum place *place = &model->places[number];
    switch (random % 8) {
    case 0:
        model->is_held = !model->is_held;
        ready_hold(ready, model->campaign, model->is_held);
        break;
    case 1:
        ready_forget_batch(ready, model->campaign, number);
        *place = NOWHERE;
        break;
    case 2:
        ready_restore_batch(ready, model->campaign, number);
        *place = *place == TAKEN ? WAITING : *place;
        break;
    default:
        assert_int_equal(
            ready_add_batch(ready, model->campaign, number, rows_of(owner, number), TEXT("other")),
            *place == NOWHERE);
        *place = *place == NOWHERE ? WAITING : *place;
        break;
    }
}

static void any_run_of_calls_keeps_the_books(void **state)
{
    struct ready *ready = *state;
    struct model models[CAMPAIGNS] = {0};
    for (unsigned char i = 0; i < CAMPAIGNS; i++) {
        models[i].campaign = campaign(ready, i, i < 3 ? "shop" : "bank",
                                      i % 2 == 0 ? READY_TRANSACTIONAL : READY_BULK);
    }
    uint64_t random = 7;
    for (int step = 0; step < 4000; step++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        uint32_t number = (uint32_t)(random >> 33);
        size_t owner = number % CAMPAIGNS;
        if (number / CAMPAIGNS % 3 == 0) {
            take_into_model(ready, models);
        } else {
            change_model(ready, &models[owner], owner, number / CAMPAIGNS / 3);
        }
        check_model(ready, models);
    }
}

/* A slow group holds up nobody: others are taken, whoever's turn it is. */
static uint32_t without_slow(const void *context, enum ready_lane lane, struct text group)
{
    (void)lane;
    return text_equal(group, text_of(context)) ? 0 : UINT32_MAX;
}

static void a_group_without_room_holds_up_no_other(void **state)
{
    struct ready *ready = *state;
    const struct ready_filter filter = {without_slow, "slow.test"};
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    struct ready_campaign *b = campaign(ready, 2, "bank", READY_BULK);
    struct ready_pick pick;
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(ready_add_batch(ready, a, i, 500, TEXT("slow.test")));
    }
    assert_true(ready_add_batch(ready, a, 100, 500, TEXT("fast.test")));
    assert_true(ready_add_batch(ready, b, 0, 500, TEXT("slow.test")));
    assert_true(ready_has(a, &filter));
    assert_false(ready_has(b, &filter));
    assert_true(ready_take(ready, POOL, ample, &filter, &pick));
    assert_ptr_equal(pick.campaign, a);
    assert_int_equal(pick.number, 100);
    assert_true(text_equal(pick.group, TEXT("fast.test")));
    assert_false(ready_has(a, &filter));
    assert_false(ready_take(ready, POOL, ample, &filter, &pick));
    ready_restore_batch(ready, a, 100);
    ready_restore_batch(ready, a, 100);
    assert_true(ready_take(ready, POOL, ample, &filter, &pick));
    assert_int_equal(pick.number, 100);
    /* Nothing was forgotten meanwhile. */
    assert_int_equal(ready_waiting_rows(ready, POOL, READY_BULK), 101 * 500);
    assert_true(ready_take(ready, POOL, ample, NULL, &pick));
}

static void groups_of_a_campaign_take_turns(void **state)
{
    struct ready *ready = *state;
    struct ready_campaign *a = campaign(ready, 1, "shop", READY_BULK);
    for (uint32_t i = 0; i < 6; i++) {
        assert_true(ready_add_batch(ready, a, i, 500, i < 3 ? TEXT("one.test") : TEXT("two.test")));
    }
    static const uint32_t order[] = {0, 3, 1, 4, 2, 5};
    for (size_t i = 0; i < 6; i++) {
        struct ready_pick pick;
        assert_true(ready_take(ready, POOL, ample, NULL, &pick));
        assert_int_equal(pick.number, order[i]);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_group_without_room_holds_up_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_of_a_campaign_take_turns, setup, teardown),
        CASE(batches_of_one_campaign_leave_in_order),
        CASE(a_known_batch_is_not_queued_twice),
        CASE(tenants_share_by_rows_whatever_their_number_of_campaigns),
        CASE(campaigns_of_a_tenant_take_turns),
        CASE(transactional_goes_first_but_leaves_bulk_its_share),
        CASE(what_does_not_fit_waits_and_the_other_lane_goes_on),
        CASE(a_held_campaign_keeps_its_batches),
        CASE(a_dropped_campaign_leaves_nothing),
        CASE(a_large_batch_is_not_overtaken_by_small_ones),
        CASE(any_run_of_calls_keeps_the_books),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
