#include "coordinator/fleet/fleet_view.h"

#include "common/base/clock.h"
#include "common/base/table.h"
#include "coordinator/fleet/drive_facts.h"
#include "coordinator/fleet/fleet_inside.h"
#include "coordinator/fleet/fleet_reasons.h"

#include <string.h>

#define IPS_MAX 10000

static char *copy(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

static void add_coordinators(const struct fleet *fleet, struct arena *arena,
                             Hikyaku__V1__GetFleetResponse *response)
{
    size_t count = 0;
    const struct sessions_entry *entries = sessions_registry(fleet->sessions, &count);
    response->coordinators = arena_zero(arena, count, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        const Hikyaku__V1__StoredSession *stored = entries[i].stored;
        /* The registry may be a second old: whose death is known is not shown any more. */
        if (strcmp(stored->role, "coordinator") != 0 ||
            sessions_life(fleet->sessions, entries[i].session) == SESSION_DEAD) {
            continue;
        }
        Hikyaku__V1__FleetCoordinator *item = arena_zero(arena, 1, sizeof *item);
        hikyaku__v1__fleet_coordinator__init(item);
        item->name = copy(arena, stored->name);
        item->session = copy(arena, entries[i].session);
        item->version = copy(arena, stored->version);
        item->address = copy(arena, stored->address);
        item->self = strcmp(entries[i].session, fleet->settings.session) == 0;
        if (item->self) {
            item->campaigns = (uint32_t)driver_campaign_count(fleet->driver);
        }
        item->partitions =
            fleet->partitions == NULL ? 0 : partitions_held_by(fleet->partitions, item->session);
        response->coordinators[response->n_coordinators++] = item;
    }
}

static char *state_of(struct arena *arena, const struct workers_view *view)
{
    if (view->is_away) {
        return copy(arena, "away");
    }
    if (view->is_leaving) {
        return copy(arena, "draining");
    }
    const Hikyaku__V1__Credit *credit = view->credit;
    bool tells = credit != NULL && credit->status != NULL && credit->status->state[0] != '\0';
    return copy(arena, tells ? credit->status->state : "starting");
}

static void add_status(Hikyaku__V1__FleetWorker *item, const Hikyaku__V1__WorkerStatus *status,
                       struct arena *arena)
{
    item->messages_per_s = status->messages_per_s;
    item->connections = status->connections;
    item->sign_cpu_permille = status->sign_cpu_permille;
    item->in_flight = status->in_flight;
    item->uncertain = status->uncertain;
    item->note = copy(arena, status->note);
    item->claims = (uint32_t)status->n_claims;
    for (size_t i = 0; i < status->n_ips; i++) {
        item->sending_ips += status->ips[i]->owned ? 1 : 0;
    }
}

static void add_workers(const struct workers_view *views, size_t count, struct arena *arena,
                        Hikyaku__V1__GetFleetResponse *response)
{
    response->workers = arena_zero(arena, count, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        Hikyaku__V1__FleetWorker *item = arena_zero(arena, 1, sizeof *item);
        hikyaku__v1__fleet_worker__init(item);
        item->name = copy(arena, views[i].name);
        item->session = copy(arena, views[i].session);
        item->version = copy(arena, views[i].version);
        item->started_unix_ms = views[i].started_unix_ms;
        item->state = state_of(arena, &views[i]);
        if (!views[i].is_away && views[i].credit != NULL && views[i].credit->status != NULL) {
            add_status(item, views[i].credit->status, arena);
        }
        response->workers[response->n_workers++] = item;
    }
}

/* An address may be told by several workers: who owns it is shown; without an owner, once. */
static void add_ip(struct table *known, const Hikyaku__V1__WorkerIp *ip, const char *owner,
                   struct arena *arena, Hikyaku__V1__GetFleetResponse *response)
{
    Hikyaku__V1__FleetIp *item = table_get(known, text_of(ip->address));
    if (item == NULL) {
        if (response->n_ips == IPS_MAX) {
            return;
        }
        item = arena_zero(arena, 1, sizeof *item);
        hikyaku__v1__fleet_ip__init(item);
        item->address = copy(arena, ip->address);
        (void)table_put(known, text_of(item->address), item);
        response->ips[response->n_ips++] = item;
    } else if (!ip->owned) {
        return;
    }
    item->pool = copy(arena, ip->pool);
    item->ehlo_name = copy(arena, ip->ehlo_name);
    item->state = copy(arena, ip->state);
    item->sent_today = ip->sent_today;
    item->warmup_days = ip->warmup_days;
    item->warmup_day = ip->warmup_day;
    item->warmup_used = ip->warmup_used;
    item->warmup_quota = ip->warmup_quota;
    item->warmup_frozen = ip->warmup_frozen;
    item->warmup_opens_unix_ms = ip->warmup_opens_unix_ms;
    item->owner = copy(arena, ip->owned ? owner : "");
    item->listed_on = arena_zero(arena, ip->n_listed_on, sizeof *item->listed_on);
    item->n_listed_on = 0;
    while (item->n_listed_on < ip->n_listed_on) {
        item->listed_on[item->n_listed_on] = copy(arena, ip->listed_on[item->n_listed_on]);
        item->n_listed_on++;
    }
}

static void add_ips(const struct workers_view *views, size_t count, struct arena *arena,
                    Hikyaku__V1__GetFleetResponse *response)
{
    OWNED(table_destroy) struct table *known = table_create();
    response->ips = arena_zero(arena, IPS_MAX, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        const Hikyaku__V1__Credit *credit = views[i].credit;
        if (views[i].is_away || credit == NULL || credit->status == NULL) {
            continue;
        }
        for (size_t j = 0; j < credit->status->n_ips; j++) {
            add_ip(known, credit->status->ips[j], views[i].name, arena, response);
        }
    }
}

static void add_store(const struct fleet *fleet, struct arena *arena,
                      Hikyaku__V1__GetFleetResponse *response)
{
    struct store_facts facts;
    store_facts(fleet->settings.store, &facts);
    Hikyaku__V1__FleetStore *item = arena_zero(arena, 1, sizeof *item);
    hikyaku__v1__fleet_store__init(item);
    item->durability = copy(arena, facts.durability);
    item->reachable = store_is_ready(fleet->settings.store);
    item->version = copy(arena, facts.version == NULL ? "" : facts.version);
    item->used_memory_bytes = facts.used_memory_bytes;
    item->max_memory_bytes = facts.max_memory_bytes;
    item->latency_p99_ms = facts.latency_p99_ms;
    size_t count = 0;
    while (facts.warnings != NULL && facts.warnings[count] != NULL) {
        count++;
    }
    item->warnings = arena_zero(arena, count, sizeof *item->warnings);
    for (size_t i = 0; i < count; i++) {
        item->warnings[item->n_warnings++] = copy(arena, facts.warnings[i]);
    }
    response->store = item;
}

static void add_stops(const struct fleet *fleet, struct arena *arena,
                      Hikyaku__V1__GetFleetResponse *response)
{
    const struct stop_set *set = service_stops_all(fleet->stops);
    const struct stop_time time = service_stops_time(fleet->settings.store);
    response->stops = arena_zero(arena, stop_set_count(set), sizeof(void *));
    for (size_t i = 0; i < stop_set_count(set); i++) {
        const struct stop *stop = stop_set_at(set, i);
        if (!stop_set_holds(stop, &time)) {
            continue;
        }
        Hikyaku__V1__OperatorStop *item = arena_zero(arena, 1, sizeof *item);
        hikyaku__v1__operator_stop__init(item);
        item->kind = (Hikyaku__V1__StopKind)stop->kind;
        item->target = copy(arena, stop->target);
        item->from_unix_ms = stop->from_unix_ms;
        item->until_unix_ms = stop->until_unix_ms;
        item->at_unix_ms = stop->at_unix_ms;
        item->reason = copy(arena, stop->reason);
        item->author = copy(arena, stop->author);
        response->stops[response->n_stops++] = item;
    }
}

static void add_alarms(const struct fleet *fleet, struct arena *arena, const char *note,
                       Hikyaku__V1__GetFleetResponse *response)
{
    size_t most = response->n_workers + response->n_ips + 2;
    response->alarms = arena_zero(arena, most, sizeof *response->alarms);
    if (note != NULL) {
        response->alarms[response->n_alarms++] = copy(arena, note);
    }
    if (driver_doubts_clock(fleet->driver)) {
        response->alarms[response->n_alarms++] =
            copy(arena, "CLOCK_DOUBT: the clocks of Redis and this coordinator differ by over "
                        "60 s; nothing starts or expires");
    }
    for (size_t i = 0; i < response->n_workers; i++) {
        const Hikyaku__V1__FleetWorker *worker = response->workers[i];
        if (worker->sending_ips == 0 && strcmp(worker->state, "away") != 0) {
            response->alarms[response->n_alarms++] =
                arena_printf(arena, "NO_SENDING_IP: %s owns no address", worker->name);
        }
    }
    for (size_t i = 0; i < response->n_ips; i++) {
        const Hikyaku__V1__FleetIp *ip = response->ips[i];
        if (ip->n_listed_on > 0) {
            response->alarms[response->n_alarms++] = arena_printf(
                arena, "%s stands on the block list %s", ip->address, ip->listed_on[0]);
        }
    }
}

void fleet_view_fill(const struct fleet *fleet, struct arena *arena, const char *note,
                     Hikyaku__V1__GetFleetResponse *response)
{
    response->cluster = copy(arena, fleet->settings.cluster);
    struct workers_view *views = arena_zero(arena, WORKERS_MAX, sizeof *views);
    size_t count = workers_list(fleet->workers, views, WORKERS_MAX);
    add_coordinators(fleet, arena, response);
    add_workers(views, count, arena, response);
    add_ips(views, count, arena, response);
    add_store(fleet, arena, response);
    add_stops(fleet, arena, response);
    add_alarms(fleet, arena, note, response);
}

/* No worker serves the pool, or those that do are full: of all mail, or of what waits. */
static enum gate gate_of_pool(const struct fleet *fleet, const struct store_campaign *campaign)
{
    size_t workers = 0;
    uint64_t room = offer_book_room(offers_book(fleet->offers), campaign->pool, &workers);
    if (workers == 0) {
        return GATE_NO_SENDING_IP;
    }
    if (room == 0) {
        return GATE_WORKER_CREDIT;
    }
    return fleet_reasons_is_behind(fleet, campaign, NULL) ? GATE_PATH_RATE : GATE_NONE;
}

/* "by suzuki: carrier maintenance" */
static const char *why_stopped(const struct stop *stop, struct arena *arena)
{
    return stop->author[0] == '\0' ? arena_printf(arena, "%s", stop->reason)
                                   : arena_printf(arena, "by %s: %s", stop->author, stop->reason);
}

enum gate fleet_view_gate(const struct fleet *fleet, const struct store_campaign *campaign,
                          struct arena *arena, struct fleet_view_why *ret_why)
{
    const struct stop *stop = NULL;
    const struct drive_facts_sources sources = {.stops = fleet->stops,
                                                .windows = fleet->settings.windows,
                                                .now_unix_ms =
                                                    store_now_unix_ms(fleet->settings.store)};
    const struct drive_facts facts = drive_facts_of(campaign, &sources, &stop);
    const struct drive_time time = {.now_unix_ms = clock_unix_ms(),
                                    .is_doubted = driver_doubts_clock(fleet->driver),
                                    .is_stopped = driver_is_stopped(fleet->driver)};
    struct drive_decision decision;
    drive_rule_decide(&facts, &time, &decision);
    *ret_why = (struct fleet_view_why){.until_unix_ms = decision.until_unix_ms, .text = ""};
    if (time.is_stopped) {
        ret_why->text = "restored from a backup: hikyaku restore status";
    } else if (decision.gate == GATE_OPERATOR_STOP && stop != NULL) {
        ret_why->text = why_stopped(stop, arena);
    }
    if (decision.gate != GATE_NONE || !decision.offers) {
        return decision.gate;
    }
    if (driver_lacks_key(fleet->driver, campaign->id)) {
        return GATE_KEY_UNAVAILABLE;
    }
    enum gate limit = driver_limits_ask(fleet->driver, campaign->id);
    return limit != GATE_NONE ? limit : gate_of_pool(fleet, campaign);
}
