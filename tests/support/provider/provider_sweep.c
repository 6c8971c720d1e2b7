/* Random providers that nothing was tuned to: one line each, for sweep.py.
 *
 *     provider_sweep FIRST_SEED COUNT
 */
#include "tests/support/provider/provider_sim.h"

#include "common/mail/enhanced_code.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The promises begin here: 5 minutes after a cold start, one after a cut. */
#define COLD_S 300
#define CUT_S 60
/* A limit is found by being refused: so many penalties may pass before. */
#define DEAR 15

static struct provider_result result;

static const struct path_profile usual = {.name = "default",
                                          .rate_first = 10,
                                          .connections_first = 5,
                                          .connections_most = 40,
                                          .messages_per_connection = 100,
                                          .unknown_permille = 150};

static const struct provider_voice *const voices[] = {&provider_sim_yahoo, &provider_sim_microsoft,
                                                      &provider_sim_postfix};

enum kind { STEADY, CUT, RAISED, SHARED, KINDS };
static const char *const kind_names[KINDS] = {"steady", "cut", "raised", "shared"};

static uint64_t state;

static double random_unit(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)((state * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

static double between(double least, double most)
{
    return least * pow(most / least, random_unit());
}

static bool happens(double part)
{
    return random_unit() < part;
}

static struct provider_limits random_limits(double *ret_rate)
{
    struct provider_limits limits = {.burst_s = between(0.2, 30)};
    *ret_rate = between(0.3, 100);
    if (happens(0.4)) {
        limits.window_s = (uint32_t)between(1, 61);
        limits.is_sliding = happens(0.5);
        limits.counts_refused = happens(0.2);
    }
    if (happens(0.3)) {
        limits.penalty_s = (uint32_t)between(1, 601);
        limits.prolongs = happens(0.2);
    }
    if (happens(0.3)) {
        limits.connections = (uint32_t)between(2, 30);
    }
    if (happens(0.3)) {
        limits.messages = (uint32_t)between(3, 100);
        limits.ends_silently = happens(0.5);
    }
    if (happens(0.2)) {
        limits.greylisted_permille = (uint32_t)between(10, 100);
    }
    return limits;
}

/* Connections are not what bounds it: so many as the rate needs, at the time a message takes. */
static void make_room(struct provider_scenario *scenario, double rate)
{
    double each = scenario->limits.messages > 0 ? scenario->limits.messages : 100;
    double took_s = (3.5 + 2.5 / each) * scenario->rtt_ms / 1000.0 + 0.03;
    uint32_t needed = (uint32_t)ceil(1.3 * rate * took_s);
    if (needed > 35) {
        scenario->rtt_ms = (uint32_t)(scenario->rtt_ms * 30.0 / needed);
        needed = 30;
    }
    if (scenario->limits.connections > 0 && scenario->limits.connections < needed) {
        scenario->limits.connections = scenario->later.connections = needed;
    }
}

static void scale(struct provider_limits *limits, bool is_shared, double rate)
{
    *(is_shared ? &limits->site_rate : &limits->ip_rate) = rate;
}

static void print_row(uint64_t seed, enum kind kind, const struct provider_scenario *scenario,
                      double rate)
{
    bool changes = scenario->change_s > 0;
    uint32_t from = kind == SHARED ? scenario->second_worker_s : scenario->change_s;
    uint32_t within = (kind == CUT ? CUT_S : COLD_S) + DEAR * scenario->limits.penalty_s;
    double keeps = 1 - scenario->limits.greylisted_permille / 1000.0;
    uint32_t span = 30 / rate > 30 ? (uint32_t)(30 / rate) : 30;
    span = scenario->limits.window_s > span ? scenario->limits.window_s : span;
    uint32_t at =
        provider_sim_converged(&result, from, scenario->seconds, span, 0.9 * keeps * rate);
    const struct provider_limits *limits = changes ? &scenario->later : &scenario->limits;
    (void)printf("%llu\t%s\t%.2f\t%.1f\t%u%s%s\t%u%s\t%u\t%u\t%u\t%.3f\t%.4f\t%d\t%u\t%u\t%u\t%u\n",
                 (unsigned long long)seed, kind_names[kind], rate, limits->burst_s,
                 limits->window_s, limits->is_sliding ? "s" : "", limits->counts_refused ? "c" : "",
                 limits->penalty_s, limits->prolongs ? "p" : "", limits->connections,
                 limits->messages, scenario->rtt_ms,
                 provider_sim_goodput(&result, from + within, scenario->seconds) / (keeps * rate),
                 provider_sim_deferrals(&result, from + within, scenario->seconds),
                 at == UINT32_MAX ? -1 : (int)(at - from), result.forbidden, result.over_rate,
                 result.over_connections, result.suspensions);
}

static void run(uint64_t seed)
{
    double rate = 0;
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    struct provider_limits limits = random_limits(&rate);
    enum kind kind = (enum kind)(seed % KINDS);
    struct provider_scenario scenario = {.profile = &usual,
                                         .voice = voices[seed / KINDS % 3],
                                         .limits = limits,
                                         .later = limits,
                                         .workers = kind == SHARED ? 2 : 1,
                                         .second_worker_s = kind == SHARED ? 600 : 0,
                                         .change_s = kind == CUT || kind == RAISED ? 900 : 0,
                                         .seconds = 5400,
                                         .rtt_ms = (uint32_t)between(5, 200),
                                         .seed = seed};
    scenario.change_s += kind == CUT || kind == RAISED ? DEAR * limits.penalty_s : 0;
    scenario.second_worker_s += kind == SHARED ? DEAR * limits.penalty_s : 0;
    scenario.seconds = 5400 + 50 * limits.penalty_s;
    make_room(&scenario, kind == CUT ? 4 * rate : rate);
    double first = kind == CUT ? 4 * rate : kind == RAISED ? rate / 3 : rate;
    scale(&scenario.limits, kind == SHARED, first);
    scale(&scenario.later, kind == SHARED, rate);
    provider_sim_run(&scenario, &result);
    print_row(seed, kind, &scenario, rate);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return EXIT_FAILURE;
    }
    uint64_t first = strtoull(argv[1], NULL, 10);
    uint64_t count = strtoull(argv[2], NULL, 10);
    for (uint64_t seed = first; seed < first + count; seed++) {
        run(seed);
    }
    return EXIT_SUCCESS;
}
