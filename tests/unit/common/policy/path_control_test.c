#include "common/policy/path_control.h"

#include "common/mail/enhanced_code.h"
#include "common/mail/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct path_profile profile = {
    .name = "test",
    .rate_first = 10,
    .connections_first = 4,
    .connections_most = 8,
    .messages_per_connection = 50,
    .unknown_permille = 100,
    .reactions = {{.rule = "stop",
                   .action = PATH_ACTION_SUSPEND,
                   .enhanced = ENHANCED_CODE(4, 7, 28),
                   .hits = 1,
                   .pause_s = 600,
                   .pause_most_s = 2400},
                  {.rule = "third",
                   .action = PATH_ACTION_SUSPEND,
                   .reply_class = REPLY_CLASS_REPUTATION,
                   .digit = 4,
                   .hits = 3,
                   .pause_s = 60,
                   .pause_most_s = 60},
                  {.rule = "too-many", .action = PATH_ACTION_MESSAGES, .smtp = 452, .hits = 1}},
    .reaction_count = 3,
};

struct world {
    struct path_control control;
    struct path_decisions decisions;
    uint64_t now_ms;
};

static struct world begin(void)
{
    struct world world = {.now_ms = 5000};
    path_control_init(&world.control, &profile, world.now_ms);
    return world;
}

static void feed(struct world *world, enum path_event_kind kind)
{
    const struct path_event event = {.kind = kind};
    world->decisions.count = 0;
    path_control_feed(&world->control, &event, world->now_ms, &world->decisions);
}

static void reply(struct world *world, uint16_t smtp, uint32_t enhanced, uint8_t reply_class,
                  uint8_t blame)
{
    const struct path_event event = {
        .kind = PATH_EVENT_ANSWERED,
        .reply = {reply_class, blame, REPLY_STAGE_MAIL, smtp, enhanced, "said"},
        .took_ms = 100,
        .messages = 3};
    feed(world, PATH_EVENT_STARTED);
    world->decisions.count = 0;
    path_control_feed(&world->control, &event, world->now_ms, &world->decisions);
}

static void take(struct world *world)
{
    reply(world, 250, 0, REPLY_CLASS_NONE, REPLY_BLAME_NONE);
}

static void pass(struct world *world, uint64_t ms)
{
    world->now_ms += ms;
    world->decisions.count = 0;
    path_control_tick(&world->control, world->now_ms, &world->decisions);
}

static const struct path_decision *told(const struct world *world, enum path_decision_kind kind)
{
    for (size_t i = 0; i < world->decisions.count; i++) {
        if (world->decisions.items[i].kind == kind) {
            return &world->decisions.items[i];
        }
    }
    return NULL;
}

static uint8_t gate_of_send(const struct world *world)
{
    return path_control_may_send(&world->control, world->now_ms).gate;
}

static uint8_t gate_of_connect(const struct world *world)
{
    return path_control_may_connect(&world->control, world->now_ms).gate;
}

/* G16: 10 minutes, then one connection and one message, then one connection more at a time. */
static void a_profile_closes_the_path(void **state)
{
    (void)state;
    struct world world = begin();
    reply(&world, 421, ENHANCED_CODE(4, 7, 28), REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_IP);
    const struct path_decision *decision = told(&world, PATH_DECISION_SUSPENDED);
    assert_non_null(decision);
    assert_string_equal(decision->rule, "stop");
    assert_int_equal(decision->scope, PATH_SCOPE_IP);
    assert_int_equal(decision->until_ms, world.now_ms + 600000);
    assert_int_equal(gate_of_send(&world), GATE_SITE_SUSPENDED);
    assert_int_equal(gate_of_connect(&world), GATE_SITE_SUSPENDED);
    /* The others on the wire are refused as well: nothing new is told. */
    world.now_ms += 200;
    reply(&world, 421, ENHANCED_CODE(4, 7, 28), REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_IP);
    assert_null(told(&world, PATH_DECISION_SUSPENDED));
    pass(&world, 599999);
    assert_int_equal(gate_of_send(&world), GATE_SITE_SUSPENDED);
    pass(&world, 1);
    assert_non_null(told(&world, PATH_DECISION_PROBES));
    assert_int_equal(path_control_connections(&world.control, world.now_ms), 1);
    feed(&world, PATH_EVENT_STARTED);
    pass(&world, 60000);
    assert_int_equal(gate_of_send(&world), GATE_PATH_RATE); /* one message at a time */
    feed(&world, PATH_EVENT_GIVEN_UP);
    take(&world);
    assert_non_null(told(&world, PATH_DECISION_RESUMED));
    uint32_t connections = 1;
    for (int i = 0; i < 200; i++) {
        pass(&world, 500);
        take(&world);
        uint32_t now = path_control_connections(&world.control, world.now_ms);
        assert_true(now <= connections + 1);
        connections = now;
    }
}

static void a_pause_grows_when_it_comes_again(void **state)
{
    (void)state;
    static const uint64_t lengths_s[] = {600, 1200, 2400, 2400};
    struct world world = begin();
    for (size_t i = 0; i < 4; i++) {
        reply(&world, 421, ENHANCED_CODE(4, 7, 28), REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_PATH);
        assert_int_equal(told(&world, PATH_DECISION_SUSPENDED)->after, lengths_s[i]);
        pass(&world, 1000 * lengths_s[i]);
        take(&world);
    }
    pass(&world, 3 * 3600000);
    reply(&world, 421, ENHANCED_CODE(4, 7, 28), REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_PATH);
    assert_int_equal(told(&world, PATH_DECISION_SUSPENDED)->after, 600);
}

static void a_reaction_may_want_more_than_one_hit(void **state)
{
    (void)state;
    struct world world = begin();
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(gate_of_send(&world), GATE_SITE_SUSPENDED);
        reply(&world, 421, 0, REPLY_CLASS_REPUTATION, REPLY_BLAME_PATH);
        pass(&world, 5000);
        take(&world);
    }
    assert_string_equal(world.control.suspension.rule, "third");
    assert_int_equal(gate_of_send(&world), GATE_SITE_SUSPENDED);
    struct world slow = begin();
    for (int i = 0; i < 5; i++) {
        reply(&slow, 421, 0, REPLY_CLASS_REPUTATION, REPLY_BLAME_PATH);
        pass(&slow, 3600000);
        take(&slow);
        assert_int_not_equal(gate_of_send(&slow), GATE_SITE_SUSPENDED);
    }
}

/* M5, RP-002: the server says that it is the number of messages. */
static void messages_per_connection_may_be_told(void **state)
{
    (void)state;
    struct world world = begin();
    reply(&world, 452, 0, REPLY_CLASS_OTHER, REPLY_BLAME_CONNECTION);
    assert_int_equal(world.control.window.messages, 3);
    assert_int_equal(told(&world, PATH_DECISION_MESSAGES)->before, 50);
    world = begin();
    reply(&world, 421, 0, REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_CONNECTION);
    assert_int_equal(world.control.window.messages, 3);
}

static void blame_elsewhere_leaves_the_path_alone(void **state)
{
    (void)state;
    static const struct {
        uint8_t reply_class;
        uint8_t blame;
        enum path_scope scope;
        bool is_told;
    } cases[] = {
        {REPLY_CLASS_AUTH_FAILURE, REPLY_BLAME_DOMAIN, PATH_SCOPE_DOMAIN, true},
        {REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_DOMAIN, PATH_SCOPE_DOMAIN, true},
        {REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_TENANT, PATH_SCOPE_TENANT, true},
        {REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_RECIPIENT, PATH_SCOPE_PATH, false},
        {REPLY_CLASS_GREYLISTED, REPLY_BLAME_RECIPIENT, PATH_SCOPE_PATH, false},
        {REPLY_CLASS_SPAM_CONTENT, REPLY_BLAME_CONTENT, PATH_SCOPE_PATH, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world = begin();
        double before = world.control.rate.rate;
        reply(&world, 450, 0, cases[i].reply_class, cases[i].blame);
        const struct path_decision *decision = told(&world, PATH_DECISION_ELSEWHERE);
        assert_int_equal(decision != NULL, cases[i].is_told);
        assert_true(decision == NULL || decision->scope == cases[i].scope);
        assert_true(world.control.rate.rate == before);
    }
}

static void refusals_slow_down_and_say_why(void **state)
{
    (void)state;
    struct world world = begin();
    for (int i = 0; i < 20; i++) {
        pass(&world, 100);
        take(&world);
    }
    double before = world.control.rate.rate;
    reply(&world, 451, 0, REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_PATH);
    const struct path_decision *decision = told(&world, PATH_DECISION_SLOWER);
    assert_non_null(decision);
    assert_string_equal(decision->rule, "said");
    assert_true(world.control.rate.rate < before);
    assert_int_equal(decision->after, (uint64_t)(world.control.rate.rate * 1000 + 0.5));
}

/* One busy answer is no limit; many are. */
static void vague_refusals_count_in_numbers(void **state)
{
    (void)state;
    struct world world = begin();
    double before = world.control.rate.rate;
    reply(&world, 451, 0, REPLY_CLASS_REMOTE_SYSTEM, REPLY_BLAME_SITE);
    reply(&world, 451, 0, REPLY_CLASS_REMOTE_SYSTEM, REPLY_BLAME_SITE);
    assert_true(world.control.rate.rate == before);
    reply(&world, 451, 0, REPLY_CLASS_REMOTE_SYSTEM, REPLY_BLAME_SITE);
    assert_true(world.control.rate.rate < before);
}

static void open_some(struct world *world, uint32_t opened, uint32_t greeted)
{
    for (uint32_t i = 0; i < opened; i++) {
        feed(world, PATH_EVENT_OPENED);
    }
    for (uint32_t i = 0; i < greeted; i++) {
        feed(world, PATH_EVENT_GREETED);
    }
}

static void refuse_connection(struct world *world, uint64_t opened_ms)
{
    const struct path_event event = {
        .kind = PATH_EVENT_REFUSED,
        .reply = {REPLY_CLASS_RATE_LIMITED, REPLY_BLAME_PATH, REPLY_STAGE_GREETING, 421, 0, "many"},
        .opened_ms = opened_ms};
    world->decisions.count = 0;
    path_control_feed(&world->control, &event, world->now_ms, &world->decisions);
    const struct path_event closed = {.kind = PATH_EVENT_CLOSED};
    path_control_feed(&world->control, &closed, world->now_ms, &world->decisions);
}

static void a_connection_limit_is_kept(void **state)
{
    (void)state;
    struct world world = begin();
    open_some(&world, 4, 2);
    refuse_connection(&world, world.now_ms - 10);
    assert_int_equal(told(&world, PATH_DECISION_CONNECTIONS)->after, 2);
    assert_int_equal(gate_of_connect(&world), GATE_PATH_CONNECTIONS);
    /* One that was under way is greeted after all: the limit was three. */
    feed(&world, PATH_EVENT_GREETED);
    assert_int_equal(world.control.window.learnt, 3);
    /* Successes do not make it grow beyond. */
    for (int i = 0; i < 100; i++) {
        pass(&world, 1000);
        take(&world);
    }
    assert_true(path_window_limit(&world.control.window, world.now_ms) <= 3);
    /* A later refusal within the limit: it is lower now. */
    refuse_connection(&world, world.now_ms);
    assert_int_equal(world.control.window.learnt, 2);
    /* A day later it is tried again. */
    pass(&world, PATH_WINDOW_LEARNT_MS);
    for (int i = 0; i < 100; i++) {
        feed(&world, PATH_EVENT_OPENED);
        take(&world);
    }
    assert_true(path_window_limit(&world.control.window, world.now_ms) > 3);
}

/* Refused with nothing of ours open: it is not their number. */
static void a_refused_first_connection_is_a_pause(void **state)
{
    (void)state;
    struct world world = begin();
    open_some(&world, 1, 0);
    refuse_connection(&world, world.now_ms);
    assert_non_null(told(&world, PATH_DECISION_SUSPENDED));
    assert_int_equal(gate_of_connect(&world), GATE_SITE_SUSPENDED);
    assert_int_equal(world.control.window.learnt, 0);
}

/* Postfix's pseudo-cohorts: a window of failures without a success. */
static void a_window_of_failures_is_a_dead_site(void **state)
{
    (void)state;
    struct world world = begin();
    for (int i = 0; i < 3; i++) {
        feed(&world, PATH_EVENT_FAILED);
        assert_null(told(&world, PATH_DECISION_SUSPENDED));
    }
    take(&world);
    for (int i = 0; i < 3; i++) {
        feed(&world, PATH_EVENT_FAILED);
    }
    assert_null(told(&world, PATH_DECISION_SUSPENDED));
    feed(&world, PATH_EVENT_FAILED);
    assert_string_equal(told(&world, PATH_DECISION_SUSPENDED)->rule, "dead");
}

static void three_resets_close_the_path(void **state)
{
    (void)state;
    struct world world = begin();
    double size = world.control.window.size;
    feed(&world, PATH_EVENT_RESET);
    assert_true(world.control.window.size == size - 1);
    assert_non_null(told(&world, PATH_DECISION_SLOWER));
    feed(&world, PATH_EVENT_RESET);
    assert_null(told(&world, PATH_DECISION_SUSPENDED));
    feed(&world, PATH_EVENT_RESET);
    assert_string_equal(told(&world, PATH_DECISION_SUSPENDED)->rule, "resets");
}

/* Postfix's busy guard: what was not used does not grow. */
static void an_idle_window_and_rate_do_not_grow(void **state)
{
    (void)state;
    struct world world = begin();
    open_some(&world, 1, 1);
    for (int i = 0; i < 100; i++) {
        pass(&world, 2000);
        take(&world);
    }
    assert_true(world.control.window.size == 4);
    assert_true(world.control.rate.rate == 10);
}

static void complaints_slow_down(void **state)
{
    (void)state;
    struct world world = begin();
    for (int i = 0; i < 1100; i++) {
        pass(&world, 1000);
        take(&world);
    }
    double before = world.control.rate.rate;
    for (int i = 0; i < 3; i++) {
        feed(&world, PATH_EVENT_COMPLAINT);
    }
    assert_true(world.control.rate.rate == before);
    feed(&world, PATH_EVENT_COMPLAINT);
    assert_string_equal(told(&world, PATH_DECISION_SLOWER)->rule, "sweep-complaints");
    assert_true(world.control.rate.rate < before);
}

static void an_ip_from_a_crashed_worker_starts_at_half(void **state)
{
    (void)state;
    struct world world = begin();
    world.control.window.half_until_ms = world.now_ms + PATH_WINDOW_HALF_MS;
    assert_int_equal(path_control_connections(&world.control, world.now_ms), 2);
    pass(&world, PATH_WINDOW_HALF_MS);
    assert_int_equal(path_control_connections(&world.control, world.now_ms), 4);
}

static void a_reloaded_profile_bounds_from_now_on(void **state)
{
    (void)state;
    struct world world = begin();
    struct path_profile tight = profile;
    tight.rate_most = 2;
    tight.connections_most = 1;
    tight.messages_per_connection = 7;
    path_control_use_profile(&world.control, &tight);
    assert_true(world.control.rate.rate == 2);
    assert_int_equal(path_control_connections(&world.control, world.now_ms), 1);
    assert_int_equal(world.control.window.messages, 7);
}

/* Any rate, asked at any time: never twice the rate in any second, and nearly all of it. */
static void the_pacer_spaces_evenly(void **state)
{
    (void)state;
    static const double rates[] = {0.2, 0.9, 1, 1.7, 2, 3, 10, 33, 80, 150, 999};
    static uint64_t starts[40000];
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct path_pacer pacer = {.is_used = false};
        size_t count = 0;
        uint64_t random = 7;
        for (uint64_t now_ms = 1; now_ms < 30000;) {
            while (path_pacer_wait_ms(&pacer, rates[i], now_ms) == 0) {
                path_pacer_take(&pacer, rates[i], now_ms);
                starts[count++] = now_ms;
            }
            random = random * 6364136223846793005 + 1;
            now_ms += 1 + (random >> 60);
        }
        assert_true((double)count >= 0.95 * 30 * rates[i] - 1);
        size_t window = (size_t)(2 * rates[i] + 0.999);
        for (size_t j = 0; window > 0 && j + window < count; j++) {
            assert_true(starts[j + window] - starts[j] >= 1000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_closes_the_path),
        cmocka_unit_test(a_pause_grows_when_it_comes_again),
        cmocka_unit_test(a_reaction_may_want_more_than_one_hit),
        cmocka_unit_test(messages_per_connection_may_be_told),
        cmocka_unit_test(blame_elsewhere_leaves_the_path_alone),
        cmocka_unit_test(refusals_slow_down_and_say_why),
        cmocka_unit_test(vague_refusals_count_in_numbers),
        cmocka_unit_test(a_connection_limit_is_kept),
        cmocka_unit_test(a_refused_first_connection_is_a_pause),
        cmocka_unit_test(a_window_of_failures_is_a_dead_site),
        cmocka_unit_test(three_resets_close_the_path),
        cmocka_unit_test(an_idle_window_and_rate_do_not_grow),
        cmocka_unit_test(complaints_slow_down),
        cmocka_unit_test(an_ip_from_a_crashed_worker_starts_at_half),
        cmocka_unit_test(a_reloaded_profile_bounds_from_now_on),
        cmocka_unit_test(the_pacer_spaces_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
