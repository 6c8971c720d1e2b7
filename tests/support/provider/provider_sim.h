/* A provider with hidden limits, and workers that must find them: in simulated time, for the
 * controller of common/policy. Deterministic: a seed decides everything. */
#ifndef HIKYAKU_TESTS_SUPPORT_PROVIDER_SIM_H
#define HIKYAKU_TESTS_SUPPORT_PROVIDER_SIM_H

#include "common/policy/path_control.h"

#define PROVIDER_SIM_WORKERS_MAX 4
#define PROVIDER_SIM_SECONDS_MAX 40000

/** What the provider allows and does not tell. 0: no such limit. */
struct provider_limits {
    double ip_rate;       /* messages per s from one IP */
    double site_rate;     /* from all */
    double burst_s;       /* its token bucket holds so many seconds of that */
    uint32_t window_s;    /* instead of a bucket: counts per such window, */
    bool is_sliding;      /* which moves on with time instead of beginning anew */
    bool counts_refused;  /* what is refused is counted as well: it must be let alone */
    uint32_t connections; /* of one IP */
    uint32_t messages;    /* of one connection */
    bool ends_silently;   /* after these: no word; else 421 */
    uint32_t penalty_s;   /* after a refusal nothing is taken for so long, */
    bool prolongs;        /* and anew from each attempt within it */
    bool resets;          /* instead of refusing: TCP reset (J7) */
    uint32_t greylisted_permille;
    uint32_t unknown_permille;
    uint32_t complaint_permille;
    bool has_reputation; /* falls with unknown users and complaints; the rate falls with it */
};

/** How it says so: provider_voices.c has some. */
struct provider_voice {
    const char *provider; /* key of provider_table.h */
    struct {
        uint8_t stage;
        uint16_t smtp;
        const char *enhanced;
        const char *text;
    } rate, connections, messages;
};
extern const struct provider_voice provider_sim_google;
extern const struct provider_voice provider_sim_yahoo;
extern const struct provider_voice provider_sim_microsoft;
extern const struct provider_voice provider_sim_postfix;
extern const struct provider_voice provider_sim_apple;

struct provider_scenario {
    const struct path_profile *profile;
    const struct provider_voice *voice;
    struct provider_limits limits;
    struct provider_limits later; /* from change_s on */
    uint32_t change_s;            /* 0: never */
    uint32_t seconds;
    uint32_t workers;
    uint32_t second_worker_s; /* when all but the first begin */
    uint64_t demand_per_s;    /* of each worker; 0: always more than can go */
    uint32_t rtt_ms;
    uint64_t seed;
    /** Every decision of every worker; NULL: nobody listens. */
    void (*on_decision)(void *context, uint32_t worker, uint64_t now_ms,
                        const struct path_decision *decision);
    void *context;
};

struct provider_second {
    uint32_t attempts;
    uint32_t taken;
    uint32_t refused; /* for a limit */
    uint32_t connections;
    double rate; /* of all controllers */
};

struct provider_result {
    struct provider_second seconds[PROVIDER_SIM_SECONDS_MAX];
    uint32_t forbidden;        /* attempts in a pause that the provider asked for */
    uint32_t over_rate;        /* seconds (any, by 100 ms) with twice the controller's rate */
    uint32_t over_connections; /* opened above the limit after its first refusal was told */
    uint32_t connection_refusals;
    uint32_t unknown;
    uint32_t resets;
    uint32_t suspensions;
    struct path_control controls[PROVIDER_SIM_WORKERS_MAX]; /* as they ended */
};

void provider_sim_run(const struct provider_scenario *scenario, struct provider_result *result);

/** Taken per second over [from, until). */
double provider_sim_goodput(const struct provider_result *result, uint32_t from, uint32_t until);
/** Refused for a limit, part of all attempts over [from, until). */
double provider_sim_deferrals(const struct provider_result *result, uint32_t from, uint32_t until);
/** Seconds of [from, until) with more than twice `rate` attempts. */
uint32_t provider_sim_doubled(const struct provider_result *result, uint32_t from, uint32_t until,
                              double rate);
/** The first second from `from` on that begins a span of `span` s with at least `rate` taken per s
 *  and at most 2 % refused; UINT32_MAX: none. */
uint32_t provider_sim_converged(const struct provider_result *result, uint32_t from, uint32_t until,
                                uint32_t span, double rate);

#endif
