/* When a campaign would end if nothing changed: steps of a minute, told by hours. Pure.
 *
 * Each site's recipients go out at its paths' rates, as far as shared limits, windows and warm-up
 * quotas let them; a part of the attempts is deferred and comes back after the usual delay. What is
 * not known ahead (new refusals, other campaigns, operators) is not in it: FORECAST_ERROR_PERMILLE
 * says how far from it the end may lie. */
#ifndef HIKYAKU_COORDINATOR_EXPLAIN_FORECAST_RULE_H
#define HIKYAKU_COORDINATOR_EXPLAIN_FORECAST_RULE_H

#include "common/mail/rows.h"
#include "common/policy/send_window.h"

#define FORECAST_SITES_MAX 64
#define FORECAST_DAYS_MAX 14
#define FORECAST_HOURS_MAX (FORECAST_DAYS_MAX * 24 + 1)
/** Of the time that it takes, outside closed windows: nine ends in ten lie within. */
#define FORECAST_ERROR_PERMILLE 300
#define FORECAST_NO_QUOTA UINT64_MAX

struct forecast_site {
    double pending;                 /* recipients that may go now */
    double deferred;                /* that come back later */
    double per_s;                   /* of all paths together; 0: none */
    bool is_rated;                  /* by a limit that was met; else by connections */
    int64_t suspended_until_unix_s; /* 0: not */
    /* Warm-up: messages of this day and of each of the next; NO_QUOTA: warm. The last one stands
     * for all later days. */
    uint64_t quotas[FORECAST_DAYS_MAX];
};

struct forecast_facts {
    int64_t now_unix_s;
    int64_t starts_unix_s;   /* 0: it has started */
    int64_t expires_unix_s;  /* 0: never */
    int64_t day_ends_unix_s; /* the first of the days of quotas; 0: by UTC */
    struct forecast_site sites[FORECAST_SITES_MAX];
    size_t site_count;
    double most_per_s; /* of the tightest shared limit; 0: none */
    uint8_t limit_gate;
    const struct send_window *windows; /* zones resolved */
    size_t window_count;
    uint32_t retry_s;          /* after which a deferred one comes back */
    double deferred_part;      /* of attempts, 0..1 */
    uint8_t held_by;           /* closed until a person opens it; GATE_NONE: nothing is */
    int64_t held_until_unix_s; /* 0: not known */
};

struct forecast_hour {
    int64_t begin_unix_s;
    double sent;
    double held[GATE_LIMIT]; /* what waits at its end */
};

struct forecast {
    int64_t end_unix_s; /* 0: not before it expires, or within FORECAST_DAYS_MAX */
    int64_t from_unix_s;
    int64_t to_unix_s;
    uint8_t decided_by; /* enum gate: what held the last of it */
    bool is_stuck;      /* a gate that only a person opens */
    double left;        /* unsent when it expires, or when the forecast ends */
    double warmup;      /* waits for another day's quota at the end of the first day */
    struct forecast_hour hours[FORECAST_HOURS_MAX];
    size_t hour_count;
};

void forecast_rule_run(const struct forecast_facts *facts, struct forecast *ret_forecast);

#endif
