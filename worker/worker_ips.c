#include "worker/worker_ips.h"

#include <errno.h>

static int add(const struct worker_config_pool *pool, const struct worker_config_ip *given,
               struct sending_ips *ips, struct problem *problem)
{
    int error = sending_ips_add(ips, pool->name, given->address, given->ehlo);
    if (error != 0) {
        problem_set(problem, "pools", "sending_ip",
                    error == -EEXIST ? "%s stands there twice" : "%s is one address too many",
                    given->address);
        return error;
    }
    ips->items[ips->count - 1].warmup = given->warmup;
    return 0;
}

int worker_ips_read(const struct worker_config *config, struct sending_ips *ips,
                    struct problem *problem)
{
    const struct worker_config_pool *pools = config->pools.items;
    int error = 0;
    for (size_t i = 0; error == 0 && i < config->pools.count; i++) {
        const struct worker_config_ip *given = pools[i].ips.items;
        for (size_t j = 0; error == 0 && j < pools[i].ips.count; j++) {
            error = add(&pools[i], &given[j], ips, problem);
        }
    }
    return error;
}
