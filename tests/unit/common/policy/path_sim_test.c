/* The path controller against providers with hidden limits, in simulated time. */
#include "tests/support/provider/provider_sim.h"

#include "common/mail/enhanced_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SEEDS 1
/* From here on a cold path has converged (5 min), a cut one as well (60 s). */
#define COLD_S 300
#define CUT_S 60
/* One refusal in a hundred of slow limits takes a while to tell. */
#define LONG_S 3600

static struct provider_result result;

static const struct path_profile usual = {.name = "default",
                                          .rate_first = 10,
                                          .connections_first = 5,
                                          .connections_most = 40,
                                          .messages_per_connection = 100,
                                          .unknown_permille = 150};

static const struct path_profile google = {
    .name = "google",
    .rate_first = 20,
    .connections_first = 2,
    .connections_most = 20,
    .messages_per_connection = 50,
    .unknown_permille = 150,
    .reactions = {{.rule = "google: 4.7.28",
                   .action = PATH_ACTION_SUSPEND,
                   .enhanced = ENHANCED_CODE(4, 7, 28),
                   .hits = 1,
                   .pause_s = 600,
                   .pause_most_s = 600}},
    .reaction_count = 1,
};

static struct provider_scenario scenario_of(double rate, uint64_t seed)
{
    return (struct provider_scenario){.profile = &usual,
                                      .voice = &provider_sim_microsoft,
                                      .limits = {.ip_rate = rate, .burst_s = rate < 2 ? 5 : 1},
                                      .seconds = 1200,
                                      .workers = 1,
                                      .rtt_ms = 50,
                                      .seed = seed};
}

/* What must never be, in whatever scenario. */
static void assert_manners(void)
{
    assert_int_equal(result.forbidden, 0);
    assert_int_equal(result.over_rate, 0);
    assert_int_equal(result.over_connections, 0);
}

static void assert_span(uint32_t from, uint32_t until, double limit)
{
    double goodput = provider_sim_goodput(&result, from, until) / limit;
    double deferrals = provider_sim_deferrals(&result, from, until);
    if (goodput < 0.9 || deferrals > 0.01) {
        (void)printf("limit %.1f: %.3f of it, %.4f refused\n", limit, goodput, deferrals);
    }
    assert_true(goodput >= 0.9);
    assert_true(deferrals <= 0.01);
}

static void assert_converged(uint32_t from, uint32_t within, uint32_t span, double limit)
{
    uint32_t at = provider_sim_converged(&result, from, from + within + span, span, 0.9 * limit);
    assert_true(at != UINT32_MAX);
}

static const double limits[] = {0.5, 2, 10, 50, 100};
#define LIMIT_COUNT (sizeof limits / sizeof *limits)

static void a_steady_limit_is_found(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < LIMIT_COUNT * SEEDS; i++) {
        struct provider_scenario scenario = scenario_of(limits[i % LIMIT_COUNT], 1 + i);
        scenario.seconds = limits[i % LIMIT_COUNT] < 2 ? LONG_S : scenario.seconds;
        provider_sim_run(&scenario, &result);
        assert_converged(0, COLD_S, 30, limits[i % LIMIT_COUNT]);
        assert_span(COLD_S, scenario.seconds, limits[i % LIMIT_COUNT]);
        assert_manners();
    }
}

/* Seeds and limits that nothing was tuned to: nobody knows the bucket yet, and no second sees twice
 * what is allowed. Below five a second the profile's first rate itself is that. */
static void no_second_of_a_cold_start_sees_twice_the_limit(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 40; i++) {
        double limit = 8 + (double)(i * i) / 30; /* to 59 */
        struct provider_scenario scenario = scenario_of(limit, 1000 + i);
        scenario.voice = &provider_sim_postfix;
        scenario.limits.burst_s = i % 2 == 0 ? 1 : 2;
        scenario.rtt_ms = 5 + (uint32_t)(i * 7 % 60);
        scenario.seconds = 40;
        provider_sim_run(&scenario, &result);
        if (provider_sim_doubled(&result, 0, scenario.seconds, limit) > 0) {
            fail_msg("limit %.1f, store of %.0f s, rtt %u ms", limit, scenario.limits.burst_s,
                     scenario.rtt_ms);
        }
        assert_manners();
    }
}

static void a_bucket_of_ten_seconds_does_not_deceive(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < LIMIT_COUNT; i++) {
        struct provider_scenario scenario = scenario_of(limits[i], i);
        scenario.limits.burst_s = 10;
        provider_sim_run(&scenario, &result);
        assert_span(COLD_S, scenario.seconds, limits[i]);
        assert_manners();
    }
}

static void a_limit_cut_to_a_quarter_is_kept_within_a_minute(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < LIMIT_COUNT * SEEDS; i++) {
        double limit = limits[1 + i % (LIMIT_COUNT - 1)];
        struct provider_scenario scenario = scenario_of(limit, 1 + i);
        scenario.change_s = 600;
        scenario.later = scenario.limits;
        scenario.later.ip_rate = limit / 4;
        scenario.seconds = limit / 4 < 2 ? LONG_S : scenario.seconds;
        provider_sim_run(&scenario, &result);
        assert_span(COLD_S, scenario.change_s, limit);
        assert_converged(scenario.change_s, CUT_S, 30, limit / 4);
        assert_span(scenario.change_s + CUT_S, scenario.seconds, limit / 4);
        assert_manners();
    }
}

static void a_raised_limit_is_discovered(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < LIMIT_COUNT; i++) {
        struct provider_scenario scenario = scenario_of(limits[i] / 2, i);
        uint32_t within_s = limits[i] < 10 ? 2 * COLD_S : COLD_S;
        scenario.seconds = 2400;
        scenario.change_s = 600;
        scenario.later = scenario.limits;
        scenario.later.ip_rate = 2 * limits[i];
        provider_sim_run(&scenario, &result);
        assert_converged(scenario.change_s, within_s, 30, 2 * limits[i]);
        assert_span(scenario.change_s + within_s, scenario.seconds, 2 * limits[i]);
        assert_manners();
    }
}

/* I6 without shares: each feels its part of a site's limit. */
static void two_workers_share_a_site_limit(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < LIMIT_COUNT * SEEDS; i++) {
        double limit = limits[1 + i % (LIMIT_COUNT - 1)];
        struct provider_scenario scenario = scenario_of(limit, 1 + i);
        scenario.limits.ip_rate = 0;
        scenario.limits.site_rate = limit;
        scenario.workers = 2;
        scenario.second_worker_s = 300;
        scenario.seconds = limit / 2 < 2 ? LONG_S : 1500;
        provider_sim_run(&scenario, &result);
        assert_span(300 + COLD_S, scenario.seconds, limit);
        assert_manners();
    }
}

static void other_providers_words_are_understood(void **state)
{
    (void)state;
    const struct provider_voice *const voices[] = {&provider_sim_yahoo, &provider_sim_postfix,
                                                   &provider_sim_apple};
    for (size_t i = 0; i < sizeof voices / sizeof *voices; i++) {
        struct provider_scenario scenario = scenario_of(20, 11 + i);
        scenario.voice = voices[i];
        provider_sim_run(&scenario, &result);
        assert_converged(0, COLD_S, 30, 20);
        assert_span(COLD_S, scenario.seconds, 20);
        assert_manners();
    }
}

/* A server that takes nothing for ten seconds after each refusal. */
static void a_punishing_bucket_is_tried_rarely(void **state)
{
    (void)state;
    struct provider_scenario scenario = scenario_of(10, 3);
    scenario.limits.penalty_s = 10;
    scenario.seconds = 3600;
    provider_sim_run(&scenario, &result);
    assert_true(provider_sim_goodput(&result, COLD_S, scenario.seconds) >= 9);
    assert_true(provider_sim_deferrals(&result, COLD_S, scenario.seconds) <= 0.01);
    assert_manners();
}

/* Found by what each pause leaves, held below what has been proven, tried again rarely. */
static void long_penalties_cost_a_seventh_at_most(void **state)
{
    (void)state;
    static const uint32_t penalties_s[] = {60, 120};
    for (size_t i = 0; i < sizeof penalties_s / sizeof *penalties_s; i++) {
        struct provider_scenario scenario = scenario_of(12, 21 + i);
        scenario.limits.penalty_s = penalties_s[i];
        scenario.seconds = 120 * penalties_s[i];
        provider_sim_run(&scenario, &result);
        assert_true(provider_sim_goodput(&result, 20 * penalties_s[i], scenario.seconds) >=
                    0.85 * 12);
        assert_true(provider_sim_deferrals(&result, COLD_S, scenario.seconds) <= 0.01);
        assert_manners();
    }
}

/* In whatever words: always the same message of a connection, and none behind it. */
static void a_limit_of_messages_is_not_taken_for_a_rate(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct provider_scenario scenario = scenario_of(20, seed);
        scenario.voice = &provider_sim_postfix;
        scenario.limits.messages = 3 + (uint32_t)seed;
        provider_sim_run(&scenario, &result);
        assert_int_equal(result.controls[0].window.messages, scenario.limits.messages);
        assert_span(COLD_S, scenario.seconds, 20);
        assert_manners();
    }
}

static void windows_of_time_are_buckets_too(void **state)
{
    (void)state;
    static const uint32_t windows_s[] = {1, 10, 60};
    for (size_t i = 0; i < 6; i++) {
        struct provider_scenario scenario = scenario_of(20, 31 + i);
        scenario.limits.window_s = windows_s[i / 2];
        scenario.limits.is_sliding = i % 2 == 1;
        scenario.seconds = windows_s[i / 2] < 60 ? LONG_S / 3 : LONG_S;
        provider_sim_run(&scenario, &result);
        assert_span(COLD_S, scenario.seconds, 20);
        assert_manners();
    }
}

/* M5 RP-003: "too many connections" at the greeting. */
static void a_connection_limit_is_met_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct provider_scenario scenario = scenario_of(0, seed);
        scenario.limits.connections = 3 + (uint32_t)seed;
        provider_sim_run(&scenario, &result);
        assert_int_equal(result.controls[0].window.learnt, scenario.limits.connections);
        assert_true(result.connection_refusals > 0 && result.connection_refusals <= 3);
        assert_true(provider_sim_deferrals(&result, 0, scenario.seconds) == 0);
        assert_manners();
    }
}

/* Y6: the server ends connections after so many messages, without a word. */
static void messages_per_connection_are_learnt(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct provider_scenario scenario = scenario_of(20, seed);
        scenario.limits.messages = 7;
        scenario.limits.ends_silently = true;
        provider_sim_run(&scenario, &result);
        assert_int_equal(result.controls[0].window.messages, 7);
        assert_span(COLD_S, scenario.seconds, 20);
        assert_manners();
    }
}

/* J7: au answers with a TCP reset. */
static void resets_slow_it_down(void **state)
{
    (void)state;
    struct provider_scenario scenario = scenario_of(10, 5);
    scenario.limits.resets = true;
    provider_sim_run(&scenario, &result);
    assert_true(result.resets > 0);
    assert_true(provider_sim_deferrals(&result, COLD_S, scenario.seconds) <= 0.01);
    assert_true(provider_sim_goodput(&result, COLD_S, scenario.seconds) >= 8);
    assert_manners();
}

static void greylisting_is_nobodys_limit(void **state)
{
    (void)state;
    struct provider_scenario scenario = scenario_of(20, 6);
    scenario.limits.greylisted_permille = 300;
    provider_sim_run(&scenario, &result);
    assert_true(provider_sim_goodput(&result, COLD_S, scenario.seconds) >= 0.9 * 0.7 * 20);
    assert_true(provider_sim_deferrals(&result, COLD_S, scenario.seconds) <= 0.01);
    assert_int_equal(result.suspensions, 0);
    assert_manners();
}

struct said {
    uint32_t suspended;
    uint32_t other;
    const char *rule;
};

static void on_decision(void *context, uint32_t worker, uint64_t now_ms,
                        const struct path_decision *decision)
{
    struct said *said = context;
    (void)worker;
    (void)now_ms;
    if (decision->kind == PATH_DECISION_SUSPENDED) {
        bool is_it = text_equal(text_of(decision->rule), text_of(said->rule));
        said->suspended += is_it;
        said->other += !is_it;
    }
}

/* J6: a list full of unknown users stops before the provider has to. */
static void unknown_users_stop_the_path(void **state)
{
    (void)state;
    struct said said = {.rule = "sweep-unknown-users"};
    struct provider_scenario scenario = scenario_of(20, 7);
    scenario.limits.unknown_permille = 250;
    scenario.limits.has_reputation = true;
    scenario.on_decision = on_decision;
    scenario.context = &said;
    provider_sim_run(&scenario, &result);
    assert_true(said.suspended >= 1);
    assert_true(result.unknown < 20 * scenario.seconds / 4 / 4);
    assert_manners();
}

/* G16: at least ten minutes, then one connection and one more at a time. */
static void google_is_given_its_ten_minutes(void **state)
{
    (void)state;
    struct said said = {.rule = "google: 4.7.28"};
    struct provider_scenario scenario = scenario_of(10, 8);
    scenario.profile = &google;
    scenario.voice = &provider_sim_google;
    scenario.limits.burst_s = 5;
    scenario.seconds = 14400;
    scenario.on_decision = on_decision;
    scenario.context = &said;
    provider_sim_run(&scenario, &result);
    assert_true(said.suspended >= 1);
    assert_int_equal(said.other, 0);
    assert_true(provider_sim_goodput(&result, 3600, scenario.seconds) >= 8);
    assert_manners();
}

static void it_is_deterministic(void **state)
{
    (void)state;
    static struct provider_result first;
    struct provider_scenario scenario = scenario_of(10, 9);
    scenario.seconds = 300;
    provider_sim_run(&scenario, &first);
    provider_sim_run(&scenario, &result);
    assert_memory_equal(first.seconds, result.seconds, 300 * sizeof *first.seconds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_limit_is_found),
        cmocka_unit_test(no_second_of_a_cold_start_sees_twice_the_limit),
        cmocka_unit_test(a_bucket_of_ten_seconds_does_not_deceive),
        cmocka_unit_test(a_limit_cut_to_a_quarter_is_kept_within_a_minute),
        cmocka_unit_test(a_raised_limit_is_discovered),
        cmocka_unit_test(two_workers_share_a_site_limit),
        cmocka_unit_test(other_providers_words_are_understood),
        cmocka_unit_test(a_punishing_bucket_is_tried_rarely),
        cmocka_unit_test(long_penalties_cost_a_seventh_at_most),
        cmocka_unit_test(a_limit_of_messages_is_not_taken_for_a_rate),
        cmocka_unit_test(windows_of_time_are_buckets_too),
        cmocka_unit_test(a_connection_limit_is_met_once),
        cmocka_unit_test(messages_per_connection_are_learnt),
        cmocka_unit_test(resets_slow_it_down),
        cmocka_unit_test(greylisting_is_nobodys_limit),
        cmocka_unit_test(unknown_users_stop_the_path),
        cmocka_unit_test(google_is_given_its_ten_minutes),
        cmocka_unit_test(it_is_deterministic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
