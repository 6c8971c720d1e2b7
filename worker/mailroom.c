#include "worker/mailroom.h"

#include "common/service/service_orders.h"
#include "common/service/service_stops.h"
#include "common/service/service_windows.h"
#include "worker/answers.h"
#include "worker/claim/claim_return.h"
#include "worker/claim/claims_told.h"
#include "worker/outbox/outbox.h"
#include "worker/outbox/outbox_view.h"
#include "worker/paths/paths_gauges.h"
#include "worker/paths/shadow.h"
#include "worker/report/reply_text.h"
#include "worker/report/report.h"
#include "worker/report/tallies.h"
#include "worker/suppress/suppress.h"

#include <stdlib.h>

/* Drafts at once: composing, written and on the wire. */
#define DRAFTS_MAX 4096
/* A batch that cannot be read is looked at again after so long. */
#define DAMAGED_DELAY_S 600

struct mailroom {
    struct mailroom_settings settings;
    struct arena *arena; /* lives as long as the room */
    struct dkim_check *dkim_check;
    struct stream_tls *tls;
    struct paths *paths;
    struct unreachable *unreachable;
    struct routes *routes;
    struct pipeline *pipeline;
    struct outbox *outbox;
    struct report *report;
    struct tallies *tallies;
    struct claims *claims;
    struct suppress *suppress;
    bool is_draining;
    bool was_held; /* may_start() has said no */
};

/* ------------------------------------------------------------------ may it be sent */

/* I5, and what the owner says: T_stop, drain. */
static bool may_start(void *context)
{
    struct mailroom *room = context;
    bool may = !room->is_draining && report_is_open(room->report) &&
               service_stops_are_known(room->settings.stops) &&
               service_orders_are_known(room->settings.orders) &&
               suppress_is_known(room->suppress) && room->settings.may_send(room->settings.context);
    room->was_held = room->was_held || !may;
    return may;
}

/* Read afresh before each completing write: after SIGSTOP nothing cached is true. */
static bool may_complete(void *context, const struct sending_ip *ip)
{
    const struct mailroom *room = context;
    return room->settings.holds(room->settings.context, ip);
}

static void go_on(struct mailroom *room)
{
    bool was_held = room->was_held;
    room->was_held = false;
    if (was_held && may_start(room)) {
        outbox_resume(room->outbox);
    }
}

/* ------------------------------------------------------------------ outbox to report */

static void on_mail(void *context, struct letter *letter)
{
    struct mailroom *room = context;
    report_mark(room->report, letter);
}

static void tally(struct mailroom *room, const struct letter *letter,
                  const struct outcome_report *outcome)
{
    const struct campaign *campaign = letter->claim->campaign;
    if (outcome->counts_attempt && outcome->smtp != 0) {
        tallies_note(room->tallies, &(struct tallies_attempt){.ip = text_of(outcome->sending_ip),
                                                              .tenant = campaign->tenant,
                                                              .from_domain = campaign->from_domain,
                                                              .site = text_of(outcome->site),
                                                              .outcome = outcome->state,
                                                              .reply_class = outcome->reply_class});
    }
}

static void on_outcome(void *context, struct letter *letter, const struct outcome_report *outcome)
{
    struct mailroom *room = context;
    tally(room, letter, outcome);
    counters_outcome(room->settings.counters, letter, outcome);
    claims_on_outcome(letter->claim, outcome->state != OUTCOME_PENDING);
    report_settle(room->report, letter, outcome);
}

static void on_marked(void *context, struct letter *letter)
{
    struct mailroom *room = context;
    outbox_release(room->outbox, letter);
}

static void on_mark_failed(void *context, struct letter *letter)
{
    struct mailroom *room = context;
    outbox_abort(room->outbox, letter);
}

/* ------------------------------------------------------------------ report to claims */

static void on_word(void *context, struct claim *claim, enum store_word word, uint64_t ms_left)
{
    struct mailroom *room = context;
    claims_on_word(room->claims, claim, word, ms_left);
}

static void on_durable(void *context, struct claim *claim, const struct report_progress *progress)
{
    struct mailroom *room = context;
    Hikyaku__V1__Progress body = HIKYAKU__V1__PROGRESS__INIT;
    body.campaign_id.data = claim->name.campaign;
    body.campaign_id.len = sizeof claim->name.campaign;
    body.batch = claim->name.number;
    body.finished = progress->is_finished;
    body.delivered = progress->delivered;
    body.deferred = progress->deferred;
    body.bounced = progress->bounced;
    body.other = progress->other;
    body.next_due_unix_ms = progress->next_due_unix_ms;
    body.open_rows = progress->open;
    room->settings.send(room->settings.context, claim->coordinator,
                        HIKYAKU__V1__FLEET_MESSAGE__BODY_PROGRESS, &body.base);
    go_on(room);
}

static void on_lost_claim(void *context, struct claim *claim)
{
    struct mailroom *room = context;
    claims_on_lost(room->claims, claim);
}

static void on_end(void *context, struct claim *claim)
{
    struct mailroom *room = context;
    suppress_remove(claim);
    claims_on_end(room->claims, claim);
}

/* ------------------------------------------------------------------ claims to outbox */

static void on_campaign(void *context, struct campaign *campaign)
{
    struct mailroom *room = context;
    if (room->settings.dkim_keys == NULL) {
        return;
    }
    campaign->signing = dkim_keys_find(room->settings.dkim_keys, campaign->from_domain);
    /* What stays here is written and shown, never sent: it needs no key. */
    campaign->lacks_key =
        campaign->signing == NULL && campaign->mode == HIKYAKU__V1__MODE__MODE_LIVE;
}

/* Tried again, as a mended worker or key may read it: but not at once, and not for ever unseen. */
static const struct outcome_report damaged = {
    .state = OUTCOME_PENDING, .gate = GATE_QUARANTINED, .delay_s = DAMAGED_DELAY_S};

static void on_open(void *context, struct claim *claim)
{
    struct mailroom *room = context;
    report_add(room->report, claim);
    for (size_t i = 0; i < claim->count; i++) {
        struct letter *letter = &claim->letters[i];
        if (claim->is_damaged && letter->place == LETTER_FILING) {
            report_settle(room->report, letter, &damaged);
        }
    }
    if (!claim->is_damaged) {
        suppress_add(room->suppress, claim);
    }
}

static void on_checked(void *context, struct claim *claim)
{
    struct mailroom *room = context;
    for (size_t i = 0; i < claim->count; i++) {
        struct letter *letter = &claim->letters[i];
        if (letter->place == LETTER_FILING) {
            (letter->suppressed != 0 ? outbox_withdraw : outbox_file)(room->outbox, letter);
        }
    }
}

static void on_suppressed(void *context, struct letter *letter)
{
    struct mailroom *room = context;
    outbox_withdraw(room->outbox, letter);
}

static void on_recall(void *context, struct claim *claim)
{
    struct mailroom *room = context;
    outbox_recall(room->outbox, claim);
}

static void on_stops(void *context, struct claim *claim)
{
    struct mailroom *room = context;
    outbox_withhold(room->outbox, claim);
}

static void on_wait(void *context, struct campaign *campaign)
{
    struct mailroom *room = context;
    outbox_refile(room->outbox, campaign);
}

/* ------------------------------------------------------------------ pipeline, routes, verdicts */

static void on_written(void *context, struct letter *letter)
{
    struct mailroom *room = context;
    outbox_on_written(room->outbox, letter);
}

static void on_room(void *context)
{
    struct mailroom *room = context;
    outbox_resume(room->outbox);
}

static void on_found(void *context, struct letter_list *letters, const struct route *route)
{
    struct mailroom *room = context;
    outbox_on_route(room->outbox, letters, route);
}

static void on_verdict(void *context, struct dkim_keys_domain *domain)
{
    struct mailroom *room = context;
    claims_on_verdict(room->claims, domain);
}

static void send_to(void *context, uint64_t link, Hikyaku__V1__FleetMessage__BodyCase body_case,
                    ProtobufCMessage *body)
{
    struct mailroom *room = context;
    room->settings.send(room->settings.context, link, body_case, body);
}

static void on_credit(void *context)
{
    struct mailroom *room = context;
    room->settings.on_credit(room->settings.context);
}

/* ------------------------------------------------------------------ opening */

static void open_routes(struct mailroom *room)
{
    const struct worker_config_route *given = room->settings.config->routes.items;
    size_t count = room->settings.config->routes.count;
    struct routes_rule *rules = arena_zero(room->arena, count + 1, sizeof *rules);
    for (size_t i = 0; i < count; i++) {
        rules[i] = (struct routes_rule){.domain = given[i].domain,
                                        .host = given[i].host,
                                        .port = (uint16_t)given[i].port,
                                        .family = (enum route_family)given[i].family,
                                        .tls = (enum route_tls)given[i].tls,
                                        .is_smart_host = given[i].is_smart_host};
    }
    room->unreachable = unreachable_create();
    room->routes =
        routes_create(&(struct routes_settings){.loop = room->settings.loop,
                                                .resolver = room->settings.resolver,
                                                .rules = rules,
                                                .rule_count = count,
                                                .port = (uint16_t)room->settings.config->smtp.port,
                                                .on_found = on_found,
                                                .context = room});
}

static void on_path_room(void *context)
{
    struct mailroom *room = context;
    if (room->outbox != NULL) {
        outbox_resume(room->outbox);
    }
}

/* Without its zone no plan may begin a day: app.c has looked for it. */
static struct warm_plans plans_of(const struct mailroom *room, const struct worker_config *config)
{
    const char *zone = config->warmup.zone;
    return (struct warm_plans){
        .plans = &config->warmup.plans,
        .zone_name = zone,
        .zone = zone != NULL ? service_windows_zone(room->settings.windows, text_of(zone)) : NULL,
        .hour_share = (uint16_t)config->warmup.hour_share,
    };
}

static void open_paths(struct mailroom *room)
{
    const struct worker_config *config = room->settings.config;
    const struct warm_plans plans = plans_of(room, config);
    room->paths = paths_create(&(struct paths_settings){
        .loop = room->settings.loop,
        .store = room->settings.store,
        .session = room->settings.session,
        .orders = room->settings.orders,
        .ips = room->settings.ips,
        .profiles = &config->profiles,
        .connections_per_site = (uint32_t)config->smtp.connections_per_site,
        .messages_per_connection = (uint32_t)config->smtp.messages_per_connection,
        .clean_reply = reply_text_clean,
        .plans = &plans,
        .on_room = on_path_room,
        .context = room,
    });
    paths_use_shadow(room->paths, room->settings.shadow);
    room->settings.shadow = NULL;
}

static void open_outbox(struct mailroom *room)
{
    const struct worker_config *config = room->settings.config;
    /* A second job behind each thread's own: none waits for the loop between two. */
    room->pipeline = pipeline_create(&(struct pipeline_settings){.loop = room->settings.loop,
                                                                 .jobs = 2 * room->settings.threads,
                                                                 .drafts_max = DRAFTS_MAX,
                                                                 .on_written = on_written,
                                                                 .on_room = on_room,
                                                                 .context = room});
    room->outbox = outbox_create(&(struct outbox_settings){
        .loop = room->settings.loop,
        .pipeline = room->pipeline,
        .routes = room->routes,
        .ips = room->settings.ips,
        .paths = room->paths,
        .unreachable = room->unreachable,
        .classify = room->settings.classify,
        .dkim_check = room->dkim_check,
        .stops = room->settings.stops,
        .tls = room->tls,
        .limits = {.connections = (uint32_t)config->smtp.connections,
                   .idle_ms = config->smtp.idle_ms,
                   .timeout_permille = (unsigned int)config->smtp.timeout_permille},
        .may_start = may_start,
        .may_complete = may_complete,
        .on_mail = on_mail,
        .on_outcome = on_outcome,
        .context = room,
    });
}

static void open_report(struct mailroom *room)
{
    room->tallies = tallies_create(room->settings.loop, room->settings.store);
    room->report = report_create(&(struct report_settings){
        .loop = room->settings.loop,
        .store = room->settings.store,
        .interval_ms = room->settings.config->flush.interval_ms,
        .outcomes = (uint32_t)room->settings.config->flush.outcomes,
        .retry_permille = (uint32_t)room->settings.config->retry_permille,
        .on_marked = on_marked,
        .on_mark_failed = on_mark_failed,
        .on_word = on_word,
        .on_durable = on_durable,
        .on_lost = on_lost_claim,
        .on_end = on_end,
        .context = room,
    });
}

static void open_claims(struct mailroom *room)
{
    room->claims = claims_create(&(struct claims_settings){
        .loop = room->settings.loop,
        .store = room->settings.store,
        .ips = room->settings.ips,
        .windows = room->settings.windows,
        .limits = {.recipients = (uint32_t)room->settings.config->claim.recipients,
                   .reserve = (uint32_t)room->settings.config->claim.reserve},
        .idle_ms = room->settings.config->claim.idle_ms,
        .on_campaign = on_campaign,
        .on_open = on_open,
        .on_recall = on_recall,
        .on_stops = on_stops,
        .on_wait = on_wait,
        .send = send_to,
        .on_credit = on_credit,
        .context = room,
    });
}

static void open_check(struct mailroom *room)
{
    if (room->settings.dkim_keys != NULL && room->settings.config->dkim.verifies) {
        room->dkim_check =
            dkim_check_create(&(struct dkim_check_settings){.loop = room->settings.loop,
                                                            .resolver = room->settings.resolver,
                                                            .store = room->settings.store,
                                                            .on_verdict = on_verdict,
                                                            .context = room});
    }
}

int mailroom_create(const struct mailroom_settings *settings, struct mailroom **ret_room,
                    struct problem *problem)
{
    struct stream_tls *tls = NULL;
    int error = stream_tls_create(&tls, problem);
    if (error != 0) {
        return error;
    }
    struct mailroom *room = xalloc_zero(1, sizeof *room);
    room->settings = *settings;
    room->arena = arena_create(0);
    room->tls = tls;
    open_check(room);
    open_routes(room);
    open_paths(room);
    open_outbox(room);
    open_report(room);
    room->suppress = suppress_create(&(struct suppress_settings){.loop = settings->loop,
                                                                 .store = settings->store,
                                                                 .on_checked = on_checked,
                                                                 .on_added = on_suppressed,
                                                                 .context = room});
    open_claims(room);
    *ret_room = room;
    return 0;
}

void mailroom_destroy(struct mailroom **room)
{
    if (*room == NULL) {
        return;
    }
    outbox_destroy(&(*room)->outbox);
    paths_destroy(&(*room)->paths);
    report_destroy(&(*room)->report);
    tallies_destroy(&(*room)->tallies);
    claims_destroy(&(*room)->claims);
    suppress_destroy(&(*room)->suppress);
    pipeline_destroy(&(*room)->pipeline);
    routes_destroy(&(*room)->routes);
    unreachable_destroy(&(*room)->unreachable);
    dkim_check_destroy(&(*room)->dkim_check);
    stream_tls_destroy(&(*room)->tls);
    arena_destroy(&(*room)->arena);
    free(*room);
    *room = NULL;
}

/* ------------------------------------------------------------------ from outside */

static void answer(struct mailroom *room, uint64_t link, const Hikyaku__V1__Inquiry *inquiry)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    Hikyaku__V1__InquiryAnswer body = HIKYAKU__V1__INQUIRY_ANSWER__INIT;
    const struct answers_sources sources = {room->paths, room->outbox, room->claims};
    answers_fill(&sources, inquiry, arena, &body);
    room->settings.send(room->settings.context, link,
                        HIKYAKU__V1__FLEET_MESSAGE__BODY_INQUIRY_ANSWER, &body.base);
}

void mailroom_on_message(struct mailroom *room, uint64_t link,
                         const Hikyaku__V1__FleetMessage *message)
{
    if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_INQUIRY) {
        answer(room, link, message->inquiry);
        return;
    }
    if (message->body_case != HIKYAKU__V1__FLEET_MESSAGE__BODY_RETURN_CLAIM) {
        claims_on_message(room->claims, link, message);
    } else if (report_evidence(room->report) == 0 && store_is_ready(room->settings.store)) {
        claim_return_on_asked(room->claims, room->settings.store, room->settings.session,
                              message->return_claim);
    }
}

void mailroom_on_notice(struct mailroom *room, const unsigned char campaign[16])
{
    claims_on_notice(room->claims, campaign);
}

void mailroom_on_stops(struct mailroom *room)
{
    outbox_mark_stopped(room->outbox);
    claims_on_stops(room->claims);
    outbox_resume(room->outbox);
}

void mailroom_on_orders(struct mailroom *room)
{
    paths_on_orders(room->paths);
    outbox_resume(room->outbox);
}

static const char *note_of(const struct mailroom *room)
{
    if (claims_is_isolated(room->claims)) {
        return "alone with a batch that has killed workers";
    }
    return room->settings.dkim_keys == NULL ? "unsigned: dkim.sign is false" : "";
}

static struct counters_view view_of(struct mailroom *room)
{
    return (struct counters_view){
        .ips = room->settings.ips,
        .connections = outbox_connections(room->outbox),
        .in_flight = claims_in_hand(room->claims),
        .claims = claims_count(room->claims),
        .waiting = outbox_view_waiting(room->outbox),
        .drafts = pipeline_drafts(room->pipeline),
        .on_wire = outbox_on_wire(room->outbox),
        .sign_cpu_us = pipeline_sign_cpu_us(room->pipeline),
        .state = room->is_draining ? "draining" : "ready",
        .note = note_of(room),
    };
}

void mailroom_fill_credit(struct mailroom *room, size_t shares, Hikyaku__V1__Credit *credit,
                          struct arena *arena)
{
    const struct counters_view view = view_of(room);
    claims_told_credit(room->claims, shares, credit, arena);
    counters_fill_status(room->settings.counters, &view, credit, arena);
    claims_told_names(room->claims, credit->status, arena);
}

void mailroom_use(struct mailroom *room, const struct worker_config *config,
                  struct shadow_rules *shadow)
{
    const struct warm_plans plans = plans_of(room, config);
    paths_use_profiles(room->paths, &config->profiles);
    paths_use_plans(room->paths, &plans);
    paths_use_shadow(room->paths, shadow);
    outbox_resume(room->outbox);
}

void mailroom_set_gauges(struct mailroom *room)
{
    const struct counters_view view = view_of(room);
    counters_set_gauges(room->settings.counters, &view);
    outbox_view_set_gauges(room->outbox);
    paths_gauges_set(room->paths);
}

void mailroom_resume(struct mailroom *room)
{
    report_resume(room->report);
    suppress_resume(room->suppress);
    outbox_resume(room->outbox);
}

void mailroom_lose(struct mailroom *room)
{
    report_lose_all(room->report);
}

void mailroom_drain(struct mailroom *room)
{
    room->is_draining = true;
    tallies_close(room->tallies);
    claims_drain(room->claims);
    outbox_quit(room->outbox);
    report_flush_all(room->report);
}

void mailroom_stop(struct mailroom *room)
{
    outbox_stop(room->outbox);
}

void mailroom_leave(struct mailroom *room)
{
    paths_leave(room->paths);
}

bool mailroom_is_empty(const struct mailroom *room)
{
    return claims_count(room->claims) == 0 && report_evidence(room->report) == 0 &&
           outbox_connections(room->outbox) == 0 && pipeline_drafts(room->pipeline) == 0;
}

bool mailroom_is_idle(const struct mailroom *room)
{
    return mailroom_is_empty(room) &&
           (room->dkim_check == NULL || dkim_check_running(room->dkim_check) == 0);
}
