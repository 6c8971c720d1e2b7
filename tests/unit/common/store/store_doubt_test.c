/* Doubt through typed calls against a real Redis: from a mark to its end. */
#include "store_world.h"

#include "common/base/clock.h"
#include "hikyaku/v1/api.pb-c.h"

static void on_doubts(void *context, int error, const struct store_doubt *doubts, size_t count)
{
    struct world *world = context;
    world->doubt_count = count;
    for (size_t i = 0; i < count && i < 4; i++) {
        world->doubts[i] = doubts[i];
    }
    world_answered(world, error);
}

static void list(struct world *world)
{
    struct store_doubt_range range = {.partition = 5, .to_unix_s = INT64_MAX, .limit = 4};
    store_doubt_list(world->store, &range, on_doubts, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
}

/* A batch of three rows: 0 and 1 marked, then its holder is taken over. */
static void leave_in_doubt(struct world *world, unsigned char nth)
{
    world_create(world, nth, false);
    world_add_chunk(world, 0, 3);
    world_submit(world, 1);
    world_claim(world, 0);
    struct store_claim claim = {world_batch(world, 0), world->claim.epoch, TEXT("default")};
    uint16_t positions[] = {0, 1};
    store_batch_mark(world->store, &claim, positions, 2, world_on_marked, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(world->marked.refused_count, 0);
    struct store_batch_name name = world_batch(world, 0);
    struct store_reclaim reclaim = {WORLD_SESSION, false, TEXT("default"), 0};
    store_reclaim_batch(world->store, &name, &reclaim, world_on_reclaimed, world);
    world_wait(world);
    assert_int_equal(world->changed, 2);
}

static void give_evidence(struct world *world, uint16_t position)
{
    struct store_claim claim = {world_batch(world, 0), world->claim.epoch, TEXT("default")};
    struct store_row_change change = {position,
                                      {.state = OUTCOME_DELIVERED, .attempts = 1, .seq = 1}};
    struct store_evidence evidence = {&change, 1, TEXT("sealed")};
    store_doubt_evidence(world->store, &claim, &evidence, world_on_changed, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
}

static void resolve(struct world *world, uint8_t as, const uint16_t *positions, size_t count)
{
    struct store_resolve asked = {world_batch(world, 0), TEXT("default"), as,
                                  TEXT("by hand"),       positions,       count};
    store_doubt_resolve(world->store, &asked, world_on_changed, world);
    world_wait(world);
}

static void test_evidence_ends_doubt_once(void **state)
{
    struct world *world = *state;
    leave_in_doubt(world, 1);
    list(world);
    assert_int_equal(world->doubt_count, 1);
    assert_memory_equal(world->doubts[0].name.campaign, world->campaign.id, 16);
    int64_t left_s = world->doubts[0].resolve_unix_s - clock_unix_ms() / 1000;
    assert_in_range(left_s, 3500, 3600);

    give_evidence(world, 0);
    assert_int_equal(world->changed, 1);
    give_evidence(world, 0);
    assert_int_equal(world->changed, 0);
    world_get(world);
    assert_int_equal(world->campaign.outcomes[OUTCOME_DELIVERED], 1);
    assert_int_equal(world->campaign.outcomes[OUTCOME_UNCERTAIN], 1);
    assert_int_equal(world->campaign.doubled, 0);
}

static void test_a_person_decides(void **state)
{
    struct world *world = *state;
    leave_in_doubt(world, 2);
    const uint16_t second = 1;
    resolve(world, 0, NULL, 0); /* its time has not come */
    assert_int_equal(world->changed, 0);
    resolve(world, HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_BOUNCED, &second, 1);
    assert_int_equal(world->error, 0);
    assert_int_equal(world->changed, 1);
    resolve(world, HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_RESEND, NULL, 0);
    assert_int_equal(world->changed, 1);
    world_get(world);
    assert_int_equal(world->campaign.outcomes[OUTCOME_BOUNCED], 1);
    assert_int_equal(world->campaign.outcomes[OUTCOME_DEFERRED], 1);
    assert_int_equal(world->campaign.outcomes[OUTCOME_UNCERTAIN], 0);
    assert_int_equal(world->campaign.resolve_after_s, 3600);
}

static void test_a_cancelled_campaign_sends_nothing_again(void **state)
{
    struct world *world = *state;
    leave_in_doubt(world, 3);
    unsigned char id[16];
    memcpy(id, world->campaign.id, sizeof(id));
    store_campaign_control(world->store, id, STORE_CONTROL_CANCEL, TEXT(""), world_on_campaign,
                           world);
    world_wait(world);
    resolve(world, HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_RESEND, NULL, 0);
    assert_int_equal(world->error, -EBUSY);
    memset(world->campaign.id, 0xff, 15);
    resolve(world, HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_RESEND, NULL, 0);
    assert_int_equal(world->error, -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_evidence_ends_doubt_once, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_person_decides, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_cancelled_campaign_sends_nothing_again, world_open,
                                        world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
