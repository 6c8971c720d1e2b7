/* A store that was loaded from a backup, through typed calls against a real Redis: its mark, and
 * how batches and streams are brought in order. I4 */
#include "store_world.h"

#include "common/base/clock.h"
#include "common/store/store_events.h"
#include "common/store/store_load.h"
#include "common/store/store_restored.h"
#include "hikyaku/v1/api.pb-c.h"

#include <errno.h>

#define ID_TEXT "62616c6c6f6f6e732061726520726564"
#define OTHER_TEXT "00000000000000000000000000000000"
#define POLICY HIKYAKU__V1__RESTORE_ASSUME__RESTORE_ASSUME_POLICY
#define UNSENT HIKYAKU__V1__RESTORE_ASSUME__RESTORE_ASSUME_UNSENT
#define PARTITION 5 /* of the world's campaigns */
#define UNTOUCHED 6 /* nobody has written to it */

static struct store_restored mark;
static struct store_events_range ranges[STORE_EVENT_STREAMS];
static uint32_t numbers[4];
static size_t number_count;

static void on_mark(void *context, int error, const struct store_restored *restored)
{
    if (restored != NULL) {
        mark = *restored;
    }
    world_answered(context, error);
}

static void on_done(void *context, int error)
{
    world_answered(context, error);
}

static void on_ranges(void *context, int error,
                      const struct store_events_range found[STORE_EVENT_STREAMS])
{
    memcpy(ranges, found, sizeof ranges);
    world_answered(context, error);
}

static void on_batches(void *context, int error, const uint32_t *found, size_t count, uint64_t next)
{
    number_count = count;
    for (size_t i = 0; i < count && i < 4; i++) {
        numbers[i] = found[i];
    }
    assert_int_equal(next, 0);
    world_answered(context, error);
}

static enum store_restored_state read_state(struct world *world)
{
    mark = (struct store_restored){.state = STORE_RESTORED_NONE};
    store_restored_read(world->store, on_mark, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
    return mark.state;
}

static int decide(struct world *world, const char *id, uint8_t assume)
{
    const struct store_restored_decision decision = {
        .assume = assume, .keeps_drafts = true, .lost_unix_ms = 1234};
    store_restored_decide(world->store, id, &decision, on_done, world);
    world_wait(world);
    return world->error;
}

static int finish(struct world *world, unsigned int partition)
{
    store_restored_finish(world->store, partition, on_done, world);
    world_wait(world);
    return world->error;
}

static struct store_direct *connect_direct(const struct world *world)
{
    struct store_direct *direct = NULL;
    const struct store_direct_settings settings = {.endpoint = world->redis.endpoint};
    assert_int_equal(store_direct_open(&settings, &direct, NULL), 0);
    return direct;
}

static struct store_load *begin_load(struct store_direct *direct)
{
    struct store_load *load = NULL;
    const struct store_load_settings settings = {
        .prefix = "hk", .id = "balloons are red", .taken_unix_ms = 77};
    assert_int_equal(store_load_begin(direct, &settings, &load, NULL), 0);
    return load;
}

static void test_the_mark_from_its_begin_to_its_end(void **state)
{
    struct world *world = *state;
    assert_int_equal(read_state(world), STORE_RESTORED_NONE);
    assert_int_equal(decide(world, ID_TEXT, POLICY), -ENOENT);
    struct store_direct *direct = connect_direct(world);
    struct store_load *load = begin_load(direct);
    assert_int_equal(read_state(world), STORE_RESTORED_LOADING);
    assert_string_equal(mark.id, ID_TEXT);
    assert_int_equal(decide(world, ID_TEXT, POLICY), -EBUSY);
    assert_int_equal(store_load_end(load, 99, NULL), 0);
    store_load_close(&load);
    store_direct_close(&direct);

    assert_int_equal(read_state(world), STORE_RESTORED_WAITING);
    assert_int_equal(mark.taken_unix_ms, 77);
    assert_int_equal(mark.restored_unix_ms, 99);
    assert_int_equal(finish(world, 0), -EBUSY);
    assert_int_equal(decide(world, OTHER_TEXT, POLICY), -EBUSY);
    assert_int_equal(decide(world, ID_TEXT, POLICY), 0);
    assert_int_equal(decide(world, ID_TEXT, POLICY), 0);
    assert_int_equal(decide(world, ID_TEXT, UNSENT), -EBUSY);
    assert_int_equal(read_state(world), STORE_RESTORED_DECIDED);
    assert_int_equal(mark.decision.assume, POLICY);
    assert_int_equal(mark.decision.lost_unix_ms, 1234);
    assert_true(mark.decision.keeps_drafts);

    for (unsigned int i = 0; i < 63; i++) {
        assert_int_equal(finish(world, i), 0);
        assert_int_equal(read_state(world), STORE_RESTORED_DECIDED);
        assert_int_equal(mark.done, ((uint64_t)1 << (i + 1)) - 1);
    }
    assert_int_equal(finish(world, 63), 0);
    assert_int_equal(read_state(world), STORE_RESTORED_NONE);
    assert_int_equal(finish(world, 63), -ENOENT);
}

/* It is refused while anything else is there; half of the same one may be loaded again. */
static void test_only_into_an_empty_store(void **state)
{
    struct world *world = *state;
    struct problem problem = {.rule = ""};
    struct store_direct *direct = connect_direct(world);
    struct store_load *load = begin_load(direct);
    store_load_close(&load);
    load = begin_load(direct);
    store_load_close(&load);
    const struct store_load_settings other = {.prefix = "hk", .id = "another backup.."};
    assert_int_equal(store_load_begin(direct, &other, &load, &problem), -EEXIST);
    assert_string_equal(problem.rule, "store_not_empty");
    store_direct_close(&direct);
}

static int step(struct world *world, const char *session, bool may_all_be_sent, int64_t lost_unix_s)
{
    const struct store_restored_step asked = {.name = world_batch(world, 0),
                                              .tenant = TEXT("default"),
                                              .session = session,
                                              .may_all_be_sent = may_all_be_sent,
                                              .lost_unix_s = lost_unix_s};
    world->changed = 0;
    store_restored_batch(world->store, &asked, world_on_changed, world);
    world_wait(world);
    return world->error;
}

static int64_t now_s(void)
{
    return clock_unix_ms() / 1000;
}

static void claim_three_rows(struct world *world, unsigned char nth)
{
    world_create(world, nth, false);
    world_add_chunk(world, 0, 3);
    world_submit(world, 1);
    world_claim(world, 0);
    assert_int_equal(world->error, 0);
}

static void test_rows_that_may_have_been_sent_are_in_doubt(void **state)
{
    struct world *world = *state;
    claim_three_rows(world, 1);
    struct store_claim claim = {world_batch(world, 0), world->claim.epoch, TEXT("default")};
    const uint16_t first = 0;
    store_batch_mark(world->store, &claim, &first, 1, world_on_marked, world);
    world_wait(world);

    /* Nothing was sent since: as after a death, but nobody died. */
    assert_int_equal(step(world, "ffffffffffffffffffffffffffffffff", false, now_s()), -ESTALE);
    assert_int_equal(step(world, "", false, now_s()), -ESTALE);
    assert_int_equal(step(world, WORLD_SESSION, false, now_s()), 0);
    assert_int_equal(world->changed, 1);
    world_get(world);
    assert_int_equal(world->campaign.outcomes[OUTCOME_UNCERTAIN], 1);
    assert_int_equal(world->campaign.outcomes[OUTCOME_PENDING], 2);
    assert_int_equal(world->campaign.in_flight, 0);
    store_restored_batches(world->store, world->campaign.id, 0, on_batches, world);
    world_wait(world);
    assert_int_equal(number_count, 1);
    assert_int_equal(numbers[0], 0);
    world_claim(world, 0);
    assert_int_equal(world->claim.status, STORE_CLAIMED);
    assert_int_equal(world->claim.deaths, 0);

    /* All of it may have been sent, claimed or free; again changes nothing. */
    assert_int_equal(step(world, WORLD_SESSION, true, now_s()), 0);
    assert_int_equal(world->changed, 2);
    world_get(world);
    assert_int_equal(world->campaign.outcomes[OUTCOME_UNCERTAIN], 3);
    assert_int_equal(world->campaign.batches_open, 0);
    assert_int_equal(world->campaign.state, HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_COMPLETED);
    assert_int_equal(step(world, "", true, now_s()), 0);
    assert_int_equal(world->changed, 0);
    world_get(world);
    assert_int_equal(world->campaign.outcomes[OUTCOME_UNCERTAIN], 3);
}

static void defer_all(struct world *world, int64_t due_unix_s)
{
    struct store_row_change changes[3];
    for (uint16_t i = 0; i < 3; i++) {
        changes[i] = (struct store_row_change){i,
                                               {.state = OUTCOME_DEFERRED,
                                                .attempts = 1,
                                                .gate = GATE_RETRY_DUE,
                                                .seq = 1,
                                                .due = (uint32_t)due_unix_s}};
    }
    struct store_claim claim = {world_batch(world, 0), world->claim.epoch, TEXT("default")};
    struct store_flush flush = {1, changes, 3, TEXT("sealed details"), true};
    store_batch_flush(world->store, &claim, &flush, world_on_written, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
}

static void test_what_was_due_only_later_stays(void **state)
{
    struct world *world = *state;
    claim_three_rows(world, 2);
    defer_all(world, now_s() + 3600);
    assert_int_equal(step(world, "", true, now_s()), 0);
    assert_int_equal(world->changed, 0);
    world_get(world);
    assert_int_equal(world->campaign.outcomes[OUTCOME_DEFERRED], 3);
    assert_int_equal(step(world, "", true, now_s() + 3600), 0);
    assert_int_equal(world->changed, 3);
    world_get(world);
    assert_int_equal(world->campaign.outcomes[OUTCOME_UNCERTAIN], 3);
}

static void read_ranges(struct world *world)
{
    store_events_ranges(world->store, TEXT("default"), on_ranges, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
}

static void go_on(struct world *world, unsigned int partition)
{
    store_restored_stream(world->store, partition, TEXT("default"), on_done, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
}

/* Also without an entry, and where there never was one. */
static void test_streams_go_on_in_a_new_generation(void **state)
{
    struct world *world = *state;
    struct store_direct *direct = connect_direct(world);
    struct store_load *load = begin_load(direct); /* into the empty store */
    claim_three_rows(world, 3);
    read_ranges(world);
    struct store_events_range before = ranges[PARTITION];
    assert_true(before.length > 0 && before.last.sequence == before.length);
    assert_int_equal(store_load_end(load, 99, NULL), 0);
    store_load_close(&load);
    store_direct_close(&direct);

    go_on(world, PARTITION);
    go_on(world, PARTITION);
    go_on(world, UNTOUCHED);
    read_ranges(world);
    assert_true(ranges[PARTITION].last.generation > before.last.generation);
    assert_int_equal(ranges[PARTITION].length, before.length);
    assert_int_equal(ranges[PARTITION].removed, 0);
    assert_true(ranges[UNTOUCHED].last.generation > 0);
    assert_int_equal(ranges[UNTOUCHED].length, 0);
    assert_int_equal(ranges[UNTOUCHED].removed, 0);

    /* What is written next follows. */
    struct store_event_place last = ranges[PARTITION].last;
    store_campaign_control(world->store, world->campaign.id, STORE_CONTROL_PAUSE, TEXT(""),
                           world_on_campaign, world);
    world_wait(world);
    read_ranges(world);
    assert_int_equal(ranges[PARTITION].last.generation, last.generation);
    assert_int_equal(ranges[PARTITION].last.sequence, last.sequence + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_mark_from_its_begin_to_its_end, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(test_only_into_an_empty_store, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_rows_that_may_have_been_sent_are_in_doubt, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(test_what_was_due_only_later_stays, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(test_streams_go_on_in_a_new_generation, world_open,
                                        world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
