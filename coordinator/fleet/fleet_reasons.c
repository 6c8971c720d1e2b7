#include "coordinator/fleet/fleet_reasons.h"

#include "common/base/bytes.h"
#include "coordinator/fleet/drive_facts.h"
#include "coordinator/fleet/fleet_inside.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- stops */

static struct fleet_reasons_stop view_of(const struct stop *stop, struct arena *arena)
{
    return (struct fleet_reasons_stop){
        .about = arena_printf(arena, "%s%s%s", stop_set_kind_name(stop->kind),
                              stop->target[0] == '\0' ? "" : " ", stop->target),
        .word = stop->author[0] == '\0'
                    ? arena_printf(arena, "%s", stop->reason)
                    : arena_printf(arena, "by %s: %s", stop->author, stop->reason),
        .at_unix_ms = stop->at_unix_ms,
        .until_unix_ms = stop->until_unix_ms};
}

bool fleet_reasons_stop(const struct fleet *fleet, const struct stop_question *question,
                        struct arena *arena, struct fleet_reasons_stop *ret_stop)
{
    const struct stop *stop = service_stops_find(fleet->stops, question);
    if (stop != NULL) {
        *ret_stop = view_of(stop, arena);
    }
    return stop != NULL;
}

/* ---------------------------------------------------------------- sending IPs */

/* Told by several workers: who owns it is named. */
static void add_ip(struct fleet_reasons *reasons, const Hikyaku__V1__WorkerIp *ip,
                   const char *worker, struct arena *arena)
{
    size_t place = 0;
    while (place < reasons->ip_count && strcmp(reasons->ips[place].address, ip->address) != 0) {
        place++;
    }
    if (place == FLEET_REASONS_IPS_MAX) {
        return;
    }
    if (place == reasons->ip_count) {
        reasons->ips[reasons->ip_count++] = (struct fleet_reasons_ip){
            .address = arena_printf(arena, "%s", ip->address), .owner = ""};
    }
    if (ip->owned) {
        reasons->ips[place].owner = arena_printf(arena, "%s", worker);
    }
}

static void add_ips(const struct fleet *fleet, struct text pool, struct arena *arena,
                    struct fleet_reasons *reasons)
{
    struct workers_view *views = arena_zero(arena, WORKERS_MAX, sizeof *views);
    size_t count = workers_list(fleet->workers, views, WORKERS_MAX);
    for (size_t i = 0; i < count; i++) {
        const Hikyaku__V1__Credit *credit = views[i].credit;
        bool tells =
            !views[i].is_away && !views[i].is_leaving && credit != NULL && credit->status != NULL;
        for (size_t j = 0; tells && j < credit->status->n_ips; j++) {
            const Hikyaku__V1__WorkerIp *ip = credit->status->ips[j];
            if (text_equal(text_of(ip->pool), pool)) {
                add_ip(reasons, ip, views[i].name, arena);
            }
        }
    }
}

/* ---------------------------------------------------------------- all of it */

void fleet_reasons_of(const struct fleet *fleet, const struct store_campaign *campaign,
                      struct arena *arena, struct fleet_reasons *ret_reasons)
{
    const struct stop *stop = NULL;
    int64_t now_unix_ms = store_now_unix_ms(fleet->settings.store);
    const struct drive_facts_sources sources = {
        .stops = fleet->stops, .windows = fleet->settings.windows, .now_unix_ms = now_unix_ms};
    const struct drive_time time = {.now_unix_ms = now_unix_ms,
                                    .is_doubted = driver_doubts_clock(fleet->driver),
                                    .is_stopped = driver_is_stopped(fleet->driver)};
    struct fleet_reasons reasons = {
        .now_unix_ms = now_unix_ms,
        .facts = drive_facts_of(campaign, &sources, &stop),
        .is_restored = time.is_stopped,
        .lacks_key = driver_lacks_key(fleet->driver, campaign->id),
        .limit = driver_limits_ask(fleet->driver, campaign->id),
        .window =
            service_windows_ask(fleet->settings.windows, campaign->windows, now_unix_ms / 1000),
        .has_windows = campaign->windows.size > 0};
    drive_rule_decide(&reasons.facts, &time, &reasons.decision);
    if (stop != NULL) {
        struct fleet_reasons_stop *view = arena_zero(arena, 1, sizeof *view);
        *view = view_of(stop, arena);
        reasons.stop = view;
    }
    reasons.room = offer_book_room(offers_book(fleet->offers), campaign->pool, &reasons.workers);
    reasons.is_behind = fleet_reasons_is_behind(fleet, campaign, NULL);
    add_ips(fleet, campaign->pool, arena, &reasons);
    *ret_reasons = reasons;
}

bool fleet_reasons_is_behind(const struct fleet *fleet, const struct store_campaign *campaign,
                             const struct text *group)
{
    const struct offer_book *book = offers_book(fleet->offers);
    const struct ready_campaign *ready = ready_find_campaign(fleet->ready, campaign->id);
    enum ready_lane lane =
        campaign->lane == HIKYAKU__V1__LANE__LANE_TRANSACTIONAL ? READY_TRANSACTIONAL : READY_BULK;
    size_t workers = 0;
    if (offer_book_room(book, campaign->pool, &workers) == 0) {
        return false;
    }
    if (group != NULL) {
        return !offer_book_takes_group(book, campaign->pool, lane, *group);
    }
    return ready != NULL && ready_waiting(ready) > 0 &&
           !offer_book_takes_campaign(book, campaign->pool, ready);
}

size_t fleet_reasons_limits(const struct fleet *fleet, const struct limit_subject *subject,
                            const unsigned char campaign[16],
                            struct fleet_reasons_limit ret_limits[LIMIT_RULES_FOUND_MAX])
{
    struct limit_found found[LIMIT_RULES_FOUND_MAX];
    size_t count = tokens_find(fleet->tokens, subject, found);
    for (size_t i = 0; i < count; i++) {
        struct fleet_reasons_limit *limit = &ret_limits[i];
        bool is_campaign = found[i].kind == LIMIT_CAMPAIGN;
        *limit = (struct fleet_reasons_limit){.found = found[i]};
        tokens_print_name(&found[i], limit->text, sizeof limit->text);
        limit->name.name = text_of(limit->text);
        limit->name.campaign = is_campaign ? campaign : NULL;
        if (found[i].kind != LIMIT_POOL && !is_campaign) {
            limit->name.tenant = subject->tenant;
        }
        limit->most_of_lane =
            is_campaign
                ? found[i].messages
                : limit_rules_of_lane(found[i].messages, fleet->settings.transactional_permille);
    }
    return count;
}

const char *fleet_reasons_worker(const struct fleet *fleet, const char *session,
                                 struct arena *arena)
{
    unsigned char peer[BUS_PEER_BYTES];
    const struct worker *worker = bytes_from_hex(text_of(session), peer, sizeof peer) == 0
                                      ? workers_find(fleet->workers, peer)
                                      : NULL;
    return worker == NULL ? "" : arena_printf(arena, "%s", workers_name(worker));
}

struct inquiries *fleet_reasons_inquiries(struct fleet *fleet)
{
    return fleet->inquiries;
}

void fleet_reasons_finish(struct fleet *fleet)
{
    inquiries_finish(fleet->inquiries);
}
