#include "worker/claim/backlog.h"

#include "common/base/table.h"
#include "common/mail/rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define METER_MS 1000
/* How much the last second counts. */
#define NEW 0.3
/* A group that is not used is forgotten after so long: what was seen of it is no longer true. */
#define MEMORY_MS 60000
#define KEY_BYTES 512

struct backlog {
    struct backlog_limits limits;
    struct table *groups; /* by pool, lane and name */
};

struct backlog *backlog_create(const struct backlog_limits *limits)
{
    struct backlog *backlog = xalloc_zero(1, sizeof *backlog);
    backlog->limits = *limits;
    backlog->groups = table_create();
    return backlog;
}

static void free_group(struct backlog_group *group)
{
    free(group->pool);
    free(group->name);
    free(group);
}

void backlog_destroy(struct backlog **backlog)
{
    if (*backlog == NULL) {
        return;
    }
    struct table_walk walk;
    struct backlog_group *group = table_first((*backlog)->groups, &walk);
    for (; group != NULL; group = table_next(&walk)) {
        assert(group->claims == 0);
        free_group(group);
    }
    table_destroy(&(*backlog)->groups);
    free(*backlog);
    *backlog = NULL;
}

static struct text print_key(char key[KEY_BYTES], struct text pool, bool is_transactional,
                             struct text name)
{
    int size = snprintf(key, KEY_BYTES, "%.*s|%d|%.*s", TEXT_PRINT(pool), is_transactional,
                        TEXT_PRINT(name));
    return (struct text){key, size < KEY_BYTES ? (size_t)size : KEY_BYTES - 1};
}

struct backlog_group *backlog_hold(struct backlog *backlog, struct text pool, bool is_transactional,
                                   struct text name, uint32_t rows, uint64_t now_ms)
{
    char bytes[KEY_BYTES];
    struct text key = print_key(bytes, pool, is_transactional, name);
    struct backlog_group *group = table_get(backlog->groups, key);
    if (group == NULL) {
        group = xalloc_zero(1, sizeof *group);
        group->pool = text_to_string(pool);
        group->name = text_to_string(name);
        group->is_transactional = is_transactional;
        group->metered_ms = now_ms;
        (void)table_put(backlog->groups, key, group);
    }
    if (group->in_hand == 0 && now_ms - group->metered_ms >= METER_MS) {
        /* It was not slow: there was nothing to send. */
        group->metered_ms = now_ms;
        group->sent = 0;
    }
    group->claims++;
    group->in_hand += rows;
    return group;
}

void backlog_leave(struct backlog_group *group, uint32_t rows, bool is_sent)
{
    assert(rows <= group->in_hand);
    group->in_hand -= rows;
    group->sent += is_sent ? rows : 0;
}

void backlog_release(struct backlog_group *group, uint64_t now_ms)
{
    assert(group->claims > 0);
    group->claims--;
    group->used_ms = now_ms;
}

static bool read_meter(struct backlog_group *group, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - group->metered_ms;
    if (group->claims == 0 || passed_ms < METER_MS) {
        return false;
    }
    double now = (double)group->sent * 1000 / (double)passed_ms;
    group->per_s = group->is_known ? NEW * now + (1 - NEW) * group->per_s : now;
    group->is_known = true;
    group->metered_ms = now_ms;
    group->sent = 0;
    return true;
}

bool backlog_tick(struct backlog *backlog, uint64_t now_ms)
{
    struct table_walk walk;
    bool has_changed = false;
    struct backlog_group *group = table_first(backlog->groups, &walk);
    for (; group != NULL; group = table_next(&walk)) {
        has_changed = read_meter(group, now_ms) || has_changed;
        if (group->claims == 0 && now_ms - group->used_ms >= MEMORY_MS) {
            (void)table_remove(backlog->groups, walk.key);
            free_group(group);
        }
    }
    return has_changed;
}

/* Room for one whole batch is never cut up. */
static uint32_t share_of(double places, uint32_t shares)
{
    double most = places < UINT32_MAX ? places : UINT32_MAX;
    uint32_t share = (uint32_t)most / (shares > 0 ? shares : 1);
    return share > ROWS_PER_BATCH_MAX ? share : ROWS_PER_BATCH_MAX;
}

uint32_t backlog_room_first(const struct backlog *backlog, uint32_t shares)
{
    return share_of(backlog->limits.first, shares);
}

uint32_t backlog_room(const struct backlog *backlog, const struct backlog_group *group,
                      uint32_t shares)
{
    double most = group->is_known ? group->per_s * (double)backlog->limits.ahead_ms / 1000
                                  : backlog->limits.first;
    bool is_enough = group->in_hand > 0 && group->in_hand >= most;
    return is_enough ? 0 : share_of(most - group->in_hand, shares);
}

void backlog_visit(const struct backlog *backlog, backlog_visit_fn *visit, void *context)
{
    struct table_walk walk;
    const struct backlog_group *group = table_first(backlog->groups, &walk);
    for (; group != NULL; group = table_next(&walk)) {
        visit(context, group);
    }
}
