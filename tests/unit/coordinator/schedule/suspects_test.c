#include "coordinator/schedule/suspects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct suspects *suspects;
static uint64_t now_ms;
static bool has_right;

static int set_up(void **state)
{
    (void)state;
    suspects = suspects_create();
    now_ms = 1000000;
    has_right = false;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    suspects_destroy(&suspects);
    return 0;
}

static bool see(uint32_t number)
{
    char pool[] = "mkt"; /* gone when this returns */
    struct suspect suspect = {.number = number, .rows = 500, .lane = READY_BULK, .pool = pool};
    memset(suspect.campaign, 7, sizeof suspect.campaign);
    return suspects_see(suspects, &suspect, now_ms);
}

static enum suspects_action next(void)
{
    enum suspects_action action = suspects_next(suspects, now_ms, has_right);
    if (action == SUSPECTS_TAKE_RIGHT) {
        has_right = true;
    } else if (action == SUSPECTS_GIVE_RIGHT) {
        has_right = false;
    }
    return action;
}

static void claimed(uint32_t number)
{
    unsigned char campaign[READY_ID_SIZE];
    memset(campaign, 7, sizeof campaign);
    suspects_on_claimed(suspects, campaign, number, now_ms);
}

static uint32_t working_on(void)
{
    uint64_t since_ms = 0;
    const struct suspect *working = suspects_working(suspects, &since_ms);
    return working == NULL ? 0 : working->number;
}

static void test_one_turn(void **state)
{
    (void)state;
    assert_int_equal(next(), SUSPECTS_WAIT);
    assert_true(see(1));
    assert_false(see(1));
    assert_true(see(2));
    assert_int_equal(next(), SUSPECTS_TAKE_RIGHT);
    assert_int_equal(next(), SUSPECTS_OFFER);
    assert_int_equal(suspects_first(suspects)->number, 1);
    assert_string_equal(suspects_first(suspects)->pool, "mkt");
    assert_int_equal(next(), SUSPECTS_WAIT); /* once a second */
    now_ms += SUSPECTS_ASK_MS;
    assert_int_equal(next(), SUSPECTS_OFFER);
    claimed(9); /* somebody else's */
    assert_int_equal(working_on(), 0);
    claimed(1);
    assert_int_equal(working_on(), 1);
    assert_int_equal(suspects_count(suspects), 2);
    now_ms += 60000; /* a part is never cut short */
    assert_true(!see(2));
    assert_int_equal(next(), SUSPECTS_WAIT);
    suspects_on_end(suspects, now_ms, false);
    assert_int_equal(next(), SUSPECTS_GIVE_RIGHT); /* the turn was long enough */
    now_ms += 60000;
    (void)see(2);
    assert_int_equal(next(), SUSPECTS_WAIT); /* others have as long */
    now_ms += SUSPECTS_ASK_MS;
    (void)see(2);
    assert_int_equal(next(), SUSPECTS_TAKE_RIGHT);
}

static void test_parts_follow_each_other(void **state)
{
    (void)state;
    (void)see(1);
    (void)next();
    for (int part = 0; part < 4; part++) {
        assert_int_equal(next(), SUSPECTS_OFFER);
        claimed(1);
        now_ms += 500;
        suspects_on_end(suspects, now_ms, false);
        assert_int_equal(next(), SUSPECTS_WAIT); /* it is not seen yet */
        now_ms += 100;
        (void)see(1);
    }
    now_ms += SUSPECTS_TURN_MS;
    (void)see(1);
    assert_int_equal(next(), SUSPECTS_GIVE_RIGHT);
}

static void test_a_turn_without_a_next_part_ends(void **state)
{
    (void)state;
    (void)see(1);
    (void)next();
    (void)next();
    claimed(1);
    suspects_on_end(suspects, now_ms, false);
    now_ms += SUSPECTS_NEXT_MS;
    assert_int_equal(next(), SUSPECTS_GIVE_RIGHT);
    assert_int_equal(suspects_count(suspects), 0);
}

static void test_the_right_may_be_somebody_elses(void **state)
{
    (void)state;
    (void)see(1);
    assert_int_equal(suspects_next(suspects, now_ms, false), SUSPECTS_TAKE_RIGHT);
    assert_int_equal(suspects_next(suspects, now_ms, false), SUSPECTS_TAKE_RIGHT);
}

static void test_what_is_not_seen_goes(void **state)
{
    (void)state;
    (void)see(1);
    (void)next();
    now_ms += SUSPECTS_SEEN_MS; /* its campaign was paused */
    assert_int_equal(next(), SUSPECTS_GIVE_RIGHT);
    assert_int_equal(suspects_count(suspects), 0);
    assert_null(suspects_first(suspects));
}

static void test_death_costs_nobody_time(void **state)
{
    (void)state;
    (void)see(1);
    (void)next();
    (void)next();
    claimed(1);
    now_ms += 10000;
    suspects_on_end(suspects, now_ms, true);
    assert_int_equal(next(), SUSPECTS_GIVE_RIGHT);
    now_ms += SUSPECTS_REST_MIN_MS;
    (void)see(1);
    assert_int_equal(next(), SUSPECTS_TAKE_RIGHT);
}

static void test_who_is_refused_makes_room(void **state)
{
    (void)state;
    unsigned char campaign[READY_ID_SIZE];
    memset(campaign, 7, sizeof campaign);
    (void)see(1);
    (void)see(2);
    (void)see(3);
    suspects_on_refused(suspects, campaign, 1);
    assert_int_equal(suspects_first(suspects)->number, 2);
    suspects_skip(suspects);
    assert_int_equal(suspects_first(suspects)->number, 3);
}

/* One worker whose own mail takes `busy_ms` to end: the suspect comes to its turn, and other mail
 * has half of the time at least. */
static void test_shares(void **state)
{
    (void)state;
    static const uint64_t cases[] = {100, 14000, 100000, 14 * 60 * 1000};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        suspects_destroy(&suspects);
        (void)set_up(state);
        uint64_t alone_ms = 0;
        uint64_t total_ms = 0;
        uint64_t wished_ms = 0;
        unsigned int parts = 0;
        bool wishes = false;
        while (parts < 3) {
            (void)see(1);
            enum suspects_action action = next();
            if (action == SUSPECTS_OFFER && !wishes) {
                wishes = true;
                wished_ms = now_ms;
            }
            if (action == SUSPECTS_OFFER && now_ms - wished_ms >= cases[i]) {
                claimed(1);
                suspects_on_end(suspects, now_ms, false);
                parts++;
            }
            wishes = wishes && action != SUSPECTS_GIVE_RIGHT;
            alone_ms += wishes ? 250 : 0;
            total_ms += 250;
            now_ms += 250;
            assert_true(total_ms < UINT64_C(4) * 60 * 60 * 1000);
        }
        /* The last turn has not had its rest yet. */
        assert_true(alone_ms <= total_ms / 2 + cases[i] + 2 * SUSPECTS_TURN_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parts_follow_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_turn_without_a_next_part_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_right_may_be_somebody_elses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_not_seen_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_death_costs_nobody_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_is_refused_makes_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shares, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
