#include "worker/paths/paths.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "worker/paths/paths_history.h"
#include "common/mail/rows.h"
#include "worker/paths/paths_keeper.h"
#include "worker/paths/sites.h"
#include "worker/paths/paths_orders.h"
#include "worker/paths/shadow.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A path that nobody holds is forgotten when it has not been used for so long. */
#define UNUSED_MS 600000
/* Small steps of one path are logged no oftener. */
#define TOLD_MS 1000
/* The other paths of a site or IP that was blamed. */
#define SITE_PAUSE_LEAST_MS 2000
#define IP_PART 0.5
#define IP_APART_MS 600000

void paths_key(const struct sending_ip *ip, struct text site, char ret_key[PATHS_SITE_BYTES + 8])
{
    (void)snprintf(ret_key, PATHS_SITE_BYTES + 8, "%u|%.*s", (unsigned int)ip->number,
                   TEXT_PRINT(site));
}

static struct provider_profiles *read_profiles(const struct paths_settings *settings,
                                               const struct config_list *own)
{
    struct provider_profiles *profiles = provider_profiles_create(own);
    provider_profiles_bound(profiles, settings->connections_per_site,
                            settings->messages_per_connection);
    return profiles;
}

static void on_no_room(void *context)
{
    (void)context;
}

static struct warm_records *open_warm(const struct paths_settings *settings)
{
    static const struct config_list nothing;
    const struct warm_plans none = {.plans = &nothing, .hour_share = 1000};
    return warm_records_create(&(struct warm_settings){
        .loop = settings->loop,
        .store = settings->store,
        .ips = settings->ips,
        .plans = settings->plans != NULL ? *settings->plans : none,
        .on_room = settings->on_room != NULL ? settings->on_room : on_no_room,
        .context = settings->context,
    });
}

static void on_site_room(void *context)
{
    const struct paths *paths = context;
    if (paths->settings.on_room != NULL) {
        paths->settings.on_room(paths->settings.context);
    }
}

static void on_pause(void *context, const char *site, uint64_t pause_ms, const char *rule);

struct paths *paths_create(const struct paths_settings *settings)
{
    struct paths *paths = xalloc_zero(1, sizeof *paths);
    paths->settings = *settings;
    paths->profiles = read_profiles(settings, settings->profiles);
    paths->settings.profiles = NULL;
    paths->warm = open_warm(settings);
    paths->settings.plans = NULL;
    paths->sites = sites_create(&(struct sites_settings){
        .loop = settings->loop,
        .store = settings->store,
        .on_room = on_site_room,
        .on_pause = on_pause,
        .context = paths,
    });
    paths->senders = senders_create();
    paths->table = table_create();
    paths->memories = table_create();
    for (int kind = 0; kind < PATH_DECISION_KIND_LIMIT; kind++) {
        paths->decisions[kind] = metrics_counter(
            "hikyaku_worker_path_decisions_total", "Decisions of path controllers.", "decision",
            text_of(path_control_decision_name((enum path_decision_kind)kind)));
    }
    paths->history = paths_history_create();
    paths_keeper_start(paths);
    return paths;
}

static void free_all(struct table *table)
{
    struct table_walk walk;
    for (void *item = table_first(table, &walk); item != NULL;) {
        void *next = table_next(&walk);
        free(item);
        item = next;
    }
}

void paths_destroy(struct paths **paths)
{
    if (*paths == NULL) {
        return;
    }
    loop_timer_destroy(&(*paths)->timer);
    shadow_destroy(&(*paths)->shadow);
    warm_records_destroy(&(*paths)->warm);
    sites_destroy(&(*paths)->sites);
    senders_destroy(&(*paths)->senders);
    free_all((*paths)->table);
    free_all((*paths)->memories);
    table_destroy(&(*paths)->table);
    table_destroy(&(*paths)->memories);
    provider_profiles_destroy(&(*paths)->profiles);
    paths_history_destroy(&(*paths)->history);
    free(*paths);
    *paths = NULL;
}

/* ---------------------------------------------------------------- one path */

static void join_pause(struct paths *paths, struct path *path);

static struct path *create_path(struct paths *paths, struct sending_ip *ip, struct text site,
                                struct text host, const char *key)
{
    struct path *path = xalloc_zero(1, sizeof *path);
    const struct path_profile *profile = provider_profiles_find(paths->profiles, site, host);
    path_control_init(&path->control, profile, loop_now_ms(paths->settings.loop));
    path->ip = ip;
    path->warm = warm_records_hold(paths->warm, ip, site);
    (void)snprintf(path->site, sizeof path->site, "%.*s", TEXT_PRINT(site));
    (void)snprintf(path->host, sizeof path->host, "%.*s", TEXT_PRINT(host));
    (void)snprintf(path->key, sizeof path->key, "%s", key);
    path->common = sites_hold(paths->sites, path->site, profile);
    (void)table_put(paths->table, text_of(path->key), path);
    paths_keeper_recall(paths, path);
    join_pause(paths, path);
    paths_orders_obey(paths, path);
    return path;
}

struct path *paths_hold(struct paths *paths, struct sending_ip *ip, struct text site,
                        struct text host)
{
    char key[PATHS_SITE_BYTES + 8];
    paths_key(ip, site, key);
    struct path *path = table_get(paths->table, text_of(key));
    path = path != NULL ? path : create_path(paths, ip, site, host, key);
    path->holders++;
    return path;
}

void paths_release(struct paths *paths, struct path *path)
{
    (void)paths;
    assert(path->holders > 0);
    path->holders--;
}

/* ---------------------------------------------------------------- decisions */

/* What made the controller decide; NULL: time, or another path. */
struct cause {
    const struct path_event *event;
    struct text reply;
};

void paths_tell(struct paths *paths, struct path *path, const struct path_decision *decision,
                const struct path_event *event, struct text reply)
{
    uint64_t now_ms = loop_now_ms(paths->settings.loop);
    metrics_add(paths->decisions[decision->kind], 1);
    paths_history_add(paths, path, decision, event, reply);
    if (paths_history_is_small(decision->kind) && now_ms - path->told_ms < TOLD_MS) {
        return;
    }
    path->told_ms = now_ms;
    LOG(decision->kind == PATH_DECISION_SUSPENDED ? LOG_PATH_SUSPENDED : LOG_PATH_DECIDED, NULL,
        log_string("site", path->site), log_string("sending_ip", path->ip->text),
        log_string("decision", path_control_decision_name(decision->kind)),
        log_string("rule", decision->rule),
        log_string("scope", path_control_scope_name(decision->scope)),
        log_number("before", (int64_t)decision->before),
        log_number("after", (int64_t)decision->after),
        log_string("unit", path_control_decision_unit(decision->kind)));
}

/* The others of the site pause as long; the others of the IP slow down. */
static void carry_on(struct paths *paths, const struct path *from,
                     const struct path_decision *decision, const struct cause *cause,
                     uint64_t now_ms)
{
    struct table_walk walk;
    uint64_t pause_ms =
        decision->until_ms > now_ms ? decision->until_ms - now_ms : SITE_PAUSE_LEAST_MS;
    struct path *path = table_first(paths->table, &walk);
    if (decision->scope == PATH_SCOPE_SITE) {
        sites_pause(paths->sites, from->common, pause_ms, decision->rule);
    }
    for (; path != NULL; path = table_next(&walk)) {
        struct path_decisions decisions = {.count = 0};
        bool is_same_site = strcmp(path->site, from->site) == 0;
        if (path == from) {
            continue;
        }
        if (decision->scope == PATH_SCOPE_SITE && is_same_site) {
            path_control_suspend(&path->control, pause_ms, PATH_SCOPE_SITE, decision->rule, now_ms,
                                 &decisions);
        } else if (decision->scope == PATH_SCOPE_IP && path->ip == from->ip) {
            path_control_slow(&path->control, IP_PART, IP_APART_MS, decision->rule, now_ms,
                              &decisions);
        }
        for (size_t i = 0; i < decisions.count; i++) {
            path->is_changed = true;
            paths_tell(paths, path, &decisions.items[i], cause->event, cause->reply);
        }
    }
}

static void suspend(struct paths *paths, struct path *path, uint64_t pause_ms, const char *rule)
{
    struct path_decisions decisions = {.count = 0};
    path_control_suspend(&path->control, pause_ms, PATH_SCOPE_SITE, rule,
                         loop_now_ms(paths->settings.loop), &decisions);
    shadow_suspend(paths->shadow, path, pause_ms, rule);
    for (size_t i = 0; i < decisions.count; i++) {
        path->is_changed = true;
        paths_tell(paths, path, &decisions.items[i], NULL, TEXT(""));
    }
}

/* A server blamed the site at another worker. */
static void on_pause(void *context, const char *site, uint64_t pause_ms, const char *rule)
{
    struct paths *paths = context;
    struct table_walk walk;
    if (senders_is_name(site)) {
        senders_hear(paths->senders, site, pause_ms, loop_now_ms(paths->settings.loop));
        LOG(LOG_SENDER_SUSPENDED, NULL, log_string("sender", site), log_string("rule", rule),
            log_number("seconds", (int64_t)(pause_ms / 1000)), log_flag("heard", true));
        return;
    }
    struct path *path = table_first(paths->table, &walk);
    for (; path != NULL; path = table_next(&walk)) {
        if (strcmp(path->site, site) == 0) {
            suspend(paths, path, pause_ms, rule);
        }
    }
}

/* One that is new while its site pauses. */
static void join_pause(struct paths *paths, struct path *path)
{
    const char *rule;
    uint64_t pause_ms = sites_paused_ms(paths->sites, path->common, &rule);
    if (pause_ms > 0) {
        suspend(paths, path, pause_ms, rule);
    }
}

static void follow(struct paths *paths, struct path *path, const struct path_decisions *decisions,
                   const struct cause *cause)
{
    for (size_t i = 0; i < decisions->count; i++) {
        const struct path_decision *decision = &decisions->items[i];
        paths_tell(paths, path, decision, cause->event, cause->reply);
        bool is_wider = decision->scope == PATH_SCOPE_SITE || decision->scope == PATH_SCOPE_IP;
        if (decision->kind == PATH_DECISION_SUSPENDED && is_wider) {
            carry_on(paths, path, decision, cause, loop_now_ms(paths->settings.loop));
        }
    }
}

void paths_feed(struct paths *paths, struct path *path, const struct path_event *event,
                struct text reply)
{
    const struct cause cause = {event, reply};
    struct path_decisions decisions = {.count = 0};
    if (paths->shadow != NULL) {
        shadow_feed(paths->shadow, path, event, reply);
    }
    path_control_feed(&path->control, event, loop_now_ms(paths->settings.loop), &decisions);
    path_bound_hold(&path->control, &path->bound);
    path->is_changed = true;
    follow(paths, path, &decisions, &cause);
    if (paths->shadow != NULL) {
        shadow_compare(paths->shadow, path, &decisions, event, reply);
    }
    sites_feed(path->common, event->kind);
    if (event->kind == PATH_EVENT_STARTED) {
        warm_records_take(paths->warm, path->warm);
    } else if (event->kind == PATH_EVENT_ANSWERED) {
        warm_records_heard(paths->warm, path->warm, &event->reply);
    } else if (event->kind == PATH_EVENT_COMPLAINT) {
        warm_records_complained(paths->warm, path->warm);
    }
}

void paths_answered(struct paths *paths, struct path *path, const struct sender *sender,
                    const struct path_event *event, struct text reply)
{
    struct senders_pause pause;
    uint64_t now_ms = loop_now_ms(paths->settings.loop);
    senders_answered(paths->senders, sender, &event->reply, now_ms, &pause);
    if (pause.pause_ms == 0) {
        return;
    }
    struct path_decision decision = {.kind = PATH_DECISION_SENDER_SUSPENDED,
                                     .scope = pause.scope,
                                     .after = pause.pause_ms / 1000,
                                     .until_ms = now_ms + pause.pause_ms};
    (void)snprintf(decision.rule, sizeof decision.rule, "%s", event->reply.rule);
    paths_tell(paths, path, &decision, event, reply);
    LOG(LOG_SENDER_SUSPENDED, NULL, log_string("sender", pause.name),
        log_string("rule", decision.rule), log_number("seconds", (int64_t)decision.after),
        log_flag("heard", false));
    sites_pause_name(paths->sites, pause.name, pause.pause_ms, decision.rule);
}

struct senders *paths_senders(struct paths *paths)
{
    return paths->senders;
}

/* ---------------------------------------------------------------- may it */

/* Without what the site takes from all of us. */
static struct path_answer look_at(const struct paths *paths, const struct path *path)
{
    uint64_t age_ms;
    uint64_t wait_ms = warm_records_wait_ms(paths->warm, path->warm, &age_ms);
    struct path_answer answer =
        path_control_may_send(&path->control, loop_now_ms(paths->settings.loop));
    bool is_longer = answer.gate == GATE_SITE_SUSPENDED && answer.wait_ms > wait_ms;
    if (wait_ms > 0 && (answer.is_allowed || !is_longer)) {
        return (struct path_answer){.gate = GATE_WARMUP_QUOTA, .wait_ms = wait_ms};
    }
    return answer;
}

struct path_answer paths_look(const struct paths *paths, const struct path *path)
{
    struct path_answer answer = look_at(paths, path);
    uint64_t wait_ms = sites_wait_ms(path->common);
    if (answer.is_allowed && wait_ms > 0) {
        return (struct path_answer){.gate = GATE_PATH_RATE, .wait_ms = wait_ms};
    }
    return answer;
}

struct path_answer paths_may_send(struct paths *paths, struct path *path)
{
    struct path_answer answer = look_at(paths, path);
    if (answer.is_allowed && !sites_may_send(paths->sites, path->common)) {
        return (struct path_answer){.gate = GATE_PATH_RATE, .wait_ms = sites_wait_ms(path->common)};
    }
    if (answer.is_allowed && !warm_records_may_send(paths->warm, path->warm)) {
        /* It is woken when the store has answered. */
        return (struct path_answer){.gate = GATE_WARMUP_QUOTA};
    }
    return answer;
}

bool paths_may_connect(struct paths *paths, struct path *path)
{
    uint64_t now_ms = loop_now_ms(paths->settings.loop);
    return path_control_may_connect(&path->control, now_ms).is_allowed &&
           warm_records_has_room(paths->warm, path->warm, path->control.window.open) &&
           sites_may_connect(paths->sites, path->common);
}

void paths_give_back(struct paths *paths, struct path *path, uint64_t age_ms)
{
    warm_records_give_back(paths->warm, path->warm, age_ms);
}

uint64_t paths_full_ms(const struct paths *paths, const struct path *path)
{
    uint64_t age_ms;
    (void)warm_records_wait_ms(paths->warm, path->warm, &age_ms);
    return age_ms;
}

void paths_tick(struct paths *paths)
{
    uint64_t now_ms = loop_now_ms(paths->settings.loop);
    struct table_walk walk;
    struct path *path = table_first(paths->table, &walk);
    senders_tick(paths->senders, now_ms);
    for (; path != NULL; path = table_next(&walk)) {
        struct path_decisions decisions = {.count = 0};
        path_control_tick(&path->control, now_ms, &decisions);
        path_bound_hold(&path->control, &path->bound);
        path->is_changed = path->is_changed || decisions.count > 0;
        follow(paths, path, &decisions, &(struct cause){.event = NULL});
        if (paths->shadow != NULL) {
            shadow_tick(paths->shadow, path, &decisions);
        }
        bool is_kept = path->is_changed && path->ip->state == SENDING_IP_OWNED;
        if (path->holders == 0 && !is_kept && now_ms - path->control.used_ms >= UNUSED_MS) {
            (void)table_remove(paths->table, text_of(path->key));
            shadow_forget(paths->shadow, path);
            warm_records_release(path->warm);
            sites_release(path->common);
            free(path);
        }
    }
}

void paths_use_profiles(struct paths *paths, const struct config_list *profiles)
{
    struct provider_profiles *others = read_profiles(&paths->settings, profiles);
    struct table_walk walk;
    struct path *path = table_first(paths->table, &walk);
    for (; path != NULL; path = table_next(&walk)) {
        const struct path_profile *profile =
            provider_profiles_find(others, text_of(path->site), text_of(path->host));
        path_control_use_profile(&path->control, profile);
        path_bound_apply(&path->control, &path->bound);
        sites_use(paths->sites, path->common, profile);
    }
    provider_profiles_destroy(&paths->profiles);
    paths->profiles = others;
}

void paths_use_shadow(struct paths *paths, struct shadow_rules *rules)
{
    bool is_tried = rules->classify != NULL || rules->profiles != NULL;
    shadow_destroy(&paths->shadow);
    paths->shadow = is_tried ? shadow_create(paths, rules) : NULL;
}

void paths_use_plans(struct paths *paths, const struct warm_plans *plans)
{
    warm_records_use(paths->warm, plans);
}

void paths_leave(struct paths *paths)
{
    warm_records_leave(paths->warm);
}

size_t paths_warming(const struct paths *paths, size_t *ret_full)
{
    return warm_records_count(paths->warm, ret_full);
}

void paths_on_orders(struct paths *paths)
{
    struct table_walk walk;
    struct path *path = table_first(paths->table, &walk);
    for (; path != NULL; path = table_next(&walk)) {
        paths_orders_obey(paths, path);
    }
}

size_t paths_count(const struct paths *paths, size_t *ret_suspended)
{
    struct table_walk walk;
    const struct path *path = table_first(paths->table, &walk);
    *ret_suspended = 0;
    for (; path != NULL; path = table_next(&walk)) {
        *ret_suspended += path->control.suspension.state == PATH_SUSPENSION_CLOSED;
    }
    return table_count(paths->table);
}
