#include "coordinator/explain/forecast_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S INT64_C(1800000000)
#define DAY_S 86400

static struct forecast forecast; /* large */

static struct forecast_facts facts_of(double pending, double per_s)
{
    struct forecast_facts facts = {.now_unix_s = NOW_S, .retry_s = 300, .site_count = 1};
    facts.sites[0] = (struct forecast_site){.pending = pending, .per_s = per_s, .is_rated = true};
    for (size_t day = 0; day < FORECAST_DAYS_MAX; day++) {
        facts.sites[0].quotas[day] = FORECAST_NO_QUOTA;
    }
    return facts;
}

static double sent(void)
{
    double total = 0;
    for (size_t i = 0; i < forecast.hour_count; i++) {
        total += forecast.hours[i].sent;
    }
    return total;
}

static void a_rate_alone_decides(void **state)
{
    (void)state;
    struct forecast_facts facts = facts_of(7200, 2);
    forecast_rule_run(&facts, &forecast);
    assert_int_equal(forecast.end_unix_s, NOW_S + 3600);
    assert_int_equal(forecast.decided_by, GATE_PATH_RATE);
    assert_true(forecast.from_unix_s < forecast.end_unix_s);
    assert_true(forecast.to_unix_s > forecast.end_unix_s);
    assert_true(sent() > 7199 && sent() < 7201);
}

static void a_shared_limit_decides_when_it_is_tighter(void **state)
{
    (void)state;
    struct forecast_facts facts = facts_of(7200, 100);
    facts.most_per_s = 1;
    facts.limit_gate = GATE_TENANT_LIMIT;
    forecast_rule_run(&facts, &forecast);
    assert_int_equal(forecast.end_unix_s, NOW_S + 7200);
    assert_int_equal(forecast.decided_by, GATE_TENANT_LIMIT);
}

static void a_quota_waits_for_the_next_day(void **state)
{
    (void)state;
    struct forecast_facts facts = facts_of(1000, 100);
    facts.sites[0].quotas[0] = 400;
    for (size_t day = 1; day < FORECAST_DAYS_MAX; day++) {
        facts.sites[0].quotas[day] = 500;
    }
    forecast_rule_run(&facts, &forecast);
    assert_true(forecast.end_unix_s > NOW_S - NOW_S % DAY_S + 2 * DAY_S);
    assert_true(forecast.end_unix_s < NOW_S - NOW_S % DAY_S + 2 * DAY_S + 600);
    assert_int_equal(forecast.decided_by, GATE_WARMUP_QUOTA);
    assert_true(forecast.warmup > 599 && forecast.warmup < 601);
}

static void what_a_person_must_open_has_no_end(void **state)
{
    (void)state;
    struct forecast_facts facts = facts_of(10, 1);
    facts.held_by = GATE_PAUSED;
    forecast_rule_run(&facts, &forecast);
    assert_true(forecast.is_stuck);
    assert_int_equal(forecast.end_unix_s, 0);
    assert_int_equal(forecast.decided_by, GATE_PAUSED);
    facts.held_until_unix_s = NOW_S + 600;
    forecast_rule_run(&facts, &forecast);
    assert_true(forecast.end_unix_s >= NOW_S + 600);
    assert_false(forecast.is_stuck);
}

static void what_expires_is_counted(void **state)
{
    (void)state;
    struct forecast_facts facts = facts_of(7200, 1);
    facts.expires_unix_s = NOW_S + 3600;
    forecast_rule_run(&facts, &forecast);
    assert_int_equal(forecast.end_unix_s, 0);
    assert_true(forecast.left > 3599 && forecast.left < 3601);
}

static void it_begins_when_it_is_scheduled(void **state)
{
    (void)state;
    struct forecast_facts facts = facts_of(60, 1);
    facts.starts_unix_s = NOW_S + 7200;
    forecast_rule_run(&facts, &forecast);
    assert_int_equal(forecast.end_unix_s, NOW_S + 7260);
    assert_int_equal(forecast.decided_by, GATE_SCHEDULED_FOR);
}

static void the_deferred_come_back(void **state)
{
    (void)state;
    struct forecast_facts facts = facts_of(0, 100);
    facts.sites[0].deferred = 100;
    forecast_rule_run(&facts, &forecast);
    assert_true(forecast.end_unix_s > NOW_S + 300);
    assert_int_equal(forecast.decided_by, GATE_RETRY_DUE);
    assert_true(sent() > 99 && sent() < 101);
}

/* ---------------------------------------------------------------- any facts */

static uint64_t seed = 1181783497276652981U;

static uint64_t number(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static struct forecast_facts any_facts(double *ret_total)
{
    struct forecast_facts facts = {.now_unix_s = NOW_S + (int64_t)number(DAY_S), .retry_s = 300};
    facts.site_count = 1 + number(4);
    facts.deferred_part = (double)number(500) / 1000;
    facts.most_per_s = number(2) == 0 ? 0 : 1 + (double)number(100);
    facts.limit_gate = GATE_TENANT_LIMIT;
    *ret_total = 0;
    for (size_t i = 0; i < facts.site_count; i++) {
        struct forecast_site *site = &facts.sites[i];
        site->pending = (double)number(5000);
        site->deferred = (double)number(1000);
        site->per_s = 0.1 + (double)number(100) / 5;
        for (size_t day = 0; day < FORECAST_DAYS_MAX; day++) {
            site->quotas[day] = i % 2 == 0 ? FORECAST_NO_QUOTA : 100 + number(5000);
        }
        *ret_total += site->pending + site->deferred;
    }
    return facts;
}

/* Nobody is lost or made, and slower paths never end sooner. */
static void any_forecast_adds_up(void **state)
{
    (void)state;
    for (int turn = 0; turn < 60; turn++) {
        double total;
        struct forecast_facts facts = any_facts(&total);
        forecast_rule_run(&facts, &forecast);
        assert_true(sent() + forecast.left > total - 1 && sent() + forecast.left < total + 1);
        assert_true(forecast.end_unix_s == 0 || (forecast.from_unix_s <= forecast.end_unix_s &&
                                                 forecast.end_unix_s <= forecast.to_unix_s));
        int64_t end_unix_s = forecast.end_unix_s;
        for (size_t i = 0; i < facts.site_count; i++) {
            facts.sites[i].per_s /= 2;
        }
        forecast_rule_run(&facts, &forecast);
        assert_true(forecast.end_unix_s == 0 ||
                    (end_unix_s != 0 && forecast.end_unix_s >= end_unix_s));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_alone_decides),
        cmocka_unit_test(a_shared_limit_decides_when_it_is_tighter),
        cmocka_unit_test(a_quota_waits_for_the_next_day),
        cmocka_unit_test(what_a_person_must_open_has_no_end),
        cmocka_unit_test(what_expires_is_counted),
        cmocka_unit_test(it_begins_when_it_is_scheduled),
        cmocka_unit_test(the_deferred_come_back),
        cmocka_unit_test(any_forecast_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
