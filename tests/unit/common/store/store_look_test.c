/* What Why looks at, against a real Redis: it must see what the scripts decide by. */
#include "common/store/store_look.h"

#include "common/store/store_events.h"
#include "common/store/store_keys.h"
#include "store_world.h"

#include <errno.h>
#include <string.h>

struct looking {
    struct world *world;
    struct store_look_row row;
    struct store_look_tokens tokens;
    bool is_full;
    size_t count;
    struct store_event_place places[4];
};

static void on_row(void *context, int error, const struct store_look_row *look)
{
    struct looking *looking = context;
    looking->row = *look;
    world_answered(looking->world, error);
}

static void look_row(struct looking *looking, uint32_t position)
{
    struct store_batch_name name = world_batch(looking->world, 0);
    store_look_row(looking->world->store, &name, position, on_row, looking);
    world_wait(looking->world);
}

static void a_row_is_seen_free_and_claimed(void **state)
{
    struct looking looking = {.world = *state};
    world_create(looking.world, 1, false);
    world_add_chunk(looking.world, 0, 3);
    world_submit(looking.world, 1);
    look_row(&looking, 2);
    assert_int_equal(looking.world->error, 0);
    assert_int_equal(looking.row.row.state, OUTCOME_PENDING);
    assert_int_equal(looking.row.rows, 3);
    assert_string_equal(looking.row.session, "");
    world_claim(looking.world, 0);
    look_row(&looking, 2);
    assert_string_equal(looking.row.session, WORLD_SESSION);
    assert_true(looking.row.claimed_unix_s > 0);
    assert_int_equal(looking.row.due_unix_s, 0);
    look_row(&looking, 3);
    assert_int_equal(looking.world->error, -ENOENT);
}

/* ---------------------------------------------------------------- shared limits */

static void on_asked(void *context, int error, bool is_full, uint64_t wait_ms)
{
    struct looking *looking = context;
    (void)wait_ms;
    looking->is_full = is_full;
    world_answered(looking->world, error);
}

static void on_tokens(void *context, int error, const struct store_look_tokens *look)
{
    struct looking *looking = context;
    looking->tokens = *look;
    world_answered(looking->world, error);
}

/* Asked with all that is on its way told; then looked at. */
static void ask(struct looking *looking, uint32_t asked, uint64_t on_way, uint64_t ended)
{
    struct store_tokens tokens = {.name = {.tenant = TEXT("default"), .name = TEXT("tenant")},
                                  .lane = STORE_TOKENS_BULK,
                                  .asked = asked,
                                  .window_ms = 60000,
                                  .most = 100,
                                  .most_of_lane = 90,
                                  .on_way = {0, on_way},
                                  .ended = {0, ended}};
    store_tokens_ask(looking->world->store, &tokens, on_asked, looking);
    world_wait(looking->world);
    store_look_tokens(looking->world->store, &tokens.name, tokens.window_ms, on_tokens, looking);
    world_wait(looking->world);
    assert_int_equal(looking->world->error, 0);
}

static void a_limit_is_counted_as_the_script_counts(void **state)
{
    struct looking looking = {.world = *state};
    ask(&looking, 40, 0, 0);
    assert_false(looking.is_full);
    assert_int_equal(looking.tokens.used[STORE_TOKENS_BULK], 40);
    assert_int_equal(looking.tokens.frees_unix_ms, 0); /* all on its way */
    ask(&looking, 30, 10, 30);                         /* 30 of them have ended */
    assert_false(looking.is_full);
    assert_int_equal(looking.tokens.used[STORE_TOKENS_BULK], 70);
    assert_true(looking.tokens.frees_unix_ms > 0);
    ask(&looking, 30, 40, 0); /* 70 + 30 is more than the lane may have */
    assert_true(looking.is_full);
    assert_int_equal(looking.tokens.used[STORE_TOKENS_BULK], 70);
}

static void damaged_counts_are_passed_over(void **state)
{
    (void)state;
    struct store_look_tokens look;
    const struct text fields[] = {TEXT("v"),   TEXT("1"),        TEXT("d10"),
                                  TEXT("x y"), TEXT("d20"),      TEXT("1 2 3 4"),
                                  TEXT("oab"), TEXT("3 4 5000"), TEXT("d99999999999999999999"),
                                  TEXT("5 6")};
    size_t count = sizeof fields / sizeof fields[0];
    assert_int_equal(store_look_tokens_count(fields, count, 1000, 2500, &look), 0);
    assert_int_equal(look.used[STORE_TOKENS_TRANSACTIONAL], 1 + 3);
    assert_int_equal(look.used[STORE_TOKENS_BULK], 2 + 4);
    assert_int_equal(look.frees_unix_ms, 3000);
    const struct text other[] = {TEXT("v"), TEXT("2")};
    assert_int_equal(store_look_tokens_count(other, 2, 1000, 2500, &look), -EINVAL);
}

/* ---------------------------------------------------------------- events */

static void on_entries(void *context, int error, const struct store_event_entry *entries,
                       size_t count)
{
    struct looking *looking = context;
    looking->count = count;
    for (size_t i = 0; i < count && i < 4; i++) {
        looking->places[i] = entries[i].place;
    }
    world_answered(looking->world, error);
}

static void events_are_read_from_the_newest_back(void **state)
{
    struct looking looking = {.world = *state};
    world_create(looking.world, 2, false);
    world_add_chunk(looking.world, 0, 3);
    world_submit(looking.world, 1); /* an entry of its state */
    world_claim(looking.world, 0);
    world_flush(looking.world, 0, 1, 1, OUTCOME_DEFERRED, false);
    unsigned int partition = store_keys_partition(looking.world->campaign.id);
    struct store_events_back back = {.tenant = TEXT("default"), .partition = partition, .limit = 2};
    store_events_before(looking.world->store, &back, on_entries, &looking);
    world_wait(looking.world);
    assert_int_equal(looking.world->error, 0);
    assert_true(looking.count >= 2);
    assert_true(looking.places[0].sequence > looking.places[1].sequence);
    struct store_event_place last = looking.places[0];
    back.before = &last;
    back.limit = 1;
    store_events_before(looking.world->store, &back, on_entries, &looking);
    world_wait(looking.world);
    assert_int_equal(looking.count, 1);
    assert_true(looking.places[0].sequence < last.sequence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_is_seen_free_and_claimed, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_limit_is_counted_as_the_script_counts, world_open,
                                        world_close),
        cmocka_unit_test(damaged_counts_are_passed_over),
        cmocka_unit_test_setup_teardown(events_are_read_from_the_newest_back, world_open,
                                        world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
