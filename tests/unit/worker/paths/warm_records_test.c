/* Young IPs against a real Redis: what two workers send over one IP, whatever their clocks do. */
#include "worker/paths/warm_records.h"

#include "common/policy/reply_class.h"
#include "common/store/store_lease.h"
#include "store_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IP "192.0.2.9"
#define OTHER_SESSION "ffeeddccbbaa99887766554433221100"
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define MONDAY 20822U
#define MONDAY_MS (MONDAY * DAY_MS)
#define HOUR_SHARE 500
#define DAYS 64

static char name[] = "test";
static char volume_1[] = "6", volume_2[] = "12", volume_3[] = "30";
static char *volumes[] = {volume_1, volume_2, volume_3};
static struct warmup_plans_record plan = {.name = name, .volumes = {volumes, 3}};
static const struct config_list plans = {&plan, 1};
static const uint32_t quotas[] = {6, 12, 30};

/* A worker, and the clock that all of them see. */
struct worker {
    struct world *world;
    struct store *store;
    struct sending_ips ips;
    struct warm_records *records;
    struct warm_record *record;
    unsigned int rooms;
    int64_t *now_ms;
};

struct test {
    struct world *world;
    struct worker workers[2];
    struct loop_timer *step;
    unsigned int ready;
    int64_t now_ms;
    uint64_t epoch;
    uint32_t sent[DAYS]; /* by the day they count for, from MONDAY on */
    uint32_t sent_hour[DAYS][24];
};

static int64_t now_of(void *context)
{
    return *((struct worker *)context)->now_ms;
}

static void on_room(void *context)
{
    ((struct worker *)context)->rooms++;
}

static void on_step(void *context)
{
    loop_stop(((struct test *)context)->world->loop);
}

static void on_other_ready(void *context)
{
    struct test *test = context;
    test->ready++;
    loop_stop(test->world->loop);
}

static void on_nothing(void *context)
{
    (void)context;
}

static void on_lease(void *context, int error, uint64_t epoch)
{
    struct test *test = context;
    test->epoch = epoch;
    world_answered(test->world, error);
}

static void set_up(struct test *test, struct world *world)
{
    *test = (struct test){.world = world, .now_ms = MONDAY_MS};
    test->step = loop_timer_create(world->loop, on_step, test);
    loop_timer_start(test->step, 2, 2);
    test->workers[0].store = world->store;
    test->workers[1].store =
        store_create(world->loop,
                     &(struct store_settings){.endpoint = world->redis.endpoint,
                                              .prefix = "hk",
                                              .durability = STORE_DISK,
                                              .session = OTHER_SESSION,
                                              .timeout_ms = WORLD_PATIENCE_MS},
                     &(struct store_callbacks){on_other_ready, on_nothing, NULL, test});
    world_wait_for(world, &test->ready, 1);
}

static void tear_down(struct test *test)
{
    store_destroy(&test->workers[1].store);
    loop_timer_destroy(&test->step);
    test->world->store = test->workers[0].store;
}

static void turn_loop(struct test *test, unsigned int times)
{
    for (unsigned int i = 0; i < times; i++) {
        loop_run(test->world->loop);
    }
}

/* A worker begins, as a new process does: it takes the lease and knows what the store knows. */
static void begin(struct test *test, size_t who)
{
    struct worker *worker = &test->workers[who];
    const struct store_lease_name lease = {STORE_LEASE_IP, IP, 0};
    worker->world = test->world;
    worker->now_ms = &test->now_ms;
    worker->ips = (struct sending_ips){.count = 0};
    assert_int_equal(sending_ips_add(&worker->ips, "pool", IP, "out.test"), 0);
    worker->ips.items[0].warmup = "test";
    store_lease_take(worker->store, &lease, NULL, on_lease, test);
    world_wait(test->world);
    assert_int_equal(test->world->error, 0);
    worker->ips.items[0].state = SENDING_IP_OWNED;
    worker->ips.items[0].epoch = test->epoch;
    worker->rooms = 0;
    worker->records = warm_records_create(
        &(struct warm_settings){.loop = test->world->loop,
                                .store = worker->store,
                                .ips = &worker->ips,
                                .plans = {.plans = &plans, .hour_share = HOUR_SHARE},
                                .now_unix_ms = now_of,
                                .on_room = on_room,
                                .context = worker});
    worker->record = warm_records_hold(worker->records, &worker->ips.items[0], TEXT("google"));
    assert_non_null(worker->record);
    assert_false(warm_records_may_send(worker->records, worker->record));
    world_wait_for(test->world, &worker->rooms, 1);
}

/* It dies: its calls are through, its tokens are lost, its lease goes to the next one. */
static void end(struct test *test, size_t who)
{
    struct worker *worker = &test->workers[who];
    const struct store_lease_name lease = {STORE_LEASE_IP, IP, 0};
    store_lease_release(worker->store, &lease, test->epoch, on_lease, test);
    world_wait(test->world);
    turn_loop(test, 20);
    while (worker->record->is_asking) {
        loop_run(test->world->loop);
    }
    warm_records_release(worker->record);
    warm_records_destroy(&worker->records);
}

static void send_one(struct test *test, struct worker *worker)
{
    struct warm_record *record = worker->record;
    uint32_t day = record->token_day - MONDAY;
    if (warmup_is_warm(&(struct warmup_plan){.days = 3}, &record->state)) {
        warm_records_take(worker->records, record);
        return;
    }
    assert_in_range(day, 0, DAYS - 1);
    test->sent[day]++;
    test->sent_hour[day][record->token_hour]++;
    warm_records_take(worker->records, record);
    uint32_t quota = quotas[record->state.stage];
    assert_in_range(test->sent[day], 1, quota);
    assert_in_range(test->sent_hour[day][record->token_hour], 1, (quota + 1) / 2);
}

/* Send all that may be sent, up to `most`. */
static uint32_t send_up_to(struct test *test, size_t who, uint32_t most)
{
    struct worker *worker = &test->workers[who];
    uint64_t age_ms;
    uint32_t sent = 0;
    while (sent < most) {
        if (warm_records_may_send(worker->records, worker->record)) {
            send_one(test, worker);
            sent++;
        } else if (!worker->record->is_asking &&
                   warm_records_wait_ms(worker->records, worker->record, &age_ms) > 0) {
            break;
        } else {
            loop_run(test->world->loop);
        }
    }
    return sent;
}

/* The faulty ones of this kind leave the first day without a limit, or the last one for ever. */
static void from_day_0_to_the_last_day(void **state)
{
    struct test test;
    uint64_t age_ms;
    set_up(&test, *state);
    begin(&test, 0);
    struct worker *worker = &test.workers[0];
    for (uint32_t day = 0; day < 3; day++) {
        test.now_ms = MONDAY_MS + day * DAY_MS;
        assert_int_equal(send_up_to(&test, 0, 1000), quotas[day] / 2); /* of the hour */
        assert_true(warm_records_wait_ms(worker->records, worker->record, &age_ms) <= HOUR_MS);
        test.now_ms += HOUR_MS;
        assert_int_equal(send_up_to(&test, 0, 1000), quotas[day] / 2);
        test.now_ms += HOUR_MS;
        assert_int_equal(send_up_to(&test, 0, 1000), 0); /* of the day */
        assert_int_equal(warm_records_wait_ms(worker->records, worker->record, &age_ms),
                         22 * HOUR_MS);
        test.now_ms += HOUR_MS;
        (void)warm_records_wait_ms(worker->records, worker->record, &age_ms);
        assert_int_equal(age_ms, 2 * HOUR_MS);
    }
    test.now_ms = MONDAY_MS + 3 * DAY_MS;
    assert_int_equal(send_up_to(&test, 0, 1000), 1000);
    assert_int_equal(worker->record->state.stage, 3);
    assert_true(warm_records_has_room(worker->records, worker->record, 100));
    end(&test, 0);
    /* Who comes next knows it. */
    begin(&test, 1);
    assert_true(warm_records_may_send(test.workers[1].records, test.workers[1].record));
    assert_int_equal(test.workers[1].record->state.stage, 3);
    end(&test, 1);
    tear_down(&test);
}

/* Two workers, one after the other and both at once, clocks that step to and fro: on no day and in
 * no hour more than its quota (held against in send_one()). */
static void two_workers_and_clocks_that_step(void **state)
{
    struct test test;
    unsigned int random = 5;
    uint32_t sent = 0;
    set_up(&test, *state);
    size_t holder = 0;
    begin(&test, holder);
    for (int round = 0; round < 60; round++) {
        int chance = rand_r(&random) % 12;
        int64_t step_ms = chance == 0   ? DAY_MS
                          : chance == 1 ? -DAY_MS
                          : chance == 2 ? -HOUR_MS
                                        : rand_r(&random) % (2 * HOUR_MS);
        test.now_ms = test.now_ms + step_ms > MONDAY_MS ? test.now_ms + step_ms : MONDAY_MS;
        sent += send_up_to(&test, holder, (uint32_t)(rand_r(&random) % 8));
        if (round % 10 == 9) {
            end(&test, holder);
            holder = 1 - holder;
            begin(&test, holder);
        }
    }
    assert_true(sent > 30);
    end(&test, holder);
    tear_down(&test);
}

static void what_is_not_used_goes_back(void **state)
{
    struct test test;
    set_up(&test, *state);
    begin(&test, 0);
    struct worker *worker = &test.workers[0];
    assert_int_equal(send_up_to(&test, 0, 2), 2);
    /* One did not reach a server after all. */
    uint32_t tokens = worker->record->tokens;
    warm_records_give_back(worker->records, worker->record, 0);
    assert_int_equal(worker->record->tokens, tokens + 1);
    assert_int_equal(worker->record->state.used, 1);
    test.sent[0]--;
    test.sent_hour[0][0]--;
    /* Taken in an hour that is over it is lost: in the next one it would be one too many. */
    warm_records_give_back(worker->records, worker->record, HOUR_MS);
    assert_int_equal(worker->record->tokens, tokens + 1);
    while (worker->record->is_asking) {
        loop_run(test.world->loop);
    }
    warm_records_leave(worker->records);
    assert_int_equal(worker->record->tokens, 0);
    turn_loop(&test, 20);
    assert_int_equal(send_up_to(&test, 0, 1000), 2);
    end(&test, 0);
    tear_down(&test);
}

static const struct path_reply blocked = {REPLY_CLASS_REPUTATION, 0, 0, 550, 0, "rule"};

static void it_slows_down_by_itself(void **state)
{
    struct test test;
    uint64_t age_ms;
    set_up(&test, *state);
    begin(&test, 0);
    struct worker *worker = &test.workers[0];
    assert_int_equal(send_up_to(&test, 0, 1000), 3);
    test.now_ms += HOUR_MS;
    assert_int_equal(send_up_to(&test, 0, 1000), 3);
    test.now_ms = MONDAY_MS + DAY_MS; /* day 2: 12 */
    assert_int_equal(send_up_to(&test, 0, 1000), 6);
    for (int i = 0; i < 20; i++) {
        warm_records_heard(worker->records, worker->record, &blocked);
    }
    assert_int_equal(worker->record->state.verdict, WARMUP_BACK);
    /* As the day before, at once: that is used up already. */
    test.now_ms += HOUR_MS;
    assert_int_equal(send_up_to(&test, 0, 1000), 0);
    assert_true(warm_records_wait_ms(worker->records, worker->record, &age_ms) > HOUR_MS);
    /* The next owner knows, and tomorrow is a step back. */
    end(&test, 0);
    begin(&test, 1);
    assert_int_equal(test.workers[1].record->state.verdict, WARMUP_BACK);
    assert_int_equal(test.workers[1].record->state.seen.blocked, 20);
    test.now_ms = MONDAY_MS + 2 * DAY_MS;
    assert_int_equal(send_up_to(&test, 1, 1000), 3);
    assert_int_equal(test.workers[1].record->state.stage, 0);
    end(&test, 1);
    tear_down(&test);
}

static void on_changed(void *context, int error)
{
    world_answered(context, error);
}

static void an_operator_is_heard_within_a_second(void **state)
{
    struct test test;
    set_up(&test, *state);
    begin(&test, 0);
    struct worker *worker = &test.workers[0];
    assert_int_equal(send_up_to(&test, 0, 1000), 3);
    const struct store_warm_change change = {
        .ip = TEXT(IP), .what = "set", .site = TEXT("google"), .stage = 2};
    unsigned int rooms = worker->rooms;
    store_warm_change(test.world->store, &change, on_changed, test.world);
    world_wait(test.world);
    assert_int_equal(test.world->error, 0);
    world_wait_for(test.world, &worker->rooms, rooms + 1);
    assert_int_equal(worker->record->state.stage, 2);
    assert_int_equal(send_up_to(&test, 0, 1000), 12); /* 15 in this hour, 3 were sent */
    /* Names that are none of a site share one record, and no plan is no record. */
    struct warm_record *odd =
        warm_records_hold(worker->records, &worker->ips.items[0], TEXT("#plan"));
    assert_string_equal(odd->name, STORE_WARM_REST);
    warm_records_release(odd);
    end(&test, 0);
    assert_true(warm_records_may_send(NULL, NULL));
    tear_down(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_day_0_to_the_last_day, world_open, world_close),
        cmocka_unit_test_setup_teardown(two_workers_and_clocks_that_step, world_open, world_close),
        cmocka_unit_test_setup_teardown(what_is_not_used_goes_back, world_open, world_close),
        cmocka_unit_test_setup_teardown(it_slows_down_by_itself, world_open, world_close),
        cmocka_unit_test_setup_teardown(an_operator_is_heard_within_a_second, world_open,
                                        world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
