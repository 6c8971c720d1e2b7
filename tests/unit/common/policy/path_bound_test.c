#include "common/policy/path_bound.h"

#include "common/mail/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define START_MS 1000000

static const struct path_profile profile = {.name = "test",
                                            .rate_first = 10,
                                            .rate_most = 50,
                                            .connections_first = 6,
                                            .connections_most = 8,
                                            .messages_per_connection = 50};

static void the_tighter_bound_holds(void **state)
{
    (void)state;
    static const struct {
        struct path_bound bound;
        double rate;
        double most;
        uint32_t connections;
        uint32_t messages;
    } cases[] = {
        {{0, 0, 0, 0}, 10, 50, 8, 50},
        {{0, 5, 3, 7}, 5, 5, 3, 7},
        {{0, 500, 80, 700}, 10, 50, 8, 50}, /* looser than the profile's */
        {{20, 0, 0, 0}, 20, 50, 8, 50},
        {{200, 0, 0, 0}, 50, 50, 8, 50}, /* never above the most */
        {{2, 2, 0, 0}, 2, 2, 8, 50},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct path_control control;
        path_control_init(&control, &profile, START_MS);
        path_bound_apply(&control, &cases[i].bound);
        assert_true(control.rate.rate == cases[i].rate);
        assert_true(control.rate.most == cases[i].most);
        assert_int_equal(control.window.most, cases[i].connections);
        assert_int_equal(control.window.messages, cases[i].messages);
        path_bound_apply(&control, &(struct path_bound){.rate_most = 0});
        assert_true(control.rate.most == 50); /* taken away, the profile's holds again */
        assert_int_equal(control.window.most, 8);
        assert_int_equal(control.window.messages, 50);
    }
}

/* Whatever is refused: the rate an operator knows to be agreed on stays. */
static void the_least_holds_while_the_server_refuses(void **state)
{
    (void)state;
    struct path_control control;
    struct path_decisions decisions = {.count = 0};
    const struct path_bound bound = {.rate_least = 4};
    path_control_init(&control, &profile, START_MS);
    path_bound_apply(&control, &bound);
    for (uint64_t i = 0; i < 200; i++) {
        const struct path_event started = {.kind = PATH_EVENT_STARTED};
        const struct path_event refused = {
            .kind = PATH_EVENT_ANSWERED,
            .reply = {.reply_class = REPLY_CLASS_RATE_LIMITED,
                      .blame = REPLY_BLAME_PATH,
                      .stage = REPLY_STAGE_MAIL,
                      .smtp = 450,
                      .rule = "test"},
        };
        uint64_t now_ms = START_MS + 20 * i;
        decisions.count = 0;
        path_control_feed(&control, &started, now_ms, &decisions);
        path_control_feed(&control, &refused, now_ms + 10, &decisions);
        path_bound_hold(&control, &bound);
        assert_true(control.rate.rate >= 4);
    }
}

static void an_operator_closes_and_opens(void **state)
{
    (void)state;
    struct path_control control;
    struct path_decisions decisions = {.count = 0};
    path_control_init(&control, &profile, START_MS);
    path_bound_suspend(&control, 60000, START_MS, &decisions);
    assert_int_equal(decisions.count, 1);
    assert_int_equal(decisions.items[0].kind, PATH_DECISION_SUSPENDED);
    assert_string_equal(decisions.items[0].rule, PATH_BOUND_RULE);
    assert_int_equal(path_control_may_send(&control, START_MS + 1000).gate, GATE_SITE_SUSPENDED);
    assert_true(path_bound_is_suspended(&control));
    assert_int_equal(control.suspension.times, 0); /* no refusal of the server */
    decisions.count = 0;
    path_bound_resume(&control, START_MS + 2000, &decisions);
    assert_int_equal(decisions.count, 1);
    assert_int_equal(decisions.items[0].kind, PATH_DECISION_PROBES);
    assert_int_equal(path_control_connections(&control, START_MS + 2000), 1); /* gently */
    assert_true(path_control_may_send(&control, START_MS + 2000).is_allowed);
    decisions.count = 0;
    path_bound_resume(&control, START_MS + 2000, &decisions);
    assert_int_equal(decisions.count, 0); /* it is not closed */
}

/* A shorter pause by an operator takes nothing from one that the server asked for. */
static void a_longer_pause_of_its_own_stays(void **state)
{
    (void)state;
    struct path_control control;
    struct path_decisions decisions = {.count = 0};
    path_control_init(&control, &profile, START_MS);
    path_control_suspend(&control, 600000, PATH_SCOPE_SITE, "server", START_MS, &decisions);
    path_bound_suspend(&control, 60000, START_MS, &decisions);
    assert_false(path_bound_is_suspended(&control));
    assert_string_equal(control.suspension.rule, "server");
    assert_int_equal(control.suspension.until_ms, START_MS + 600000);
    path_bound_suspend(&control, 700000, START_MS, &decisions);
    assert_true(path_bound_is_suspended(&control));
    path_bound_resume(&control, START_MS + 1, &decisions);
    assert_true(path_control_may_connect(&control, START_MS + 1).is_allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tighter_bound_holds),
        cmocka_unit_test(the_least_holds_while_the_server_refuses),
        cmocka_unit_test(an_operator_closes_and_opens),
        cmocka_unit_test(a_longer_pause_of_its_own_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
