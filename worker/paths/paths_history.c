#include "worker/paths/paths_history.h"

#include "common/base/arena.h"
#include "common/mail/enhanced_code.h"
#include "common/store/store_decisions.h"
#include "common/wire/wire_unpack.h"
#include "hikyaku/v1/store.pb-c.h"

#include <stdlib.h>

#define MINUTE_MS 60000

/* A ring: the oldest first. */
struct paths_history {
    struct buffer entries[PATHS_HISTORY_MAX];
    size_t first;
    size_t count;
    size_t writing;  /* of the first ones an answer is awaited */
    uint64_t number; /* of the last one; those in the ring are consecutive */
    uint64_t lost;   /* since the last one that was added */
};

struct paths_history *paths_history_create(void)
{
    return xalloc_zero(1, sizeof(struct paths_history));
}

void paths_history_destroy(struct paths_history **history)
{
    if (*history == NULL) {
        return;
    }
    for (size_t i = 0; i < PATHS_HISTORY_MAX; i++) {
        buffer_finish(&(*history)->entries[i]);
    }
    free(*history);
    *history = NULL;
}

bool paths_history_is_small(enum path_decision_kind kind)
{
    return kind == PATH_DECISION_SLOWER || kind == PATH_DECISION_LIMIT_FOUND ||
           kind == PATH_DECISION_FASTER || kind == PATH_DECISION_TRIES ||
           kind == PATH_DECISION_ELSEWHERE;
}

/* ---------------------------------------------------------------- adding */

static bool is_too_much(struct path *path, uint64_t now_ms)
{
    if (path->minute_ms == 0 || now_ms - path->minute_ms >= MINUTE_MS) {
        path->minute_ms = now_ms;
        path->in_minute = 0;
    }
    return path->in_minute >= PATHS_HISTORY_SMALL_MAX;
}

static void drop_first(struct paths_history *history)
{
    buffer_finish(&history->entries[history->first]);
    history->first = (history->first + 1) % PATHS_HISTORY_MAX;
    history->count--;
}

/* @return where it is packed; NULL: it is left out */
static struct buffer *make_room(struct paths_history *history, bool is_small)
{
    if (history->count == PATHS_HISTORY_MAX) {
        if (is_small || history->writing > 0) {
            history->lost += is_small ? 0 : 1;
            return NULL;
        }
        drop_first(history);
        history->lost++;
    }
    return &history->entries[(history->first + history->count++) % PATHS_HISTORY_MAX];
}

static int64_t now_unix_ms(const struct paths *paths)
{
    return paths->settings.store == NULL ? 0 : store_now_unix_ms(paths->settings.store);
}

static int64_t unix_ms_of(const struct paths *paths, uint64_t at_ms)
{
    int64_t away_ms = (int64_t)at_ms - (int64_t)loop_now_ms(paths->settings.loop);
    return at_ms == 0 ? 0 : now_unix_ms(paths) + away_ms;
}

static char *copy(struct arena *arena, const char *text)
{
    return arena_printf(arena, "%s", text);
}

static void fill_reply(const struct paths *paths, const struct path_reply *reply, struct text said,
                       struct arena *arena, Hikyaku__V1__StoredPathDecision *stored)
{
    stored->smtp_code = reply->smtp;
    stored->enhanced_code = arena_zero(arena, ENHANCED_CODE_TEXT_SIZE, 1);
    if (reply->enhanced != 0) {
        (void)enhanced_code_print(reply->enhanced, stored->enhanced_code);
    }
    stored->reply_class = copy(arena, reply_class_name(reply->reply_class));
    stored->blame = copy(arena, reply_class_blame_name(reply->blame));
    stored->stage = copy(arena, reply_class_stage_name(reply->stage));
    stored->reply_text = arena_zero(arena, PATHS_REPLY_BYTES + 1, 1);
    (void)paths->settings.clean_reply(said, stored->reply_text);
}

/* What is written down. */
struct entry {
    struct path *path;
    const struct path_decision *decision;
    const struct path_event *event; /* NULL: time */
    struct text reply;
    const struct paths_history_shadow *shadow; /* NULL: it was done */
};

static void fill_numbers(struct paths *paths, const struct entry *entry,
                         Hikyaku__V1__StoredPathDecision *stored)
{
    const struct paths_history_shadow *shadow = entry->shadow;
    bool is_pause = entry->decision->kind == PATH_DECISION_SUSPENDED;
    if (shadow == NULL) {
        stored->times = is_pause ? entry->path->control.suspension.times : 0;
        stored->left_out = entry->path->left_out;
        stored->lost = paths->history->lost;
    } else {
        stored->shadow = true;
        stored->in_fact = !shadow->is_own;
        stored->times = is_pause && shadow->is_own ? shadow->times : 0;
        stored->left_out = shadow->left_out;
    }
}

static void pack(struct paths *paths, const struct entry *entry, struct buffer *out)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const struct path_decision *decision = entry->decision;
    struct path *path = entry->path;
    Hikyaku__V1__StoredPathDecision stored = HIKYAKU__V1__STORED_PATH_DECISION__INIT;
    stored.session = copy(arena, paths->settings.session);
    stored.number = ++paths->history->number;
    stored.occurred_unix_ms = now_unix_ms(paths);
    stored.site = path->site;
    stored.sending_ip = path->ip->text;
    stored.decision = copy(arena, path_control_decision_name(decision->kind));
    stored.rule_id = copy(arena, decision->rule);
    stored.scope = copy(arena, path_control_scope_name(decision->scope));
    stored.before = decision->before;
    stored.after = decision->after;
    stored.unit = copy(arena, path_control_decision_unit(decision->kind));
    stored.until_unix_ms = unix_ms_of(paths, decision->until_ms);
    fill_numbers(paths, entry, &stored);
    if (entry->event != NULL && entry->event->reply.smtp != 0) {
        fill_reply(paths, &entry->event->reply, entry->reply, arena, &stored);
    }
    wire_unpack_append(&stored.base, out);
}

void paths_history_add(struct paths *paths, struct path *path, const struct path_decision *decision,
                       const struct path_event *event, struct text reply)
{
    uint64_t now_ms = loop_now_ms(paths->settings.loop);
    bool is_small = paths_history_is_small(decision->kind);
    struct buffer *place =
        is_small && is_too_much(path, now_ms) ? NULL : make_room(paths->history, is_small);
    if (place == NULL) {
        path->left_out += is_small;
        return;
    }
    pack(paths, &(struct entry){path, decision, event, reply, NULL}, place);
    path->in_minute += is_small;
    path->left_out = 0;
    paths->history->lost = 0;
}

void paths_history_add_shadow(struct paths *paths, struct path *path,
                              const struct path_decision *decision, const struct path_event *event,
                              struct text reply, const struct paths_history_shadow *shadow)
{
    struct buffer *place = make_room(paths->history, true);
    if (place != NULL) {
        pack(paths, &(struct entry){path, decision, event, reply, shadow}, place);
    }
}

/* ---------------------------------------------------------------- writing */

static void on_written(void *context, int error)
{
    struct paths *paths = context;
    struct paths_history *history = paths->history;
    bool is_done = error == 0;
    for (size_t i = 0; is_done && i < history->writing; i++) {
        drop_first(history);
    }
    history->writing = 0;
}

void paths_history_write(struct paths *paths)
{
    struct paths_history *history = paths->history;
    struct text packed[STORE_DECISIONS_AT_ONCE];
    if (paths->settings.store == NULL || history->count == 0 || history->writing > 0 ||
        !store_is_ready(paths->settings.store)) {
        return;
    }
    while (history->writing < history->count && history->writing < STORE_DECISIONS_AT_ONCE) {
        packed[history->writing] =
            buffer_text(&history->entries[(history->first + history->writing) % PATHS_HISTORY_MAX]);
        history->writing++;
    }
    store_decisions_add(paths->settings.store,
                        &(struct store_decisions){.session = paths->settings.session,
                                                  .first = history->number - history->count + 1,
                                                  .packed = packed,
                                                  .count = history->writing},
                        on_written, paths);
}

size_t paths_history_waiting(const struct paths *paths)
{
    return paths->history->count;
}
