/* A campaign from Create to its last outcome, through typed calls against a real Redis. */
#include "common/store/store_keys.h"
#include "common/store/store_holder.h"
#include "store_world.h"

struct holder_answer {
    struct world *world;
    struct store_holder *ret_holder;
};

static void on_holder(void *context, int error, const struct store_holder *holder)
{
    struct holder_answer *answer = context;
    *answer->ret_holder = *holder;
    world_answered(answer->world, error);
}

static void get_holder(struct world *world, const struct store_batch_name *name,
                       struct store_holder *ret_holder)
{
    struct holder_answer answer = {world, ret_holder};
    store_holder_get(world->store, name, on_holder, &answer);
    world_wait(world);
}

static void test_a_campaign_goes_through(void **state)
{
    struct world *world = *state;
    world_create(world, 1, false);
    assert_int_equal(world->error, 0);
    assert_false(world->is_replayed);
    assert_int_equal(world->campaign.state, 1);
    world_create(world, 1, false);
    assert_true(world->is_replayed);

    world_add_chunk(world, 0, 50);
    assert_int_equal(world->error, 0);
    assert_int_equal(world->chunk.accepted, 50);
    assert_int_equal(world->chunk.rejected, 2);
    world_add_chunk(world, 0, 50);
    assert_true(world->chunk.is_replayed);
    assert_int_equal(world->chunk.accepted, 50);

    world_claim(world, 0);
    assert_int_equal(world->claim.status, STORE_CLAIM_NOT_RUNNING);
    world_submit(world, 7);
    assert_int_equal(world->error, -ESTALE);
    world_submit(world, 1);
    assert_int_equal(world->error, 0);
    assert_int_equal(world->campaign.state, 3);
    assert_int_equal(world->campaign.outcomes[OUTCOME_PENDING], 50);

    world_claim(world, 0);
    assert_int_equal(world->claim.status, STORE_CLAIMED);
    assert_int_equal(world->rows_size, 50 * ROWS_SIZE);
    assert_true(world->claim.is_hold);
    uint64_t epoch = world->claim.epoch;
    world_claim(world, 0);
    assert_int_equal(world->claim.epoch, epoch);
    world->ask++; /* who asks anew is not given what an older asking got */
    world_claim(world, 0);
    assert_int_equal(world->claim.status, STORE_CLAIM_TAKEN);
    world->ask--;
    world_claim(world, 0);

    uint16_t positions[] = {3, 1, 49};
    struct store_claim claim = {world_batch(world, 0), epoch, TEXT("default")};
    store_batch_mark(world->store, &claim, positions, 3, world_on_marked, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(world->word, STORE_RUN);
    assert_in_range(world->ms_left, 3500 * 1000, 3600 * 1000);

    world_flush(world, 0, 1, 20, OUTCOME_DELIVERED, false);
    assert_int_equal(world->error, 0);
    world_flush(world, 0, 1, 20, OUTCOME_DELIVERED, false);
    assert_int_equal(world->error, 0);
    world_get(world);
    assert_int_equal(world->campaign.outcomes[OUTCOME_DELIVERED], 20);
    assert_int_equal(world->campaign.outcomes[OUTCOME_PENDING], 30);
    assert_int_equal(world->campaign.in_flight, 50);
    assert_int_equal(world->campaign.site_count, 1);
    assert_int_equal(world->campaign.sites[0].outcomes[OUTCOME_DELIVERED], 20);
}

static void test_the_last_outcome_completes(void **state)
{
    struct world *world = *state;
    world_create(world, 2, false);
    world_add_chunk(world, 0, 3);
    world_submit(world, 1);
    world_claim(world, 0);
    world_flush(world, 0, 1, 3, OUTCOME_DELIVERED, true);
    assert_int_equal(world->error, 0);
    world_flush(world, 0, 1, 3, OUTCOME_DELIVERED, true); /* its answer got lost */
    assert_int_equal(world->error, 0);
    world_get(world);
    assert_int_equal(world->campaign.state, 7);
    assert_int_equal(world->campaign.batches_open, 0);
    assert_int_equal(world->campaign.in_flight, 0);
    world_claim(world, 0);
    assert_int_equal(world->claim.status, STORE_CLAIM_NOT_RUNNING);
}

static void test_others_are_fenced(void **state)
{
    struct world *world = *state;
    world_create(world, 3, false);
    world_add_chunk(world, 0, 3);
    world_submit(world, 1);
    world_claim(world, 0);
    world->claim.epoch++;
    world_flush(world, 0, 1, 1, OUTCOME_DELIVERED, false);
    assert_int_equal(world->error, -ESTALE);
    struct store_batch_name name = world_batch(world, 0);
    store_batch_sweep(world->store, &name, TEXT("default"), OUTCOME_CANCELLED, world_on_changed,
                      world);
    world_wait(world);
    assert_int_equal(world->error, -EBUSY);
    struct store_reclaim reclaim = {"ffffffffffffffffffffffffffffffff", false, TEXT("default"), 0};
    store_reclaim_batch(world->store, &name, &reclaim, world_on_reclaimed, world);
    world_wait(world);
    assert_int_equal(world->error, -ESTALE);
    /* F23: one that is asked back is named by its epoch. */
    reclaim.session = WORLD_SESSION;
    struct store_holder holder;
    get_holder(world, &name, &holder);
    assert_string_equal(holder.session, WORLD_SESSION);
    assert_int_equal(holder.epoch, world->claim.epoch - 1); /* ours was falsified above */
    reclaim.epoch = holder.epoch + 1;
    store_reclaim_batch(world->store, &name, &reclaim, world_on_reclaimed, world);
    world_wait(world);
    assert_int_equal(world->error, -ESTALE);
    reclaim.epoch = holder.epoch;
    store_reclaim_batch(world->store, &name, &reclaim, world_on_reclaimed, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(world->changed, 0);
}

/* Nobody holds it: never claimed, gone, given back. */
static void test_holder_of_a_free_batch(void **state)
{
    struct world *world = *state;
    struct store_holder holder;
    world_create(world, 5, false);
    struct store_batch_name name = world_batch(world, 0);
    get_holder(world, &name, &holder);
    assert_int_equal(world->error, -ENOENT);
    world_add_chunk(world, 0, 3);
    get_holder(world, &name, &holder);
    assert_int_equal(world->error, -ENOENT);
    world_submit(world, 1);
    world_claim(world, 0);
    world_flush(world, 0, 1, 0, 0, true);
    get_holder(world, &name, &holder);
    assert_int_equal(world->error, 0);
    assert_string_equal(holder.session, "");
}

static void test_cancel_and_sweep(void **state)
{
    struct world *world = *state;
    world_create(world, 4, false);
    world_add_chunk(world, 0, 3);
    world_submit(world, 1);
    unsigned char id[16];
    memcpy(id, world->campaign.id, sizeof(id));
    store_campaign_control(world->store, id, STORE_CONTROL_CANCEL, TEXT("by hand"),
                           world_on_campaign, world);
    world_wait(world);
    assert_int_equal(world->campaign.state, 5);
    assert_int_equal(world->campaign.word, STORE_CANCEL);
    struct store_batch_name name = world_batch(world, 0);
    store_batch_sweep(world->store, &name, TEXT("default"), OUTCOME_CANCELLED, world_on_changed,
                      world);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(world->changed, 3);
    assert_int_equal(world->state, 6);
}

/* As if the batch had been claimed `seconds` earlier. */
static void claim_earlier(struct world *world, uint32_t number, int seconds)
{
    OWNED(buffer_finish) struct buffer key = {0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char command[256];
    store_keys_batch(&key, "hk", world->campaign.id, number, 'h');
    int length = snprintf(command, sizeof(command), "HINCRBY %.*s t -%d\r\n",
                          TEXT_PRINT(buffer_text(&key)), seconds);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", world->redis.folder);
    int link = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(link, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(link, command, (size_t)length), length);
    assert_true(read(link, command, sizeof(command)) > 2 && command[0] == ':');
    close(link);
}

/* A claim whose answer got lost is asked for again, perhaps much later. Reclaim counts the rows as
 * worked on that were due when it was made, so these and no others are worked on (I4). */
static void test_a_repeated_claim_answers_its_own_time(void **state)
{
    struct world *world = *state;
    world_create(world, 5, false);
    world_add_chunk(world, 0, 3);
    world_submit(world, 1);
    world_claim(world, 0);
    int64_t first_s = world->claim.now_unix_ms / 1000;
    claim_earlier(world, 0, 100);
    world_claim(world, 0);
    assert_int_equal(world->claim.status, STORE_CLAIMED);
    assert_int_equal(world->claim.now_unix_ms, (first_s - 100) * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_holder_of_a_free_batch, world_open, world_close),
        cmocka_unit_test(test_a_campaign_goes_through),
        cmocka_unit_test(test_the_last_outcome_completes),
        cmocka_unit_test(test_others_are_fenced),
        cmocka_unit_test(test_cancel_and_sweep),
        cmocka_unit_test(test_a_repeated_claim_answers_its_own_time),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
