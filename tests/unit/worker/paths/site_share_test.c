/* Shares of one limit in simulated time: workers come, die, stand still and wake, calls get lost,
 * the store is away. The store is as tokens.v1.lua, which tests/scripts/test_tokens.py tests. */
#include "worker/paths/site_share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORKERS 6
#define STEP_MS 5
#define SIMULATED_S 150
#define STEPS (SIMULATED_S * 1000 / STEP_MS)
#define ACTIVE_MOST 80
#define HOLD_MS 90000
#define TENTH_MS 100
#define STOP_MS 4000 /* without the store nothing is started or completed after so long */
#define ENTRIES_MOST 8000

struct entry {
    uint64_t ends_ms;
    uint64_t count;
};

/* What the store knows. */
struct store {
    struct {
        uint64_t on_way;
        uint64_t seen_ms;
        bool is_known;
    } sessions[1000];
    size_t session_count;
    struct entry ended[ENTRIES_MOST];
    size_t ended_count;
    uint64_t away_until_ms;
};

struct worker {
    struct site_share share;
    size_t session;
    bool is_alive;
    uint64_t stopped_until_ms;
    uint64_t ends_ms[ACTIVE_MOST]; /* of what is on its way; 0: free */
    struct {
        bool is_under_way;
        bool is_applied;
        bool is_lost;
        bool is_full;
        uint64_t wait_ms;
        uint64_t apply_ms;
        uint64_t answer_ms;
        struct site_share_call call;
    } call;
};

struct world {
    struct store store;
    struct worker workers[WORKERS];
    struct site_share_limit limit;
    uint64_t now_ms;
    uint64_t dice;
    uint64_t taken_ms[200000]; /* when messages were taken */
    size_t taken;
    uint64_t busy_most;
    bool is_rough; /* calls get lost, workers die and stand still, the store goes away */
};

static uint64_t roll(struct world *world, uint64_t sides)
{
    world->dice = world->dice * 6364136223846793005U + 1442695040888963407U;
    return (world->dice >> 33) % sides;
}

static uint64_t sum_others(const struct world *world, size_t session, uint64_t *ret_oldest_ms)
{
    const struct store *store = &world->store;
    uint64_t sum = 0;
    *ret_oldest_ms = 0;
    for (size_t i = 0; i < store->session_count; i++) {
        uint64_t ends_ms = store->sessions[i].seen_ms + HOLD_MS + world->limit.window_ms;
        bool counts = i != session && store->sessions[i].is_known && ends_ms > world->now_ms;
        sum += counts ? store->sessions[i].on_way : 0;
    }
    for (size_t i = 0; i < store->ended_count; i++) {
        const struct entry *entry = &store->ended[i];
        if (entry->ends_ms > world->now_ms) {
            sum += entry->count;
            bool is_older = *ret_oldest_ms == 0 || entry->ends_ms < *ret_oldest_ms;
            *ret_oldest_ms = is_older ? entry->ends_ms : *ret_oldest_ms;
        }
    }
    return sum;
}

/* tokens.v1.lua */
static void apply(struct world *world, struct worker *worker)
{
    struct store *store = &world->store;
    const struct site_share_call *call = &worker->call.call;
    uint64_t oldest_ms;
    uint64_t sum = sum_others(world, worker->session, &oldest_ms) + call->on_way + call->ended;
    bool fits = sum + call->asked <= world->limit.most || sum == 0 || call->asked == 0;
    store->sessions[worker->session].on_way = call->on_way + (fits ? call->asked : 0);
    store->sessions[worker->session].seen_ms = world->now_ms;
    store->sessions[worker->session].is_known = true;
    if (call->ended > 0 && world->limit.window_ms > 0) {
        assert_true(store->ended_count < ENTRIES_MOST);
        store->ended[store->ended_count++] = (struct entry){
            (world->now_ms + TENTH_MS - 1) / TENTH_MS * TENTH_MS + world->limit.window_ms,
            call->ended};
    }
    worker->call.is_applied = true;
    worker->call.is_full = !fits;
    worker->call.wait_ms = fits || oldest_ms == 0 ? 0 : oldest_ms - world->now_ms;
}

static void forget_ended(struct world *world)
{
    size_t kept = 0;
    for (size_t i = 0; i < world->store.ended_count; i++) {
        if (world->store.ended[i].ends_ms > world->now_ms) {
            world->store.ended[kept++] = world->store.ended[i];
        }
    }
    world->store.ended_count = kept;
}

static bool is_away(const struct world *world)
{
    return world->now_ms < world->store.away_until_ms;
}

/* The store gets a call even when its worker does not live to hear the answer. */
static void step_call(struct world *world, struct worker *worker)
{
    if (worker->call.is_under_way && !worker->call.is_applied && !is_away(world) &&
        world->now_ms >= worker->call.apply_ms) {
        if (worker->call.is_lost && roll(world, 2) == 0) {
            worker->call.is_applied = true; /* it did not get there */
        } else {
            apply(world, worker);
        }
    }
}

static void hear(struct world *world, struct worker *worker)
{
    bool is_over = worker->call.is_applied && world->now_ms >= worker->call.answer_ms;
    bool is_given_up = is_away(world) && world->now_ms >= worker->call.apply_ms + 1000;
    if (worker->call.is_under_way && (is_over || is_given_up)) {
        bool is_lost = worker->call.is_lost || is_given_up;
        worker->call.is_under_way = false;
        site_share_on_answer(&worker->share, is_lost ? -1 : 0, worker->call.is_full,
                             worker->call.wait_ms, world->now_ms);
    }
}

static void call(struct world *world, struct worker *worker)
{
    struct site_share_call next;
    if (worker->call.is_under_way || !site_share_next(&worker->share, world->now_ms, &next)) {
        return;
    }
    memset(&worker->call, 0, sizeof worker->call);
    worker->call.call = next;
    worker->call.is_under_way = true;
    worker->call.is_lost = world->is_rough && roll(world, 40) == 0;
    worker->call.apply_ms = world->now_ms + roll(world, 20);
    worker->call.answer_ms = worker->call.apply_ms + roll(world, world->is_rough ? 100 : 20);
}

static bool may_work(const struct world *world)
{
    return !is_away(world) ||
           world->now_ms + 60000 < world->store.away_until_ms + STOP_MS; /* it goes for a minute */
}

static void work(struct world *world, struct worker *worker)
{
    for (size_t i = 0; i < ACTIVE_MOST; i++) {
        if (worker->ends_ms[i] != 0 && world->now_ms >= worker->ends_ms[i]) {
            worker->ends_ms[i] = 0;
            site_share_end(&worker->share);
            if (may_work(world)) {
                world->taken_ms[world->taken++] = world->now_ms;
            }
        }
    }
    for (size_t i = 0; i < ACTIVE_MOST && may_work(world); i++) {
        if (worker->ends_ms[i] == 0 && site_share_wants(&worker->share, world->now_ms)) {
            site_share_begin(&worker->share, world->now_ms);
            worker->ends_ms[i] =
                world->now_ms + 20 + roll(world, roll(world, 30) == 0 ? 5000 : 200);
        }
    }
}

/* Too long: it will find that what it has begun may not be completed. */
static void stand_still(struct world *world, struct worker *worker, uint64_t for_ms)
{
    worker->stopped_until_ms = world->now_ms + for_ms;
    for (size_t i = 0; i < ACTIVE_MOST && for_ms >= STOP_MS; i++) {
        if (worker->ends_ms[i] != 0) {
            worker->ends_ms[i] = 0;
            site_share_end(&worker->share);
        }
    }
}

static void trouble(struct world *world, struct worker *worker)
{
    uint64_t die = roll(world, 8000);
    if (!worker->is_alive) {
        if (die < 40 && world->store.session_count < 1000) {
            memset(worker, 0, sizeof *worker);
            site_share_use(&worker->share, world->limit);
            worker->session = world->store.session_count++;
            worker->is_alive = true;
        }
    } else if (die < 2) {
        worker->is_alive = false;
    } else if (die < 4) {
        bool is_short = roll(world, 2) == 0;
        stand_still(world, worker, is_short ? 200 + roll(world, 3000) : 5000 + roll(world, 120000));
    } else if (die == 4 && roll(world, 10) == 0 && !is_away(world)) {
        world->store.away_until_ms = world->now_ms + 60000;
    }
}

static uint64_t busy(const struct world *world)
{
    uint64_t sum = 0;
    for (size_t w = 0; w < WORKERS; w++) {
        for (size_t i = 0; i < ACTIVE_MOST; i++) {
            sum += world->workers[w].is_alive && world->workers[w].ends_ms[i] != 0;
        }
    }
    return sum;
}

static void step(struct world *world)
{
    for (size_t i = 0; i < WORKERS; i++) {
        struct worker *worker = &world->workers[i];
        step_call(world, worker);
        if (world->is_rough && world->now_ms >= worker->stopped_until_ms) {
            trouble(world, worker);
        }
        if (!worker->is_alive || world->now_ms < worker->stopped_until_ms) {
            continue;
        }
        hear(world, worker);
        work(world, worker);
        call(world, worker);
    }
    forget_ended(world);
    uint64_t now_busy = busy(world);
    world->busy_most = now_busy > world->busy_most ? now_busy : world->busy_most;
}

static struct world *run(uint64_t seed, struct site_share_limit limit, size_t workers,
                         bool is_rough)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->limit = limit;
    world->dice = seed;
    world->is_rough = is_rough;
    world->now_ms = 1000000;
    for (size_t i = 0; i < workers; i++) {
        site_share_use(&world->workers[i].share, limit);
        world->workers[i].session = world->store.session_count++;
        world->workers[i].is_alive = true;
    }
    for (size_t i = 0; i < STEPS; i++) {
        world->now_ms += STEP_MS;
        step(world);
    }
    return world;
}

static size_t most_in_any(const struct world *world, uint64_t window_ms)
{
    size_t first = 0;
    size_t most = 0;
    for (size_t last = 0; last < world->taken; last++) {
        while (world->taken_ms[first] + window_ms <= world->taken_ms[last]) {
            first++;
        }
        most = last - first + 1 > most ? last - first + 1 : most;
    }
    return most;
}

/* I6, M3: over all workers, in any window, whatever happens to them. */
static void no_window_has_more_than_the_limit(void **state)
{
    (void)state;
    static const struct site_share_limit limits[] = {
        {1, 10000}, {7, 10000}, {200, 10000}, {1000, 10000}, {5, 60000}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        for (uint64_t seed = 1; seed <= 2; seed++) {
            struct world *world = run(seed, limits[i], 1 + (i + 2 * seed) % WORKERS, true);
            assert_in_range(most_in_any(world, limits[i].window_ms), 1, limits[i].most);
            free(world);
        }
    }
}

/* In calm weather nearly all of it is used, by however many, and it flows. */
static void a_limit_is_used(void **state)
{
    (void)state;
    static const size_t workers[] = {1, 2, 5};
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++) {
        struct world *world = run(i + 1, (struct site_share_limit){600, 10000}, workers[i], false);
        assert_in_range(most_in_any(world, 10000), 540, 600);
        assert_true(world->taken >= 600 * SIMULATED_S / 10 * 85 / 100);
        assert_true(most_in_any(world, 1000) <= 120 * workers[i]);
        free(world);
    }
}

/* M3: connections at once. One that stands still is not counted on: its server ends them. */
static void no_more_connections_than_the_limit(void **state)
{
    (void)state;
    static const uint64_t most[] = {1, 5, 100};
    for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
        struct world *world = run(i + 1, (struct site_share_limit){most[i], 0}, 4, false);
        assert_in_range(world->busy_most, most[i] > 1 ? most[i] / 2 : 1, most[i]);
        free(world);
    }
}

static void unused_places_go_back(void **state)
{
    (void)state;
    struct site_share share = {0};
    struct site_share_call call;
    site_share_use(&share, (struct site_share_limit){160, 10000});
    assert_false(site_share_next(&share, 1000, &call));
    assert_false(site_share_wants(&share, 1000));
    assert_true(site_share_next(&share, 1000, &call));
    assert_int_equal(call.asked, 10);
    site_share_on_answer(&share, 0, false, 0, 1010);
    assert_true(site_share_has(&share, 1010));
    assert_false(site_share_next(&share, 1100, &call));
    assert_true(site_share_next(&share, 2000, &call)); /* nobody wants them */
    assert_int_equal(call.on_way, 0);
    assert_int_equal(call.asked, 0);
    assert_false(site_share_has(&share, 2000));
}

static void old_places_are_void(void **state)
{
    (void)state;
    struct site_share share = {0};
    struct site_share_call call;
    site_share_use(&share, (struct site_share_limit){160, 10000});
    (void)site_share_wants(&share, 1000);
    assert_true(site_share_next(&share, 1000, &call));
    site_share_on_answer(&share, 0, false, 0, 1010);
    assert_true(site_share_has(&share, 1000 + SITE_SHARE_VALID_MS - 1));
    assert_false(site_share_has(&share, 1000 + SITE_SHARE_VALID_MS));
    assert_false(site_share_wants(&share, 1000 + SITE_SHARE_VALID_MS));
}

/* Or the store would take it for over. */
static void what_is_on_its_way_is_told_of(void **state)
{
    (void)state;
    struct site_share share = {0};
    struct site_share_call call;
    site_share_use(&share, (struct site_share_limit){16, 10000});
    (void)site_share_wants(&share, 1000);
    assert_true(site_share_next(&share, 1000, &call));
    site_share_on_answer(&share, 0, false, 0, 1000);
    site_share_begin(&share, 1000);
    assert_false(site_share_next(&share, 20999, &call));
    assert_true(site_share_next(&share, 21000, &call));
    assert_int_equal(call.on_way, 1);
    assert_int_equal(call.asked, 0);
}

static void without_a_limit_everything_goes(void **state)
{
    (void)state;
    struct site_share share = {0};
    struct site_share_call call;
    site_share_use(&share, (struct site_share_limit){0, 10000});
    for (int i = 0; i < 5; i++) {
        assert_true(site_share_wants(&share, 1000));
        site_share_begin(&share, 1000);
    }
    site_share_end(&share);
    assert_false(site_share_next(&share, 100000, &call));
    /* A reload: what is on its way is told with the first call. */
    site_share_use(&share, (struct site_share_limit){16, 10000});
    assert_false(site_share_wants(&share, 100000));
    assert_true(site_share_next(&share, 100000, &call));
    assert_int_equal(call.on_way, 4);
    assert_int_equal(call.asked, 1);
}

static void a_failed_call_is_told_again(void **state)
{
    (void)state;
    struct site_share share = {0};
    struct site_share_call call;
    site_share_use(&share, (struct site_share_limit){160, 10000});
    (void)site_share_wants(&share, 1000);
    assert_true(site_share_next(&share, 1000, &call));
    site_share_on_answer(&share, 0, false, 0, 1000);
    site_share_begin(&share, 1000);
    site_share_end(&share);
    assert_true(site_share_next(&share, 1100, &call));
    assert_int_equal(call.ended, 1);
    assert_int_equal(call.on_way, 9);
    site_share_on_answer(&share, -1, false, 0, 1200);
    assert_true(site_share_next(&share, 1300, &call));
    assert_int_equal(call.ended, 1);
    site_share_on_answer(&share, 0, false, 0, 1300);
    assert_false(site_share_next(&share, 1400, &call));
    assert_true(site_share_next(&share, 1300 + 20000, &call)); /* given back long ago */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_has_more_than_the_limit),
        cmocka_unit_test(a_limit_is_used),
        cmocka_unit_test(no_more_connections_than_the_limit),
        cmocka_unit_test(unused_places_go_back),
        cmocka_unit_test(old_places_are_void),
        cmocka_unit_test(what_is_on_its_way_is_told_of),
        cmocka_unit_test(without_a_limit_everything_goes),
        cmocka_unit_test(a_failed_call_is_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
