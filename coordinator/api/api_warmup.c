/* GetWarmup, SetWarmup. What is shown is what the store holds: any coordinator can say it. */
#include "common/base/log.h"
#include "common/net/stream.h"
#include "common/policy/warmup_hour.h"
#include "common/policy/warmup_setting.h"
#include "common/service/service_windows.h"
#include "common/store/store_warm.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sites of one IP, and of each when all are asked for. */
#define SITES_MAX 1000
#define SITES_EACH 20
#define DAY_MS INT64_C(86400000)

struct warmup_call {
    struct api_call *call;
    Hikyaku__V1__WarmupIp **ips; /* in the call's arena */
    size_t count;
    size_t answered;
    size_t sites_max;
    int error;
    const char *site; /* "": all */
    bool is_set;      /* SetWarmup: one IP */
};

struct warmup_load {
    struct warmup_call *all;
    Hikyaku__V1__WarmupIp *ip;
};

/* ---------------------------------------------------------------- what the store holds */

/* What the states of an IP mean. */
struct meaning {
    struct warmup_plan plan;
    bool has_plan;
    struct warmup_hour hour;
    const struct time_zone *zone;
};

static struct text field_of(const struct store_ip_site *states, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(states[i].site, text_of(name))) {
            return states[i].state;
        }
    }
    return TEXT("");
}

static struct meaning read_plan(struct api_call *call, struct text told, Hikyaku__V1__WarmupIp *ip)
{
    const struct api_settings *settings = &call->api->settings;
    /* Without one a day is told as it is stored. */
    struct meaning meaning = {.plan = {.days = UINT16_MAX}};
    struct warmup_setting setting;
    if (warmup_setting_read(told, &setting) == 0) {
        meaning.plan = setting.plan;
        meaning.has_plan = true;
        meaning.zone = setting.zone[0] == '\0'
                           ? NULL
                           : service_windows_zone(settings->windows, text_of(setting.zone));
        ip->plan = api_call_string(call, text_of(setting.name));
        ip->zone = api_call_string(call, text_of(setting.zone));
        ip->hour_share_permille = setting.hour_share;
        ip->n_volumes = setting.plan.days;
        ip->volumes = arena_alloc(call->arena, (size_t)setting.plan.days * 4 + 4);
        memcpy(ip->volumes, setting.plan.volumes, (size_t)setting.plan.days * 4);
    }
    meaning.hour = warmup_hour_at(meaning.zone, store_now_unix_ms(settings->store));
    ip->day_ends_unix_ms = meaning.hour.day_ends_unix_ms;
    return meaning;
}

/* When a local day begins: from now back, as if each had 24 hours. */
static int64_t day_begins(const struct meaning *meaning, uint32_t day)
{
    int64_t ago = (int64_t)meaning->hour.day - day;
    return meaning->hour.day_ends_unix_ms - (ago + 1) * DAY_MS;
}

static Hikyaku__V1__WarmupSite *show_site(struct api_call *call, const struct meaning *meaning,
                                          const struct store_ip_site *stored)
{
    static const char *const verdicts[] = {"", "stay", "back"};
    struct warmup state;
    if (warmup_decode(&meaning->plan, stored->state, &state) != 0) {
        return NULL;
    }
    if (meaning->has_plan && state.day != 0) {
        (void)warmup_turn(&meaning->plan, &state, meaning->hour.day);
    }
    Hikyaku__V1__WarmupSite *site = arena_alloc(call->arena, sizeof *site);
    hikyaku__v1__warmup_site__init(site);
    site->site = api_call_string(call, stored->site);
    site->warm = meaning->has_plan ? warmup_is_warm(&meaning->plan, &state)
                                   : state.stage == WARMUP_STAGE_WARM;
    site->day = (uint32_t)state.stage + 1;
    site->frozen = state.is_frozen != 0;
    site->used = state.used;
    site->quota = meaning->has_plan && !site->warm ? warmup_day_quota(&meaning->plan, &state) : 0;
    site->verdict = api_call_string(call, text_of(verdicts[state.verdict]));
    site->attempts = state.seen.attempts;
    site->deferred = state.seen.deferred;
    site->blocked = state.seen.blocked;
    site->unknown = state.seen.unknown;
    site->complained = state.seen.complained;
    site->sent_unix_ms = state.sent_day == 0 ? 0 : day_begins(meaning, state.sent_day);
    return site;
}

/* "*" first, then by messages today, then by name. */
static int by_use(const void *left, const void *right)
{
    const Hikyaku__V1__WarmupSite *a = *(Hikyaku__V1__WarmupSite *const *)left;
    const Hikyaku__V1__WarmupSite *b = *(Hikyaku__V1__WarmupSite *const *)right;
    bool is_all = strcmp(a->site, STORE_WARM_ALL) == 0;
    if (is_all != (strcmp(b->site, STORE_WARM_ALL) == 0)) {
        return is_all ? -1 : 1;
    }
    if (a->used != b->used) {
        return a->used > b->used ? -1 : 1;
    }
    return strcmp(a->site, b->site);
}

static void show_ip(struct warmup_load *load, const struct store_ip_site *states, size_t count)
{
    const struct warmup_call *all = load->all;
    Hikyaku__V1__WarmupIp *ip = load->ip;
    struct meaning meaning = read_plan(all->call, field_of(states, count, STORE_WARM_PLAN), ip);
    ip->sites = arena_zero(all->call->arena, count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        bool is_meant = all->site[0] == '\0' || text_equal(states[i].site, text_of(all->site));
        bool is_site = states[i].site.size > 0 && states[i].site.data[0] != '#';
        Hikyaku__V1__WarmupSite *site =
            is_meant && is_site ? show_site(all->call, &meaning, &states[i]) : NULL;
        if (site != NULL) {
            ip->sites[ip->n_sites++] = site;
        }
    }
    qsort(ip->sites, ip->n_sites, sizeof(void *), by_use);
    if (ip->n_sites > all->sites_max) {
        ip->more_sites = (uint32_t)(ip->n_sites - all->sites_max);
        ip->n_sites = all->sites_max;
    }
}

/* ---------------------------------------------------------------- asking */

static void answer(struct warmup_call *all)
{
    if (all->error != 0) {
        api_call_refuse_error(all->call, all->error);
        return;
    }
    if (all->is_set) {
        Hikyaku__V1__SetWarmupResponse response;
        hikyaku__v1__set_warmup_response__init(&response);
        response.ip = all->ips[0];
        api_call_answer(all->call, &response.base);
        return;
    }
    Hikyaku__V1__GetWarmupResponse response;
    hikyaku__v1__get_warmup_response__init(&response);
    response.ips = all->ips;
    response.n_ips = all->count;
    api_call_answer(all->call, &response.base);
}

static void on_loaded(void *context, int error, const struct store_ip_site *states, size_t count)
{
    struct warmup_load *load = context;
    struct warmup_call *all = load->all;
    all->answered++;
    if (error != 0) {
        all->error = error;
    } else {
        show_ip(load, states, count);
    }
    if (all->answered == all->count) {
        answer(all);
    }
}

static void read_all(struct warmup_call *all)
{
    if (all->count == 0) {
        answer(all);
        return;
    }
    size_t count = all->count; /* answers may come at once: the last one ends all */
    struct api_call *call = all->call;
    struct store *store = call->api->settings.store;
    struct warmup_load *loads = arena_zero(call->arena, count, sizeof *loads);
    for (size_t i = 0; i < count; i++) {
        loads[i] = (struct warmup_load){all, all->ips[i]};
        store_warm_load(store, text_of(all->ips[i]->address), on_loaded, &loads[i]);
    }
}

static Hikyaku__V1__WarmupIp *new_ip(struct api_call *call, const char *address)
{
    Hikyaku__V1__WarmupIp *ip = arena_alloc(call->arena, sizeof *ip);
    hikyaku__v1__warmup_ip__init(ip);
    ip->address = api_call_string(call, text_of(address));
    return ip;
}

/* IPs that workers tell of: all with a plan, or the one that is meant, whoever knows it. */
static void choose(struct warmup_call *all, const char *address)
{
    Hikyaku__V1__GetFleetResponse fleet;
    struct api_call *call = all->call;
    hikyaku__v1__get_fleet_response__init(&fleet);
    call->api->settings.fill_fleet(call->api->settings.fleet_context, call->arena, &fleet);
    all->ips = arena_zero(call->arena, fleet.n_ips + 1, sizeof(void *));
    for (size_t i = 0; i < fleet.n_ips; i++) {
        const Hikyaku__V1__FleetIp *known = fleet.ips[i];
        bool is_meant =
            address[0] == '\0' ? known->warmup_days > 0 : strcmp(known->address, address) == 0;
        if (is_meant) {
            Hikyaku__V1__WarmupIp *ip = new_ip(call, known->address);
            ip->pool = known->pool;
            ip->owner = known->owner;
            all->ips[all->count++] = ip;
        }
    }
    if (address[0] != '\0' && all->count == 0) {
        all->ips[all->count++] = new_ip(call, address);
    }
}

/* @return NULL: the call has been refused */
static struct warmup_call *begin(struct api_call *call, const char *address, const char *site)
{
    struct warmup_call *all = arena_zero(call->arena, 1, sizeof *all);
    struct stream_address parsed;
    char text[STREAM_ADDRESS_LENGTH] = "";
    if (address[0] != '\0' && stream_address_parse(text_of(address), 0, &parsed) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "ip", "ip",
                             "must be an IPv4 or IPv6 address");
        return NULL;
    }
    if (text_has_any(text_of(site), TEXT("/#*+|"))) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "site", "site",
                             "must be the name of a site, as screens show it");
        return NULL;
    }
    if (address[0] != '\0') {
        stream_address_format(&parsed, text);
    }
    char *name = api_call_string(call, text_of(site));
    text_lower_ascii(name, strlen(name));
    all->call = call;
    all->site = name;
    all->sites_max = address[0] != '\0' ? SITES_MAX : SITES_EACH;
    choose(all, text);
    return all;
}

void api_warmup_handle(struct api_call *call)
{
    const Hikyaku__V1__GetWarmupRequest *request = (const void *)call->request;
    struct warmup_call *all = begin(call, request->ip, request->site);
    if (all != NULL) {
        read_all(all);
    }
}

/* ---------------------------------------------------------------- changing */

static const char *const words[] = {"", "set", "reset", "freeze", "unfreeze"};

static void on_changed(void *context, int error)
{
    struct warmup_call *all = context;
    const Hikyaku__V1__SetWarmupRequest *request = (const void *)all->call->request;
    if (error == -ENOSPC) {
        api_call_refuse_with(all->call, WIRE_CODE_RESOURCE_EXHAUSTED, "site", "too_many",
                             "%d sites of the address are remembered already, or Redis is full",
                             STORE_IP_SITES_MAX);
        return;
    }
    if (error != 0) {
        api_call_refuse_error(all->call, error);
        return;
    }
    LOG(LOG_WARMUP_CHANGED, NULL, log_string("ip", all->ips[0]->address),
        log_string("site", all->site), log_string("action", words[request->action]),
        log_number("day", request->day), log_string("author", request->author));
    read_all(all);
}

void api_warmup_handle_set(struct api_call *call)
{
    const Hikyaku__V1__SetWarmupRequest *request = (const void *)call->request;
    struct warmup_call *all = begin(call, request->ip, request->site);
    if (all == NULL) {
        return;
    }
    if ((size_t)request->action >= sizeof words / sizeof words[0]) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "action", "unknown",
                             "there is no such action");
        return;
    }
    all->is_set = true;
    const struct store_warm_change change = {
        .ip = text_of(all->ips[0]->address),
        .what = words[request->action],
        .site = text_of(all->site),
        .stage = request->warm ? WARMUP_STAGE_WARM : (uint16_t)(request->day - 1),
    };
    store_warm_change(call->api->settings.store, &change, on_changed, all);
}
