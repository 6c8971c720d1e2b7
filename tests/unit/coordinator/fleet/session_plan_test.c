#include "coordinator/fleet/session_plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define OWN "00000000000000000000000000000001"
#define OTHER "00000000000000000000000000000002"
#define WORKER "00000000000000000000000000000003"

static int setup(void **state)
{
    *state = session_plan_create(OWN);
    const struct session_plan_entry registry[] = {
        {.session = OWN, .is_coordinator = true},
        {.session = OTHER, .is_coordinator = true},
        {.session = WORKER},
    };
    session_plan_on_registry(*state, registry, 3);
    return 0;
}

static int teardown(void **state)
{
    struct session_plan *plan = *state;
    session_plan_destroy(&plan);
    assert_null(plan);
    return 0;
}

/* The next step must be this one. */
static struct session_step expect(struct session_plan *plan, enum session_action action,
                                  const char *session)
{
    struct session_step step = {.session = ""};
    assert_true(session_plan_next(plan, &step));
    assert_int_equal(step.action, action);
    assert_string_equal(step.session, session);
    return step;
}

static struct lease_beat beat_of(const char *session, uint64_t beat)
{
    struct lease_beat lease = {.epoch = 1, .beat = beat};
    memcpy(lease.session, session, strlen(session));
    return lease;
}

/* One second: both leases are read; the worker's beat stands still from `frozen` on. */
static void pass_second(struct session_plan *plan, uint64_t second, uint64_t frozen)
{
    struct lease_beat other = beat_of(OTHER, second);
    struct lease_beat worker = beat_of(WORKER, second < frozen ? second : frozen);
    session_plan_tick(plan);
    (void)expect(plan, SESSION_READ, OTHER);
    (void)expect(plan, SESSION_READ, WORKER);
    (void)session_plan_on_beat(plan, OTHER, 0, &other, second * 1000, second * 1000);
    (void)session_plan_on_beat(plan, WORKER, 0, &worker, second * 1000, second * 1000);
}

static void a_dead_session_is_taken_removed_and_told(void **state)
{
    struct session_plan *plan = *state;
    struct session_step step;
    for (uint64_t second = 1; second < 10 + LEASE_WATCH_READS; second++) {
        pass_second(plan, second, 10);
        if (second < 9 + LEASE_WATCH_READS) {
            assert_false(session_plan_next(plan, &step));
            assert_int_equal(session_plan_ask(plan, WORKER), SESSION_ALIVE);
        }
    }
    step = expect(plan, SESSION_TAKE, WORKER);
    assert_int_equal(step.seen.beat, 10);
    assert_int_equal(session_plan_ask(plan, WORKER), SESSION_ALIVE); /* not before it is taken */
    assert_true(session_plan_on_taken(plan, WORKER, 0));
    assert_int_equal(session_plan_ask(plan, WORKER), SESSION_DEAD);
    assert_false(session_plan_has_left(plan, WORKER));
    (void)expect(plan, SESSION_REMOVE, WORKER);
    (void)expect(plan, SESSION_TELL, WORKER);
    assert_false(session_plan_next(plan, &step));
    assert_int_equal(session_plan_ask(plan, OTHER), SESSION_ALIVE);
}

static void a_take_that_fails_reads_again(void **state)
{
    struct session_plan *plan = *state;
    for (uint64_t second = 1; second < 10 + LEASE_WATCH_READS; second++) {
        pass_second(plan, second, 10);
    }
    (void)expect(plan, SESSION_TAKE, WORKER);
    assert_false(session_plan_on_taken(plan, WORKER, -ESTALE));
    assert_int_equal(session_plan_ask(plan, WORKER), SESSION_ALIVE);
    (void)expect(plan, SESSION_READ, WORKER);
    /* Another coordinator was quicker. */
    struct lease_beat taken = beat_of(OTHER, 0);
    taken.is_taken = true;
    assert_true(session_plan_on_beat(plan, WORKER, 0, &taken, 100000, 100000));
    assert_int_equal(session_plan_ask(plan, WORKER), SESSION_DEAD);
}

static void a_failed_read_starts_the_count_again(void **state)
{
    struct session_plan *plan = *state;
    struct session_step step;
    for (uint64_t second = 1; second < 60; second++) {
        session_plan_tick(plan);
        struct lease_beat still = beat_of(WORKER, 1);
        struct lease_beat other = beat_of(OTHER, second);
        (void)expect(plan, SESSION_READ, OTHER);
        (void)expect(plan, SESSION_READ, WORKER);
        (void)session_plan_on_beat(plan, OTHER, 0, &other, second * 1000, second * 1000);
        int error = second % LEASE_WATCH_READS == 0 ? -ECONNRESET : 0;
        (void)session_plan_on_beat(plan, WORKER, error, &still, second * 1000, second * 1000);
        assert_false(session_plan_next(plan, &step));
    }
}

static void one_that_left_is_dead_when_asked_for(void **state)
{
    struct session_plan *plan = *state;
    static const char gone[] = "00000000000000000000000000000009";
    (void)expect(plan, SESSION_READ, OTHER);
    (void)expect(plan, SESSION_READ, WORKER);
    assert_int_equal(session_plan_ask(plan, gone), SESSION_UNKNOWN);
    (void)expect(plan, SESSION_READ, gone);
    assert_true(session_plan_on_beat(plan, gone, -ENOENT, NULL, 1000, 1000));
    assert_int_equal(session_plan_ask(plan, gone), SESSION_DEAD);
    assert_true(session_plan_has_left(plan, gone));
}

static void one_that_just_starts_is_given_time(void **state)
{
    struct session_plan *plan = *state;
    (void)expect(plan, SESSION_READ, OTHER);
    (void)expect(plan, SESSION_READ, WORKER);
    assert_false(session_plan_on_beat(plan, WORKER, -ENOENT, NULL, 1000, 1000));
    assert_int_equal(session_plan_ask(plan, WORKER), SESSION_UNKNOWN);
    session_plan_tick(plan);
    (void)expect(plan, SESSION_READ, WORKER);
    struct lease_beat beat = beat_of(WORKER, 1);
    assert_true(session_plan_on_beat(plan, WORKER, 0, &beat, 2000, 2000));
    assert_int_equal(session_plan_ask(plan, WORKER), SESSION_ALIVE);
}

static void live_coordinators_are_counted(void **state)
{
    struct session_plan *plan = *state;
    assert_int_equal(session_plan_coordinators(plan), 2);
    struct lease_beat taken = beat_of(OWN, 0);
    taken.is_taken = true;
    (void)expect(plan, SESSION_READ, OTHER);
    assert_true(session_plan_on_beat(plan, OTHER, 0, &taken, 1000, 1000));
    assert_int_equal(session_plan_coordinators(plan), 1);
    /* Who is dead and still registered leaves the registry. */
    (void)expect(plan, SESSION_REMOVE, OTHER);
    assert_int_equal(session_plan_ask(plan, OWN), SESSION_ALIVE);
}

static void strangers_are_forgotten(void **state)
{
    struct session_plan *plan = *state;
    static const char gone[] = "00000000000000000000000000000009";
    (void)session_plan_ask(plan, gone);
    struct session_step step;
    while (session_plan_next(plan, &step)) {
        (void)session_plan_on_beat(plan, step.session, -ENOENT, NULL, 0, 0);
    }
    assert_int_equal(session_plan_life(plan, gone), SESSION_DEAD);
    for (unsigned int second = 0; second < 700; second++) {
        session_plan_tick(plan);
    }
    assert_int_equal(session_plan_life(plan, gone), SESSION_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dead_session_is_taken_removed_and_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_take_that_fails_reads_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_read_starts_the_count_again, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_left_is_dead_when_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_just_starts_is_given_time, setup, teardown),
        cmocka_unit_test_setup_teardown(live_coordinators_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_are_forgotten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
