/* Prints a scenario second by second, for plot.py: second, limit, rate of the controllers, taken,
 * refused, connections.
 *
 *     provider_trace steady|cut|raised|shared
 */
#include "tests/support/provider/provider_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct provider_result result;

static const struct path_profile profile = {.name = "default",
                                            .rate_first = 10,
                                            .connections_first = 5,
                                            .connections_most = 40,
                                            .messages_per_connection = 100,
                                            .unknown_permille = 150};

static struct provider_scenario scenario_of(const char *name)
{
    struct provider_scenario scenario = {.profile = &profile,
                                         .voice = &provider_sim_microsoft,
                                         .limits = {.ip_rate = 40, .burst_s = 1},
                                         .seconds = 600,
                                         .workers = 1,
                                         .rtt_ms = 50,
                                         .seed = 1};
    scenario.later = scenario.limits;
    if (strcmp(name, "cut") == 0) {
        scenario.change_s = 300;
        scenario.later.ip_rate = 10;
    } else if (strcmp(name, "raised") == 0) {
        scenario.change_s = 200;
        scenario.limits.ip_rate = 20;
        scenario.later.ip_rate = 60;
    } else if (strcmp(name, "shared") == 0) {
        scenario.limits.ip_rate = 0;
        scenario.limits.site_rate = 40;
        scenario.workers = 2;
        scenario.second_worker_s = 200;
    }
    return scenario;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return EXIT_FAILURE;
    }
    struct provider_scenario scenario = scenario_of(argv[1]);
    provider_sim_run(&scenario, &result);
    for (uint32_t i = 0; i < scenario.seconds; i++) {
        const struct provider_limits *limits =
            scenario.change_s > 0 && i >= scenario.change_s ? &scenario.later : &scenario.limits;
        const struct provider_second *second = &result.seconds[i];
        (void)printf("%u\t%.1f\t%.2f\t%u\t%u\t%u\n", i, limits->ip_rate + limits->site_rate,
                     second->rate, second->taken, second->refused, second->connections);
    }
    return EXIT_SUCCESS;
}
