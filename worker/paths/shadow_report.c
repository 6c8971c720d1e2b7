#include "worker/paths/shadow_report.h"

#include "worker/paths/paths_report.h"
#include "worker/paths/shadow_parts.h"

#include <math.h>
#include <stdlib.h>

static char *copy(struct arena *arena, const char *text)
{
    return arena_printf(arena, "%s", text);
}

/* ---------------------------------------------------------------- kinds of replies */

static Hikyaku__V1__ShadowKind *kind_of(const struct shadow_reply *reply, struct arena *arena)
{
    Hikyaku__V1__ShadowKind *kind = arena_alloc(arena, sizeof *kind);
    hikyaku__v1__shadow_kind__init(kind);
    kind->fact_class = reply->fact_class;
    kind->fact_blame = reply->fact_blame;
    kind->fact_rule = copy(arena, reply->fact_rule);
    kind->shadow_class = reply->own_class;
    kind->shadow_blame = reply->own_blame;
    kind->shadow_rule = copy(arena, reply->own_rule);
    kind->count = reply->count;
    kind->last_unix_ms = reply->at_unix_ms;
    kind->site = copy(arena, reply->site);
    kind->smtp_code = reply->smtp;
    kind->enhanced = reply->enhanced;
    kind->stage = reply->stage;
    kind->reply_text = copy(arena, reply->text);
    return kind;
}

/* ---------------------------------------------------------------- paths */

static uint64_t per_1000_s(double rate)
{
    return (uint64_t)llround(rate * 1000);
}

static Hikyaku__V1__ShadowSide *side_of(const struct path_control *control,
                                        const struct path_shadow_tally *tally, uint64_t now_ms,
                                        struct arena *arena)
{
    const struct path_suspension *pause = &control->suspension;
    Hikyaku__V1__ShadowSide *side = arena_alloc(arena, sizeof *side);
    hikyaku__v1__shadow_side__init(side);
    side->state = paths_report_state(control);
    side->rate_per_1000_s = per_1000_s(control->rate.rate);
    side->connections_most = path_window_limit(&control->window, now_ms);
    side->messages_per_connection = control->window.messages;
    if (pause->state == PATH_SUSPENSION_CLOSED) {
        side->suspended_ms = pause->until_ms > now_ms ? pause->until_ms - now_ms : 0;
        side->rule = copy(arena, pause->rule);
    }
    side->pauses = tally->pauses;
    side->paused_s = tally->paused_s;
    side->slower = tally->slower;
    side->profile = copy(arena, control->profile->name);
    return side;
}

static Hikyaku__V1__ShadowPathReport *path_of(const struct shadow_path *own, uint64_t now_ms,
                                              struct arena *arena)
{
    Hikyaku__V1__ShadowPathReport *path = arena_alloc(arena, sizeof *path);
    hikyaku__v1__shadow_path_report__init(path);
    path->sending_ip = copy(arena, own->path->ip->text);
    path->site = copy(arena, own->path->site);
    path->fact = side_of(&own->path->control, &own->state.fact, now_ms, arena);
    path->shadow = side_of(&own->state.control, &own->state.own, now_ms, arena);
    path->messages = own->state.messages;
    path->held = own->state.held;
    path->replies = own->replies;
    path->otherwise = own->otherwise;
    return path;
}

static uint64_t difference(const Hikyaku__V1__ShadowPathReport *path)
{
    uint64_t fact_s = path->fact->paused_s;
    uint64_t own_s = path->shadow->paused_s;
    return path->held + path->otherwise + (fact_s > own_s ? fact_s - own_s : own_s - fact_s);
}

static int by_difference(const void *left, const void *right)
{
    uint64_t a = difference(*(Hikyaku__V1__ShadowPathReport *const *)left);
    uint64_t b = difference(*(Hikyaku__V1__ShadowPathReport *const *)right);
    return (a < b) - (a > b);
}

static void fill_paths(const struct shadow *shadow, const char *site, struct arena *arena,
                       Hikyaku__V1__ShadowReport *report)
{
    uint64_t now_ms = loop_now_ms(shadow->paths->settings.loop);
    size_t count = 0;
    report->paths = arena_zero(arena, shadow->path_count + 1, sizeof(void *));
    for (const struct shadow_path *own = shadow->list; own != NULL; own = own->next) {
        if (site[0] == '\0' || text_equal_nocase(text_of(site), text_of(own->path->site))) {
            report->paths[count++] = path_of(own, now_ms, arena);
        }
    }
    qsort(report->paths, count, sizeof(void *), by_difference);
    report->n_paths = count < PATHS_REPORT_MAX ? count : PATHS_REPORT_MAX;
    report->paths_left_out = (uint32_t)(count - report->n_paths);
}

void shadow_report_fill(const struct paths *paths, const Hikyaku__V1__Inquiry *inquiry,
                        struct arena *arena, Hikyaku__V1__InquiryAnswer *answer)
{
    const struct shadow *shadow = paths->shadow;
    if (shadow == NULL) {
        return;
    }
    Hikyaku__V1__ShadowReport *report = arena_alloc(arena, sizeof *report);
    hikyaku__v1__shadow_report__init(report);
    report->since_ms = loop_now_ms(paths->settings.loop) - shadow->since_ms;
    report->reply_rules = shadow->rules.classify != NULL;
    report->profiles = shadow->rules.profiles != NULL;
    report->replies = shadow->judged;
    report->otherwise = shadow->otherwise;
    report->otherwise_beyond = shadow->replies_beyond;
    report->forgotten = shadow->forgotten;
    report->kinds = arena_zero(arena, shadow->reply_count + 1, sizeof(void *));
    for (size_t i = 0; i < shadow->reply_count; i++) {
        report->kinds[report->n_kinds++] = kind_of(&shadow->replies[i], arena);
    }
    fill_paths(shadow, inquiry->site, arena, report);
    answer->shadow = report;
}
