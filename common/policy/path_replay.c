#include "common/policy/path_replay.h"

#include "common/base/table.h"
#include "common/policy/provider_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between two events the controller's time passes in such steps, at most so many. */
#define TICK_MS 250
#define TICKS_MAX 400

struct path_replay {
    struct classify *classify;
    struct provider_profiles *profiles;
    struct table *table; /* of struct path_replay_path, by key */
    struct path_replay_path **paths;
    size_t path_count;
    struct path_replay_change *changes;
    size_t change_count;
    uint64_t count;
    uint64_t changed;
};

struct path_replay *path_replay_create(struct classify *classify,
                                       const struct config_list *profiles)
{
    struct path_replay *replay = xalloc_zero(1, sizeof *replay);
    replay->classify = classify;
    replay->profiles = provider_profiles_create(profiles);
    replay->table = table_create();
    return replay;
}

void path_replay_destroy(struct path_replay **replay)
{
    if (*replay == NULL) {
        return;
    }
    for (size_t i = 0; i < (*replay)->path_count; i++) {
        free((*replay)->paths[i]);
    }
    free((*replay)->paths);
    free((*replay)->changes);
    table_destroy(&(*replay)->table);
    provider_profiles_destroy(&(*replay)->profiles);
    free(*replay);
    *replay = NULL;
}

/* ---------------------------------------------------------------- classes */

static void note_change(struct path_replay *replay, const struct path_replay_change *change)
{
    size_t i = 0;
    while (i < replay->change_count &&
           memcmp(&replay->changes[i], change, offsetof(struct path_replay_change, count)) != 0) {
        i++;
    }
    if (i == replay->change_count) {
        replay->changes = xalloc_resize(replay->changes, i + 1, sizeof *replay->changes);
        replay->changes[replay->change_count++] = *change;
    }
    replay->changes[i].count++;
    replay->changed++;
}

static struct path_reply judge(struct path_replay *replay, const struct path_replay_reply *reply)
{
    const struct classify_reply question = {
        .provider = provider_table_find_by_mx(reply->mx_host),
        .stage = reply->stage,
        .smtp = reply->smtp,
        .enhanced = reply->enhanced,
        .text = reply->text,
    };
    struct classify_verdict verdict = classify_reply(replay->classify, &question);
    const struct path_replay_change change = {.old_class = reply->old_class,
                                              .old_blame = reply->old_blame,
                                              .new_class = verdict.reply_class,
                                              .new_blame = verdict.blame};
    bool is_same = change.old_class == change.new_class && change.old_blame == change.new_blame;
    if (!is_same && reply->smtp >= 400) {
        note_change(replay, &change);
    }
    return (struct path_reply){.reply_class = verdict.reply_class,
                               .blame = verdict.blame,
                               .stage = reply->stage,
                               .smtp = reply->smtp,
                               .enhanced = reply->enhanced,
                               .rule = verdict.rule_id};
}

/* ---------------------------------------------------------------- paths */

static struct path_replay_path *path_of(struct path_replay *replay,
                                        const struct path_replay_reply *reply)
{
    char key[PATH_REPLAY_SITE_BYTES + PATH_REPLAY_IP_BYTES];
    (void)snprintf(key, sizeof key, "%.*s|%.*s", TEXT_PRINT(reply->sending_ip),
                   TEXT_PRINT(reply->site));
    struct path_replay_path *path = table_get(replay->table, text_of(key));
    if (path != NULL) {
        return path;
    }
    path = xalloc_zero(1, sizeof *path);
    path->clock_ms = (uint64_t)reply->at_unix_ms;
    path_control_init(&path->control,
                      provider_profiles_find(replay->profiles, reply->site, reply->mx_host),
                      path->clock_ms);
    (void)snprintf(path->site, sizeof path->site, "%.*s", TEXT_PRINT(reply->site));
    (void)snprintf(path->sending_ip, sizeof path->sending_ip, "%.*s",
                   TEXT_PRINT(reply->sending_ip));
    (void)snprintf(path->key, sizeof path->key, "%s", key);
    (void)table_put(replay->table, text_of(path->key), path);
    replay->paths = xalloc_resize(replay->paths, replay->path_count + 1, sizeof(void *));
    replay->paths[replay->path_count++] = path;
    return path;
}

static void follow(struct path_replay_path *path, const struct path_decisions *decisions)
{
    for (size_t i = 0; i < decisions->count; i++) {
        const struct path_decision *decision = &decisions->items[i];
        if (decision->kind == PATH_DECISION_SUSPENDED) {
            path->pauses++;
            path->paused_s += decision->after;
        }
        path->slower += decision->kind == PATH_DECISION_SLOWER;
    }
}

static void pass_time(struct path_replay_path *path, uint64_t until_ms)
{
    uint64_t passed_ms = until_ms > path->clock_ms ? until_ms - path->clock_ms : 0;
    uint64_t steps = passed_ms / TICK_MS;
    uint64_t begin = steps > TICKS_MAX ? steps - TICKS_MAX : 0;
    for (uint64_t step = begin; step <= steps; step++) {
        struct path_decisions decisions = {.count = 0};
        path_control_tick(&path->control, path->clock_ms + step * TICK_MS, &decisions);
        follow(path, &decisions);
    }
    path->clock_ms += passed_ms;
}

/* Replies before MAIL are about a connection; the connections themselves are not recorded. */
static void feed(struct path_replay_path *path, const struct path_reply *reply, uint64_t took_ms)
{
    struct path_decisions decisions = {.count = 0};
    struct path_event event = {.kind = PATH_EVENT_STARTED};
    path_control_feed(&path->control, &event, path->clock_ms, &decisions);
    event = (struct path_event){.kind = PATH_EVENT_ANSWERED, .reply = *reply, .took_ms = took_ms};
    path_control_feed(&path->control, &event, path->clock_ms, &decisions);
    follow(path, &decisions);
}

void path_replay_add(struct path_replay *replay, const struct path_replay_reply *reply)
{
    struct path_reply judged = judge(replay, reply);
    struct path_replay_path *path = path_of(replay, reply);
    replay->count++;
    pass_time(path, (uint64_t)reply->at_unix_ms);
    path->replies++;
    path->refused += reply->smtp >= 400;
    if (path->control.suspension.state == PATH_SUSPENSION_CLOSED) {
        path->in_pauses++;
        return;
    }
    feed(path, &judged, reply->smtp_ms);
}

/* ---------------------------------------------------------------- answers */

uint64_t path_replay_count(const struct path_replay *replay)
{
    return replay->count;
}

uint64_t path_replay_changed(const struct path_replay *replay)
{
    return replay->changed;
}

static int by_count(const void *a, const void *b)
{
    const struct path_replay_change *left = a;
    const struct path_replay_change *right = b;
    return (left->count < right->count) - (left->count > right->count);
}

const struct path_replay_change *path_replay_changes(const struct path_replay *replay,
                                                     size_t *ret_count)
{
    *ret_count = replay->change_count;
    if (replay->change_count > 0) {
        qsort(replay->changes, replay->change_count, sizeof *replay->changes, by_count);
    }
    return replay->changes;
}

static int by_pause(const void *a, const void *b)
{
    const struct path_replay_path *left = *(struct path_replay_path *const *)a;
    const struct path_replay_path *right = *(struct path_replay_path *const *)b;
    int order = (left->paused_s < right->paused_s) - (left->paused_s > right->paused_s);
    return order != 0 ? order : (left->replies < right->replies) - (left->replies > right->replies);
}

const struct path_replay_path *const *path_replay_paths(const struct path_replay *replay,
                                                        size_t *ret_count)
{
    *ret_count = replay->path_count;
    if (replay->path_count > 0) {
        qsort(replay->paths, replay->path_count, sizeof(void *), by_pause);
    }
    return (const struct path_replay_path *const *)replay->paths;
}
