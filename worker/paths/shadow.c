#include "worker/paths/shadow.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/policy/provider_table.h"
#include "worker/paths/paths_history.h"
#include "worker/paths/paths_orders.h"
#include "worker/paths/shadow_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Replies of one kind, and small differences of one path, are logged no oftener. */
#define REPLY_TOLD_MS 60000
#define SMALL_TOLD_MS 1000
#define MINUTE_MS 60000
/* As paths.c does for the paths themselves. */
#define SITE_PAUSE_LEAST_MS 2000
#define IP_PART 0.5
#define IP_APART_MS 600000

void shadow_rules_finish(struct shadow_rules *rules)
{
    classify_destroy(&rules->classify);
    provider_profiles_destroy(&rules->profiles);
}

static uint64_t now_of(const struct shadow *shadow)
{
    return loop_now_ms(shadow->paths->settings.loop);
}

static int64_t unix_now_of(const struct shadow *shadow)
{
    struct store *store = shadow->paths->settings.store;
    return store == NULL ? 0 : store_now_unix_ms(store);
}

struct shadow *shadow_create(struct paths *paths, struct shadow_rules *rules)
{
    struct shadow *shadow = xalloc_zero(1, sizeof *shadow);
    shadow->paths = paths;
    shadow->rules = *rules;
    *rules = (struct shadow_rules){.classify = NULL};
    shadow->since_ms = now_of(shadow);
    if (shadow->rules.profiles != NULL) {
        provider_profiles_bound(shadow->rules.profiles, paths->settings.connections_per_site,
                                paths->settings.messages_per_connection);
    }
    shadow->judged_metric =
        metrics_counter("hikyaku_worker_shadow_replies_total",
                        "Refusals that the rules in shadow judged too.", NULL, TEXT(""));
    LOG(LOG_SHADOW_STARTED, NULL, log_flag("reply_rules", shadow->rules.classify != NULL),
        log_flag("profiles", shadow->rules.profiles != NULL));
    return shadow;
}

static void unlink_path(struct shadow *shadow, struct shadow_path *own)
{
    DL_DELETE(shadow->list, own);
}

static void append_path(struct shadow *shadow, struct shadow_path *own)
{
    DL_APPEND(shadow->list, own);
}

static void remove_path(struct shadow *shadow, struct shadow_path *own)
{
    own->path->shadow = NULL;
    unlink_path(shadow, own);
    shadow->path_count--;
    free(own);
}

void shadow_destroy(struct shadow **shadow)
{
    if (*shadow == NULL) {
        return;
    }
    LOG(LOG_SHADOW_ENDED, NULL, log_number("replies", (int64_t)(*shadow)->judged),
        log_number("otherwise", (int64_t)(*shadow)->otherwise));
    while ((*shadow)->list != NULL) {
        remove_path(*shadow, (*shadow)->list);
    }
    shadow_rules_finish(&(*shadow)->rules);
    free(*shadow);
    *shadow = NULL;
}

void shadow_forget(struct shadow *shadow, struct path *path)
{
    if (shadow != NULL && path->shadow != NULL) {
        remove_path(shadow, path->shadow);
    }
}

static struct shadow_path *add_path(struct shadow *shadow, struct path *path)
{
    struct shadow_path *own = xalloc_zero(1, sizeof *own);
    const struct path_profile *profile =
        shadow->rules.profiles == NULL
            ? NULL
            : provider_profiles_find(shadow->rules.profiles, text_of(path->site),
                                     text_of(path->host));
    if (shadow->path_count == SHADOW_PATHS_MAX) {
        shadow->forgotten++;
        remove_path(shadow, shadow->list);
    }
    path_shadow_init(&own->state, &path->control, &path->bound, profile, now_of(shadow));
    own->path = path;
    own->provider = provider_table_find_by_mx(text_of(path->host));
    path->shadow = own;
    shadow->path_count++;
    append_path(shadow, own);
    return own;
}

/* The one that is used goes to the end. */
static struct shadow_path *path_of(struct shadow *shadow, struct path *path)
{
    struct shadow_path *own = path->shadow;
    if (own == NULL) {
        return add_path(shadow, path);
    }
    if (own->next != NULL) {
        unlink_path(shadow, own);
        append_path(shadow, own);
    }
    return own;
}

/* ---------------------------------------------------------------- what replies mean */

static bool is_kind(const struct shadow_reply *kind, const struct path_reply *fact,
                    const struct path_reply *own)
{
    return kind->fact_class == fact->reply_class && kind->fact_blame == fact->blame &&
           kind->own_class == own->reply_class && kind->own_blame == own->blame &&
           strcmp(kind->fact_rule, fact->rule) == 0 && strcmp(kind->own_rule, own->rule) == 0;
}

static struct shadow_reply *kind_of(struct shadow *shadow, const struct path_reply *fact,
                                    const struct path_reply *own)
{
    for (size_t i = 0; i < shadow->reply_count; i++) {
        if (is_kind(&shadow->replies[i], fact, own)) {
            return &shadow->replies[i];
        }
    }
    if (shadow->reply_count == SHADOW_REPLIES_MAX) {
        return NULL;
    }
    struct shadow_reply *kind = &shadow->replies[shadow->reply_count++];
    *kind = (struct shadow_reply){.fact_class = fact->reply_class,
                                  .fact_blame = fact->blame,
                                  .own_class = own->reply_class,
                                  .own_blame = own->blame};
    (void)snprintf(kind->fact_rule, sizeof kind->fact_rule, "%s", fact->rule);
    (void)snprintf(kind->own_rule, sizeof kind->own_rule, "%s", own->rule);
    return kind;
}

static void count_metric(const struct path_reply *fact, const struct path_reply *own)
{
    char pair[160];
    (void)snprintf(pair, sizeof pair, "%s/%s > %s/%s", reply_class_name(fact->reply_class),
                   reply_class_blame_name(fact->blame), reply_class_name(own->reply_class),
                   reply_class_blame_name(own->blame));
    metrics_add(metrics_counter("hikyaku_worker_shadow_otherwise_total",
                                "Refusals that the rules in shadow judge otherwise: class and "
                                "blame in use, then in shadow.",
                                "judged", text_of(pair)),
                1);
}

static void keep_example(struct shadow *shadow, struct shadow_reply *kind, const struct path *path,
                         const struct path_reply *fact, struct text said)
{
    uint64_t now_ms = now_of(shadow);
    bool is_first = kind->count++ == 0;
    kind->at_unix_ms = unix_now_of(shadow);
    if (!is_first && now_ms - kind->told_ms < REPLY_TOLD_MS) {
        return;
    }
    kind->told_ms = now_ms;
    kind->smtp = fact->smtp;
    kind->enhanced = fact->enhanced;
    kind->stage = fact->stage;
    (void)snprintf(kind->site, sizeof kind->site, "%s", path->site);
    (void)shadow->paths->settings.clean_reply(said, kind->text);
    LOG(LOG_SHADOW_REPLY, NULL, log_string("site", path->site), log_number("smtp_code", fact->smtp),
        log_string("rule", kind->fact_rule),
        log_string("reply_class", reply_class_name(kind->fact_class)),
        log_string("blame", reply_class_blame_name(kind->fact_blame)),
        log_string("shadow_rule", kind->own_rule),
        log_string("shadow_class", reply_class_name(kind->own_class)),
        log_string("shadow_blame", reply_class_blame_name(kind->own_blame)),
        log_number("count", (int64_t)kind->count));
}

/* The same class and blame by another rule is a difference as well: a reaction may name it. */
static void note_reply(struct shadow *shadow, struct shadow_path *own,
                       const struct path_reply *fact, struct text said)
{
    const struct path_reply *judged = &own->judged;
    shadow->judged++;
    own->replies++;
    metrics_add(shadow->judged_metric, 1);
    if (fact->reply_class == judged->reply_class && fact->blame == judged->blame &&
        strcmp(fact->rule, judged->rule) == 0) {
        return;
    }
    shadow->otherwise++;
    own->otherwise++;
    count_metric(fact, judged);
    struct shadow_reply *kind = kind_of(shadow, fact, judged);
    if (kind == NULL) {
        shadow->replies_beyond++;
        return;
    }
    keep_example(shadow, kind, own->path, fact, said);
}

static void judge(struct shadow *shadow, struct shadow_path *own, const struct path_event *event,
                  struct text said)
{
    const struct path_reply *fact = &event->reply;
    bool is_reply = event->kind == PATH_EVENT_ANSWERED || event->kind == PATH_EVENT_REFUSED;
    own->judged = *fact;
    if (!is_reply || fact->smtp < 400 || fact->rule == NULL || shadow->rules.classify == NULL) {
        return;
    }
    const struct classify_verdict verdict =
        classify_reply(shadow->rules.classify, &(struct classify_reply){.provider = own->provider,
                                                                        .stage = fact->stage,
                                                                        .smtp = fact->smtp,
                                                                        .enhanced = fact->enhanced,
                                                                        .text = said});
    own->judged.reply_class = verdict.reply_class;
    own->judged.blame = verdict.blame;
    own->judged.rule = verdict.rule_id;
    note_reply(shadow, own, fact, said);
}

/* ---------------------------------------------------------------- differences */

static void count_decision(const struct path_shadow_difference *difference)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s%s", difference->is_own ? "" : "not-",
                   path_control_decision_name(difference->decision.kind));
    metrics_add(metrics_counter("hikyaku_worker_shadow_decisions_total",
                                "Decisions by which controllers in shadow differ from those in "
                                "use; not-: made in use alone.",
                                "decision", text_of(name)),
                1);
}

static void log_difference(struct shadow *shadow, struct shadow_path *own,
                           const struct path_shadow_difference *difference)
{
    const struct path_decision *decision = &difference->decision;
    uint64_t now_ms = now_of(shadow);
    if (paths_history_is_small(decision->kind)) {
        if (own->told_ms > 0 && now_ms - own->told_ms < SMALL_TOLD_MS) {
            return;
        }
        own->told_ms = now_ms;
    }
    LOG(LOG_SHADOW_DECIDED, NULL, log_string("site", own->path->site),
        log_string("sending_ip", own->path->ip->text),
        log_string("decision", path_control_decision_name(decision->kind)),
        log_string("rule", decision->rule), log_flag("in_shadow", difference->is_own),
        log_number("before", (int64_t)decision->before),
        log_number("after", (int64_t)decision->after),
        log_string("unit", path_control_decision_unit(decision->kind)));
}

static bool has_room_in_minute(struct shadow *shadow, struct shadow_path *own)
{
    uint64_t now_ms = now_of(shadow);
    if (own->minute_ms == 0 || now_ms - own->minute_ms >= MINUTE_MS) {
        own->minute_ms = now_ms;
        own->in_minute = 0;
    }
    return own->in_minute++ < PATHS_HISTORY_SMALL_MAX;
}

static void tell(struct shadow *shadow, struct shadow_path *own,
                 const struct path_shadow_difference *difference, const struct path_event *event,
                 struct text reply)
{
    const struct path_decision *decision = &difference->decision;
    count_decision(difference);
    log_difference(shadow, own, difference);
    if (paths_history_is_small(decision->kind) && !has_room_in_minute(shadow, own)) {
        own->left_out++;
        return;
    }
    const struct paths_history_shadow told = {
        .is_own = difference->is_own,
        .times = own->state.control.suspension.times,
        .left_out = own->left_out,
    };
    own->left_out = 0;
    paths_history_add_shadow(shadow->paths, own->path, decision, event, reply, &told);
}

/* Blame of a site or an IP, carried on to the second controllers of this worker. */
static void carry_on(struct shadow *shadow, const struct shadow_path *from,
                     const struct path_decision *decision)
{
    uint64_t now_ms = now_of(shadow);
    uint64_t pause_ms =
        decision->until_ms > now_ms ? decision->until_ms - now_ms : SITE_PAUSE_LEAST_MS;
    struct shadow_path *own = NULL;
    DL_FOREACH(shadow->list, own)
    {
        struct path_decisions decisions = {.count = 0};
        if (own == from) {
            continue;
        }
        if (decision->scope == PATH_SCOPE_SITE && strcmp(own->path->site, from->path->site) == 0) {
            path_control_suspend(&own->state.control, pause_ms, PATH_SCOPE_SITE, decision->rule,
                                 now_ms, &decisions);
        } else if (decision->scope == PATH_SCOPE_IP && own->path->ip == from->path->ip) {
            path_control_slow(&own->state.control, IP_PART, IP_APART_MS, decision->rule, now_ms,
                              &decisions);
        }
    }
}

static void follow(struct shadow *shadow, struct shadow_path *own,
                   const struct path_decisions *fact, const struct path_event *event,
                   struct text reply)
{
    struct path_shadow_differences differences;
    struct path_event judged = {.kind = PATH_EVENT_CLOSED};
    path_shadow_compare(&own->state, fact, &own->own, &differences);
    for (size_t i = 0; i < differences.count; i++) {
        const struct path_shadow_difference *difference = &differences.items[i];
        if (event != NULL) {
            judged = *event;
            judged.reply = difference->is_own ? own->judged : event->reply;
        }
        tell(shadow, own, difference, event == NULL ? NULL : &judged, reply);
    }
    for (size_t i = 0; i < own->own.count; i++) {
        if (own->own.items[i].kind == PATH_DECISION_SUSPENDED) {
            carry_on(shadow, own, &own->own.items[i]);
        }
    }
    own->own.count = 0;
}

/* ---------------------------------------------------------------- what happens */

void shadow_feed(struct shadow *shadow, struct path *path, const struct path_event *event,
                 struct text reply)
{
    struct shadow_path *own = path_of(shadow, path);
    judge(shadow, own, event, reply);
    struct path_event judged = *event;
    judged.reply = own->judged;
    own->own.count = 0;
    path_shadow_feed(&own->state, &path->control, &judged, now_of(shadow), &own->own);
}

void shadow_compare(struct shadow *shadow, struct path *path, const struct path_decisions *fact,
                    const struct path_event *event, struct text reply)
{
    if (path->shadow != NULL) {
        follow(shadow, path->shadow, fact, event, reply);
    }
}

void shadow_tick(struct shadow *shadow, struct path *path, const struct path_decisions *fact)
{
    struct shadow_path *own = path->shadow;
    if (own != NULL) {
        own->own.count = 0;
        path_shadow_tick(&own->state, now_of(shadow), &own->own);
        follow(shadow, own, fact, NULL, TEXT(""));
    }
}

void shadow_suspend(struct shadow *shadow, struct path *path, uint64_t pause_ms, const char *rule)
{
    struct path_decisions decisions = {.count = 0};
    if (path->shadow != NULL) {
        path_control_suspend(&path->shadow->state.control, pause_ms, PATH_SCOPE_SITE, rule,
                             now_of(shadow), &decisions);
    }
}

void shadow_obey(struct shadow *shadow, struct path *path)
{
    struct path_decisions decisions = {.count = 0};
    if (path->shadow != NULL) {
        paths_orders_lay(shadow->paths, path->ip->text, text_of(path->site),
                         &path->shadow->state.control, &path->shadow->state.bound, &decisions);
    }
}
