/* ListReputation. */
#include "common/base/table.h"
#include "common/policy/reputation.h"
#include "common/store/store_reputation.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"

#include <stdlib.h>

#define HOURS_DEFAULT 24
#define TREND_HOURS 6
#define TREND_BEFORE_HOURS 24
/* Read for one call; a fleet has fewer. */
#define NAMES_MAX 500

/* One site of a name, summed up. */
struct site_sum {
    const char *site;
    struct reputation span;
    struct reputation now;
    struct reputation before;
};

struct asking {
    struct api_call *call;
    struct name *names;
    size_t count;
    size_t answered;
    int error;
    uint64_t hour; /* now, since 1970 */
    Hikyaku__V1__ListReputationResponse response;
    size_t room;
};

struct name {
    struct asking *asking;
    const char *ip;
    const char *domain;
    struct text tenant; /* of the domain */
};

static const Hikyaku__V1__ListReputationRequest *request_of(const struct asking *asking)
{
    return (const void *)asking->call->request;
}

/* ------------------------------------------------------------------ summing up */

static bool is_in_span(const struct asking *asking, const struct store_reputation_bucket *bucket)
{
    const Hikyaku__V1__ListReputationRequest *request = request_of(asking);
    uint64_t hours = request->hours == 0 ? HOURS_DEFAULT : request->hours;
    if (request->days != 0) {
        return bucket->is_day && bucket->number + request->days > asking->hour / 24;
    }
    return !bucket->is_day && bucket->number + hours > asking->hour;
}

static void add_bucket(const struct asking *asking, const struct store_reputation_bucket *bucket,
                       struct site_sum *row)
{
    struct reputation counts;
    uint64_t age = asking->hour > bucket->number ? asking->hour - bucket->number : 0;
    if (reputation_read(bucket->counts, &counts) != 0) {
        return;
    }
    if (is_in_span(asking, bucket)) {
        reputation_add(&row->span, &counts);
    }
    if (!bucket->is_day && age < TREND_HOURS) {
        reputation_add(&row->now, &counts);
    } else if (!bucket->is_day && age < TREND_HOURS + TREND_BEFORE_HOURS) {
        reputation_add(&row->before, &counts);
    }
}

static Hikyaku__V1__Trend trend_of(const struct site_sum *row)
{
    static const Hikyaku__V1__Trend trends[] = {
        [REPUTATION_FEW] = HIKYAKU__V1__TREND__TREND_FEW,
        [REPUTATION_STEADY] = HIKYAKU__V1__TREND__TREND_STEADY,
        [REPUTATION_BETTER] = HIKYAKU__V1__TREND__TREND_BETTER,
        [REPUTATION_WORSE] = HIKYAKU__V1__TREND__TREND_WORSE};
    return trends[reputation_trend_of(&row->now, &row->before)];
}

static void add_row(struct asking *asking, const struct name *name, const struct site_sum *row)
{
    struct arena *arena = asking->call->arena;
    Hikyaku__V1__Reputation *view = arena_alloc(arena, sizeof *view);
    hikyaku__v1__reputation__init(view);
    view->ip = arena_printf(arena, "%s", name->ip);
    view->from_domain = arena_printf(arena, "%s", name->domain);
    view->site = arena_printf(arena, "%s", row->site);
    view->delivered = row->span.counts[REPUTATION_DELIVERED];
    view->deferred = row->span.counts[REPUTATION_DEFERRED];
    view->bounced = row->span.counts[REPUTATION_BOUNCED];
    view->unknown_users = row->span.counts[REPUTATION_UNKNOWN];
    view->blocked = row->span.counts[REPUTATION_BLOCKED];
    view->rate_limited = row->span.counts[REPUTATION_LIMITED];
    view->complained = row->span.counts[REPUTATION_COMPLAINED];
    view->trend = trend_of(row);
    Hikyaku__V1__ListReputationResponse *response = &asking->response;
    if (response->n_reputations == asking->room) {
        size_t room = asking->room * 2 + 64;
        Hikyaku__V1__Reputation **list = arena_zero(arena, room, sizeof(void *));
        for (size_t i = 0; i < response->n_reputations; i++) {
            list[i] = response->reputations[i];
        }
        response->reputations = list;
        asking->room = room;
    }
    response->reputations[response->n_reputations++] = view;
}

static void add_rows(struct asking *asking, const struct name *name, const struct table *rows)
{
    struct table_walk walk;
    for (const struct site_sum *row = table_first(rows, &walk); row != NULL;
         row = table_next(&walk)) {
        if (reputation_attempts(&row->span) > 0 || row->span.counts[REPUTATION_COMPLAINED] > 0) {
            add_row(asking, name, row);
        }
    }
}

static void sum_up(struct asking *asking, const struct name *name,
                   const struct store_reputation_bucket *buckets, size_t count)
{
    const char *site = request_of(asking)->site;
    struct arena *arena = asking->call->arena;
    struct table *rows = table_create();
    for (size_t i = 0; i < count; i++) {
        if (site[0] != '\0' && !text_equal(text_of(site), buckets[i].site)) {
            continue;
        }
        struct site_sum *row = table_get(rows, buckets[i].site);
        if (row == NULL) {
            row = arena_zero(arena, 1, sizeof *row);
            row->site = api_call_string(asking->call, buckets[i].site);
            (void)table_put(rows, buckets[i].site, row);
        }
        add_bucket(asking, &buckets[i], row);
    }
    add_rows(asking, name, rows);
    table_destroy(&rows);
}

/* ------------------------------------------------------------------ asking the store */

static void on_read(void *context, int error, const struct store_reputation_bucket *buckets,
                    size_t count)
{
    const struct name *name = context;
    struct asking *asking = name->asking;
    asking->answered++;
    asking->error = error != 0 ? error : asking->error;
    if (error == 0) {
        sum_up(asking, name, buckets, count);
    }
    if (asking->answered < asking->count) {
        return;
    }
    if (asking->error != 0) {
        api_call_refuse_error(asking->call, asking->error);
    } else {
        api_call_answer(asking->call, &asking->response.base);
    }
}

/* The configuration may be read anew before the answer. */
static void add_name(struct asking *asking, const char *ip, const char *domain, struct text tenant)
{
    struct api_call *call = asking->call;
    if (asking->count < NAMES_MAX) {
        asking->names[asking->count++] =
            (struct name){asking, api_call_string(call, text_of(ip)),
                          api_call_string(call, text_of(domain)), arena_text(call->arena, tenant)};
    }
}

/* Of an IP that several tenants send from, only who runs the cluster is told. */
static bool may_see_ips(const struct api_call *call)
{
    const uint32_t fleet = ACCESS_BIT(ACCESS_FLEET_OPERATE) | ACCESS_BIT(ACCESS_THROTTLE_WRITE);
    return !tenants_are_several(call->api->settings.tenants) || (call->caller.scopes & fleet) != 0;
}

static void add_ips(struct asking *asking)
{
    const struct api_settings *settings = &asking->call->api->settings;
    Hikyaku__V1__GetFleetResponse fleet;
    hikyaku__v1__get_fleet_response__init(&fleet);
    settings->fill_fleet(settings->fleet_context, asking->call->arena, &fleet);
    for (size_t i = 0; i < fleet.n_ips; i++) {
        add_name(asking, fleet.ips[i]->address, "", TEXT(""));
    }
}

/* @param domain  "": all of the tenant's */
static void add_domains(struct asking *asking, const struct tenant *tenant, const char *domain)
{
    if (domain[0] != '\0') {
        add_name(asking, "", domain, text_of(tenant->name));
        return;
    }
    for (size_t i = 0; tenant->from_domains[i] != NULL; i++) {
        add_name(asking, "", tenant->from_domains[i], text_of(tenant->name));
    }
}

/* The caller's tenant's; of every tenant for who has none. */
static void add_tenants(struct asking *asking, const char *domain)
{
    const struct tenants *tenants = asking->call->api->settings.tenants;
    const struct tenant *own = tenants_find(tenants, asking->call->tenant);
    const struct tenant *tenant;
    if (own != NULL) {
        add_domains(asking, own, domain);
        return;
    }
    for (size_t i = 0; (tenant = tenants_at(tenants, i)) != NULL; i++) {
        add_domains(asking, tenant, domain);
    }
}

static void add_names(struct asking *asking)
{
    const Hikyaku__V1__ListReputationRequest *request = request_of(asking);
    bool is_all = request->ip[0] == '\0' && request->from_domain[0] == '\0';
    if (request->ip[0] != '\0') {
        add_name(asking, request->ip, "", TEXT(""));
    } else if (is_all && may_see_ips(asking->call)) {
        add_ips(asking);
    }
    if (request->ip[0] == '\0') {
        add_tenants(asking, request->from_domain);
    }
}

void api_reputation_handle(struct api_call *call)
{
    const Hikyaku__V1__ListReputationRequest *request = (const void *)call->request;
    struct store *store = call->api->settings.store;
    struct asking *asking = arena_zero(call->arena, 1, sizeof *asking);
    asking->call = call;
    asking->names = arena_zero(call->arena, NAMES_MAX, sizeof *asking->names);
    asking->hour = (uint64_t)(store_now_unix_ms(store) / 3600000);
    hikyaku__v1__list_reputation_response__init(&asking->response);
    if (request->ip[0] != '\0' && !may_see_ips(call)) {
        api_call_refuse_with(call, WIRE_CODE_PERMISSION_DENIED, "ip", "scope",
                             "several tenants send from it: this needs fleet:operate");
        return;
    }
    add_names(asking);
    if (asking->count == 0) {
        api_call_answer(call, &asking->response.base);
        return;
    }
    /* The last answer ends the call: how many there are is not looked up again. */
    size_t count = asking->count;
    for (size_t i = 0; i < count; i++) {
        const struct store_reputation_name name = {.ip = text_of(asking->names[i].ip),
                                                   .tenant = asking->names[i].tenant,
                                                   .domain = text_of(asking->names[i].domain)};
        store_reputation_read(store, &name, on_read, &asking->names[i]);
    }
}
