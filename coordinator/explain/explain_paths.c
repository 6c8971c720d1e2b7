/* Paths: as the workers that have the mail in hand see them, else as they are stored. */
#include "coordinator/explain/explain_inside.h"

#include "common/policy/path_state.h"
#include "common/policy/provider_table.h"
#include "hikyaku/v1/fleet.pb-c.h"

#include <string.h>

/* A controller's clock for a moment: late enough that all that is stored lies behind it. */
#define CLOCK_MS (UINT64_C(1) << 50)
/* How long a message takes on a connection, where nobody has measured it. */
#define SERVICE_S 0.5
/* Batches of several domains, and what is counted together. */
#define MIXED "other"

static void read_next(struct explain_ask *ask);

/* ---------------------------------------------------------------- whose paths */

static void add_site(struct explain_ask *ask, const char *site)
{
    bool is_known = site[0] == '\0' || strcmp(site, MIXED) == 0;
    for (size_t i = 0; i < ask->site_count; i++) {
        is_known = is_known || strcmp(ask->sites[i], site) == 0;
    }
    if (!is_known && ask->site_count < EXPLAIN_SITES_MAX) {
        ask->sites[ask->site_count++] = site;
    }
}

/* Where it was sent before, or where its domain is known to be served; else it is not known. */
static const char *site_of(struct explain_ask *ask)
{
    for (size_t i = 0; i < ask->try_count; i++) {
        if (ask->tries[i]->site[0] != '\0') {
            return ask->tries[i]->site;
        }
    }
    if (ask->look.provider.size > 0 && !text_equal(ask->look.provider, TEXT(MIXED))) {
        return explain_text(ask, ask->look.provider);
    }
    return explain_text(ask, provider_table_find(NULL, text_of(ask->domain)));
}

void explain_paths_sites(struct explain_ask *ask)
{
    if (ask->question.has_index) {
        if (ask->domain[0] == '\0' && ask->try_count > 0) {
            ask->domain = ask->tries[0]->recipient_domain;
        }
        ask->site = site_of(ask);
        /* A worker's route may have made a site of the domain itself. */
        ask->is_site_guessed = ask->site[0] == '\0';
        add_site(ask, ask->is_site_guessed ? ask->domain : ask->site);
    } else {
        for (size_t i = 0; i < ask->campaign.site_count; i++) {
            add_site(ask, explain_text(ask, ask->campaign.sites[i].key));
        }
    }
    explain_next(ask);
}

/* ---------------------------------------------------------------- told by workers */

static void add_told(struct explain_ask *ask, const Hikyaku__V1__WaitingLetters *letters,
                     const Hikyaku__V1__WaitingPath *told)
{
    struct explain_path path = {.site = explain_text(ask, text_of(letters->site)),
                                .ip = explain_text(ask, text_of(told->sending_ip)),
                                .gate = told->gate < GATE_LIMIT ? (uint8_t)told->gate : GATE_NONE,
                                .rule = explain_text(ask, text_of(told->rule)),
                                .rate_per_1000_s = told->rate_per_1000_s,
                                .connections = told->connections,
                                .waiting = letters->count};
    path.per_s = told->rate_per_1000_s > 0 ? (double)told->rate_per_1000_s / 1000
                                           : told->connections / SERVICE_S;
    if (told->wait_ms > 0 && told->wait_ms < INT64_MAX / 2) {
        path.until_unix_ms = ask->reasons.now_unix_ms + (int64_t)told->wait_ms;
    }
    for (size_t i = 0; i < ask->path_count; i++) {
        if (strcmp(ask->paths[i].site, path.site) == 0 && strcmp(ask->paths[i].ip, path.ip) == 0) {
            ask->paths[i].waiting += path.waiting;
            return;
        }
    }
    if (ask->path_count < EXPLAIN_PATHS_MAX) {
        ask->paths[ask->path_count++] = path;
    }
}

static void take_letters(struct explain_ask *ask, const Hikyaku__V1__WaitingLetters *letters)
{
    uint8_t gate = letters->gate < GATE_LIMIT ? (uint8_t)letters->gate : GATE_NONE;
    ask->gates[gate] += letters->count;
    ask->moving += gate == GATE_NONE ? letters->count : 0;
    for (size_t i = 0; i < letters->n_paths; i++) {
        add_told(ask, letters, letters->paths[i]);
    }
    if (ask->question.has_index) {
        ask->has_answer = true;
        ask->worker_place = (uint8_t)letters->place;
        ask->worker_gate = gate;
        ask->worker_ahead = letters->ahead;
        ask->site =
            letters->site[0] != '\0' ? explain_text(ask, text_of(letters->site)) : ask->site;
    }
}

static void on_answers(void *context, const struct inquiries_answer *answers, size_t count)
{
    struct explain_ask *ask = context;
    ask->is_answered = count > 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < answers[i].answer->n_letters; j++) {
            take_letters(ask, answers[i].answer->letters[j]);
        }
    }
    explain_next(ask);
}

void explain_paths_inquire(struct explain_ask *ask)
{
    struct fleet *fleet = ask->explain->settings.fleet;
    bool is_held = ask->question.has_index
                       ? ask->look.session[0] != '\0'
                       : ask->campaign.in_flight > 0 && ask->campaign.ended_unix_ms == 0;
    if (!is_held) {
        explain_next(ask);
        return;
    }
    const char *session = ask->question.has_index ? ask->look.session : NULL;
    if (session != NULL) {
        ask->worker = fleet_reasons_worker(fleet, session, ask->arena);
    }
    inquiries_ask(fleet_reasons_inquiries(fleet), session, &ask->batch, ask->position, on_answers,
                  ask);
}

/* ---------------------------------------------------------------- as stored */

static bool is_told(const struct explain_ask *ask, const char *site, const char *ip)
{
    for (size_t i = 0; i < ask->path_count; i++) {
        if (strcmp(ask->paths[i].site, site) == 0 && strcmp(ask->paths[i].ip, ip) == 0) {
            return true;
        }
    }
    return false;
}

/* The controller goes on from what is stored, as a worker's would, and is asked. */
static void add_stored(struct explain_ask *ask, const char *site, const char *ip, struct text state)
{
    const struct path_profile *profile =
        provider_profiles_find(ask->explain->profiles, text_of(site), TEXT(""));
    const struct path_state_now now = {CLOCK_MS, ask->reasons.now_unix_ms / 1000};
    struct path_control control;
    path_control_init(&control, profile, CLOCK_MS);
    bool is_usual = state.size == 0 || path_state_read(&control, state, false, &now) != 0;
    struct path_decisions decisions = {.count = 0};
    path_control_tick(&control, CLOCK_MS, &decisions);
    struct path_answer answer = path_control_may_send(&control, CLOCK_MS);
    struct explain_path path = {.site = site, .ip = ip, .rule = ""};
    if (!is_usual && !answer.is_allowed) {
        path.gate = answer.gate;
    }
    if (path.gate == GATE_SITE_SUSPENDED) {
        path.until_unix_ms = ask->reasons.now_unix_ms + (int64_t)answer.wait_ms;
        path.rule = explain_text(ask, text_of(control.suspension.rule));
    }
    bool is_rated = control.rate.ceiling > 0 || profile->rate_most > 0;
    path.per_s =
        is_rated ? control.rate.rate : path_window_limit(&control.window, CLOCK_MS) / SERVICE_S;
    path.rate_per_1000_s = is_rated ? (uint64_t)(control.rate.rate * 1000 + 0.5) : 0;
    if (ask->path_count < EXPLAIN_PATHS_MAX) {
        ask->paths[ask->path_count++] = path;
    }
}

static void on_sites(void *context, int error, const struct store_ip_site *sites, size_t count)
{
    struct explain_ask *ask = context;
    if (explain_is_broken(error)) {
        explain_end(ask, error, NULL);
        return;
    }
    const char *ip = ask->reasons.ips[ask->ip_at++].address;
    for (size_t i = 0; error == 0 && i < count; i++) {
        bool is_unknown = ask->is_site_guessed && sites[i].state.size == 0;
        if (!is_unknown && !is_told(ask, ask->sites[i], ip)) {
            ask->site = ask->is_site_guessed ? ask->sites[i] : ask->site;
            add_stored(ask, ask->sites[i], ip, sites[i].state);
        }
    }
    read_next(ask);
}

static void read_next(struct explain_ask *ask)
{
    struct text sites[STORE_LOOK_SITES_MAX];
    const struct fleet_reasons *reasons = &ask->reasons;
    while (ask->ip_at < reasons->ip_count && reasons->ips[ask->ip_at].owner[0] == '\0') {
        ask->ip_at++; /* nobody sends from it */
    }
    if (ask->ip_at == reasons->ip_count || ask->site_count == 0) {
        explain_next(ask);
        return;
    }
    for (size_t i = 0; i < ask->site_count; i++) {
        sites[i] = text_of(ask->sites[i]);
    }
    const struct store_look_sites look = {text_of(reasons->ips[ask->ip_at].address), "paths", sites,
                                          ask->site_count};
    store_look_sites(ask->explain->settings.store, &look, on_sites, ask);
}

void explain_paths_read(struct explain_ask *ask)
{
    read_next(ask);
}

double explain_paths_usual_per_s(const struct explain_ask *ask, const char *site)
{
    const struct path_profile *profile =
        provider_profiles_find(ask->explain->profiles, text_of(site), TEXT(""));
    return profile->rate_most > 0 ? profile->rate_most : profile->connections_first / SERVICE_S;
}
