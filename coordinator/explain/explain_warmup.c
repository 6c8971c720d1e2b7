/* What young IPs may still send to a site today, and on the next days: from what the store holds of
 * their warm-up, turned by the functions that their worker uses. */
#include "coordinator/explain/explain_inside.h"

#include "common/policy/warmup_hour.h"
#include "common/policy/warmup_setting.h"
#include "common/store/store_warm.h"

#include <string.h>

/* Of the store's fields: the plan, the state of sites that come, then the sites. */
enum { PLAN_AT, USUAL_AT, SITES_AT };

static void read_next(struct explain_ask *ask);

/* The days to come, as if each quota were used up. */
static void look_ahead(const struct warmup_plan *plan, struct warmup state,
                       uint64_t ret_quotas[FORECAST_DAYS_MAX])
{
    for (size_t day = 0; day < FORECAST_DAYS_MAX; day++) {
        uint32_t quota = warmup_day_quota(plan, &state);
        uint32_t left = quota > state.used ? quota - state.used : 0;
        ret_quotas[day] = quota == WARMUP_NO_LIMIT ? FORECAST_NO_QUOTA : left;
        if (quota != WARMUP_NO_LIMIT) {
            warmup_used(&state, left);
        }
        (void)warmup_turn(plan, &state, state.day + 1);
    }
}

static struct warmup_hour hour_of(const struct explain_ask *ask,
                                  const struct warmup_setting *setting)
{
    const struct time_zone *zone = NULL;
    if (setting->zone[0] != '\0') {
        zone = service_windows_zone(ask->explain->settings.windows, text_of(setting->zone));
    }
    return warmup_hour_at(zone, ask->reasons.now_unix_ms);
}

static void take_state(struct explain_ask *ask, struct explain_path *path,
                       const struct warmup_setting *setting, struct text stored)
{
    struct warmup state = {0};
    const struct warmup_hour hour = hour_of(ask, setting);
    if (stored.size > 0 && warmup_decode(&setting->plan, stored, &state) != 0) {
        state = (struct warmup){0};
    }
    (void)warmup_turn(&setting->plan, &state, hour.day);
    look_ahead(&setting->plan, state, path->quotas);
    ask->warm_day_ends_unix_ms = hour.day_ends_unix_ms;
    if (path->quotas[0] == FORECAST_NO_QUOTA) {
        return;
    }
    path->quota_used = state.used;
    path->quota_most = warmup_day_quota(&setting->plan, &state);
    bool is_told = path->gate == GATE_SITE_SUSPENDED || path->gate == GATE_WARMUP_QUOTA;
    if (path->quota_used >= path->quota_most && !is_told) {
        path->gate = GATE_WARMUP_QUOTA;
        path->until_unix_ms = hour.day_ends_unix_ms;
    }
}

/* Of one site; else of all that come. */
static struct text state_of(const struct explain_ask *ask, const char *site,
                            const struct store_ip_site *stored)
{
    for (size_t i = 0; i < ask->site_count; i++) {
        if (strcmp(ask->sites[i], site) == 0 && stored[SITES_AT + i].state.size > 0) {
            return stored[SITES_AT + i].state;
        }
    }
    return stored[USUAL_AT].state;
}

static void take_states(struct explain_ask *ask, const char *ip, const struct store_ip_site *stored)
{
    struct warmup_setting setting;
    if (warmup_setting_read(stored[PLAN_AT].state, &setting) != 0) {
        return; /* it has no plan: it is warm */
    }
    for (size_t i = 0; i < ask->path_count; i++) {
        struct explain_path *path = &ask->paths[i];
        if (strcmp(path->ip, ip) == 0) {
            take_state(ask, path, &setting, state_of(ask, path->site, stored));
        }
    }
}

static void on_states(void *context, int error, const struct store_ip_site *states, size_t count)
{
    struct explain_ask *ask = context;
    if (explain_is_broken(error)) {
        explain_end(ask, error, NULL);
        return;
    }
    const char *ip = ask->reasons.ips[ask->warm_at++].address;
    if (error == 0 && count == SITES_AT + ask->site_count) {
        take_states(ask, ip, states);
    }
    read_next(ask);
}

static void read_next(struct explain_ask *ask)
{
    struct text names[STORE_LOOK_SITES_MAX] = {TEXT(STORE_WARM_PLAN), TEXT(STORE_WARM_ALL)};
    const struct fleet_reasons *reasons = &ask->reasons;
    if (ask->warm_at == reasons->ip_count || ask->path_count == 0) {
        explain_next(ask);
        return;
    }
    for (size_t i = 0; i < ask->site_count; i++) {
        names[SITES_AT + i] = text_of(ask->sites[i]);
    }
    const struct store_look_sites look = {text_of(reasons->ips[ask->warm_at].address), "warm",
                                          names, SITES_AT + ask->site_count};
    store_look_sites(ask->explain->settings.store, &look, on_states, ask);
}

void explain_warmup_read(struct explain_ask *ask)
{
    for (size_t i = 0; i < ask->path_count; i++) {
        for (size_t day = 0; day < FORECAST_DAYS_MAX; day++) {
            ask->paths[i].quotas[day] = FORECAST_NO_QUOTA;
        }
    }
    read_next(ask);
}
