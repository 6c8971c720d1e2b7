#include "coordinator/fleet/partition_plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Coordinators that share one store of 64 leases: every answer comes before the next step. */

#define PLANS 3

struct lease {
    struct lease_beat beat;
};

struct world {
    struct lease leases[PARTITION_PLAN_COUNT];
    struct partition_plan *plans[PLANS];
    char sessions[PLANS][33];
    bool is_alive[PLANS];
    unsigned int released[PLANS]; /* in this second */
    uint64_t now_ms;
};

static void world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->now_ms = 1000;
}

static void start(struct world *world, size_t number)
{
    (void)snprintf(world->sessions[number], sizeof world->sessions[number], "%032zx", number + 1);
    world->plans[number] =
        partition_plan_create(world->sessions[number], (unsigned int)(number * 20));
    world->is_alive[number] = true;
}

static void world_finish(struct world *world)
{
    for (size_t i = 0; i < PLANS; i++) {
        partition_plan_destroy(&world->plans[i]);
    }
}

static void take(struct world *world, size_t number, const struct partition_step *step)
{
    struct lease_beat *beat = &world->leases[step->partition].beat;
    bool is_as_seen = strcmp(beat->session, step->seen.session) == 0 &&
                      (beat->session[0] == '\0' ||
                       (beat->epoch == step->seen.epoch && beat->beat == step->seen.beat));
    if (!is_as_seen) {
        (void)partition_plan_on_taken(world->plans[number], step->partition, -ESTALE, 0);
        return;
    }
    memcpy(beat->session, world->sessions[number], sizeof beat->session);
    beat->epoch++;
    beat->beat = 0;
    (void)partition_plan_on_taken(world->plans[number], step->partition, 0, beat->epoch);
}

static void run(struct world *world, size_t number)
{
    struct partition_plan *plan = world->plans[number];
    struct partition_step step;
    while (partition_plan_next(plan, &step)) {
        struct lease_beat *beat = &world->leases[step.partition].beat;
        if (step.action == PARTITION_READ) {
            (void)partition_plan_on_beat(plan, step.partition, beat->epoch == 0 ? -ENOENT : 0, beat,
                                         world->now_ms, world->now_ms);
        } else if (step.action == PARTITION_TAKE) {
            take(world, number, &step);
        } else {
            assert_int_equal(step.epoch, beat->epoch);
            memset(beat->session, 0, sizeof beat->session);
            world->released[number]++;
        }
    }
}

static void pass_second(struct world *world)
{
    world->now_ms += LEASE_WATCH_GAP_MS;
    for (size_t i = 0; i < PLANS; i++) {
        world->released[i] = 0;
        if (!world->is_alive[i]) {
            continue;
        }
        for (unsigned int p = 0; p < PARTITION_PLAN_COUNT; p++) {
            world->leases[p].beat.beat += partition_plan_holds(world->plans[i], p) ? 1 : 0;
        }
        partition_plan_tick(world->plans[i]);
        run(world, i);
        assert_true(world->released[i] <= 1);
    }
}

/* Nobody holds what another holds, and the leases say the same. */
static unsigned int held_by_all(const struct world *world)
{
    unsigned int sum = 0;
    for (size_t i = 0; i < PLANS; i++) {
        for (unsigned int p = 0; world->is_alive[i] && p < PARTITION_PLAN_COUNT; p++) {
            if (partition_plan_holds(world->plans[i], p)) {
                assert_string_equal(world->leases[p].beat.session, world->sessions[i]);
                assert_string_equal(partition_plan_holder(world->plans[i], p), world->sessions[i]);
                sum++;
            }
        }
    }
    return sum;
}

static void set_share(struct world *world, unsigned int live)
{
    for (size_t i = 0; i < PLANS; i++) {
        if (world->is_alive[i]) {
            partition_plan_set_share(world->plans[i], (PARTITION_PLAN_COUNT + live - 1) / live);
        }
    }
}

static void the_first_takes_all_at_once(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    start(&world, 0);
    set_share(&world, 1);
    run(&world, 0);
    assert_int_equal(partition_plan_held(world.plans[0]), PARTITION_PLAN_COUNT);
    world_finish(&world);
}

static void a_second_gets_its_half_one_a_second(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    start(&world, 0);
    set_share(&world, 1);
    run(&world, 0);
    start(&world, 1);
    set_share(&world, 2);
    for (unsigned int second = 1; second <= 40; second++) {
        pass_second(&world);
        (void)held_by_all(&world);
    }
    assert_int_equal(partition_plan_held(world.plans[0]), 32);
    assert_int_equal(partition_plan_held(world.plans[1]), 32);
    assert_int_equal(held_by_all(&world), 64);
    world_finish(&world);
}

static void the_partitions_of_a_dead_one_are_taken_after_eight_reads(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < PLANS; i++) {
        start(&world, i);
    }
    set_share(&world, PLANS);
    for (size_t i = 0; i < PLANS; i++) {
        run(&world, i);
    }
    pass_second(&world);
    assert_int_equal(held_by_all(&world), 64);
    world.is_alive[2] = false;
    set_share(&world, 2);
    for (unsigned int second = 1; second < LEASE_WATCH_READS; second++) {
        pass_second(&world);
        assert_true(held_by_all(&world) < 64);
    }
    for (unsigned int second = 0; second < 3; second++) {
        pass_second(&world);
    }
    assert_int_equal(held_by_all(&world), 64);
    world_finish(&world);
}

/* One that starts anew after the death of its former life finds that others have seen it die. */
static void what_a_dead_session_holds_is_taken_at_once(void **state)
{
    (void)state;
    struct partition_plan *plan = partition_plan_create("00000000000000000000000000000001", 0);
    partition_plan_set_share(plan, 2);
    const struct lease_beat beat = {.session = "00000000000000000000000000000002", .epoch = 1};
    struct partition_step step;
    while (partition_plan_next(plan, &step)) {
        assert_int_equal(step.action, PARTITION_READ);
        (void)partition_plan_on_beat(plan, step.partition, step.partition == 9 ? -ENOENT : 0, &beat,
                                     1000, 1005);
        if (step.partition == 9) {
            break;
        }
    }
    partition_plan_on_dead(plan, 9); /* it is free: nobody's */
    partition_plan_on_dead(plan, 4);
    unsigned int taken[2] = {0};
    for (size_t i = 0; i < 2;) {
        assert_true(partition_plan_next(plan, &step));
        if (step.action == PARTITION_READ) {
            (void)partition_plan_on_beat(plan, step.partition, 0, &beat, 1000, 1005);
            continue;
        }
        assert_int_equal(step.action, PARTITION_TAKE);
        assert_string_equal(step.seen.session, step.partition == 4 ? beat.session : "");
        taken[i++] = step.partition;
        assert_int_equal(partition_plan_on_taken(plan, step.partition, 0, 2), PARTITION_GAINED);
    }
    assert_int_equal(taken[0], 4);
    assert_int_equal(taken[1], 9);
    partition_plan_on_dead(plan, 4); /* it is ours by now */
    assert_false(partition_plan_next(plan, &step));
    partition_plan_destroy(&plan);
}

static void a_slow_store_is_nobodys_death(void **state)
{
    (void)state;
    struct partition_plan *plan = partition_plan_create("00000000000000000000000000000001", 0);
    partition_plan_set_share(plan, 64);
    const struct lease_beat beat = {.session = "00000000000000000000000000000002", .epoch = 1};
    for (uint64_t read = 0; read < 30; read++) {
        struct partition_step step;
        partition_plan_tick(plan);
        while (partition_plan_next(plan, &step)) {
            assert_int_equal(step.action, PARTITION_READ);
            uint64_t sent_ms = read * 1100;
            /* Each seventh answer is late, or lost. */
            bool is_bad = read % 7 == 6;
            int error = is_bad && read % 2 == 0 ? -ECONNRESET : 0;
            (void)partition_plan_on_beat(plan, step.partition, error, &beat, sent_ms,
                                         sent_ms + (is_bad ? 1500 : 5));
        }
    }
    assert_int_equal(partition_plan_held(plan), 0);
    partition_plan_destroy(&plan);
}

static void a_lost_answer_of_a_take_is_found_again(void **state)
{
    (void)state;
    static const char own[] = "00000000000000000000000000000001";
    struct partition_plan *plan = partition_plan_create(own, 0);
    partition_plan_set_share(plan, 1);
    struct partition_step step;
    unsigned int taken = 64;
    while (partition_plan_next(plan, &step)) {
        if (step.action == PARTITION_TAKE) {
            taken = step.partition;
            (void)partition_plan_on_taken(plan, taken, -ECONNRESET, 0);
            break;
        }
        (void)partition_plan_on_beat(plan, step.partition, -ENOENT, NULL, 0, 0);
    }
    assert_int_equal(taken, 0);
    struct lease_beat beat = {.epoch = 7};
    memcpy(beat.session, own, sizeof beat.session);
    assert_true(partition_plan_next(plan, &step));
    assert_int_equal(step.action, PARTITION_READ);
    assert_int_equal(partition_plan_on_beat(plan, 0, 0, &beat, 1, 2), PARTITION_GAINED);
    assert_int_equal(partition_plan_epoch(plan, 0), 7);
    partition_plan_destroy(&plan);
}

static void a_refused_renewal_loses_it_once(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    start(&world, 0);
    set_share(&world, 1);
    run(&world, 0);
    assert_int_equal(partition_plan_on_refused(world.plans[0], 5), PARTITION_LOST);
    assert_int_equal(partition_plan_on_refused(world.plans[0], 5), PARTITION_SAME);
    assert_int_equal(partition_plan_held(world.plans[0]), 63);
    world_finish(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_takes_all_at_once),
        cmocka_unit_test(a_second_gets_its_half_one_a_second),
        cmocka_unit_test(the_partitions_of_a_dead_one_are_taken_after_eight_reads),
        cmocka_unit_test(what_a_dead_session_holds_is_taken_at_once),
        cmocka_unit_test(a_slow_store_is_nobodys_death),
        cmocka_unit_test(a_lost_answer_of_a_take_is_found_again),
        cmocka_unit_test(a_refused_renewal_loses_it_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
