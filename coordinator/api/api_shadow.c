/* GetShadow: what rules and profiles in shadow would do otherwise, as the workers that try them
 * tell. */
#include "common/mail/enhanced_code.h"
#include "common/policy/reply_class.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/fleet/inquiries.h"

#include <stdlib.h>
#include <string.h>

#define PATHS_MAX 1000

struct shadow_call {
    struct api_call *call;
    int64_t now_unix_ms;
    Hikyaku__V1__GetShadowResponse response;
};

static char *copy(struct shadow_call *shadow, const char *text)
{
    return api_call_string(shadow->call, text_of(text));
}

/* ---------------------------------------------------------------- kinds of replies */

static bool is_it(const Hikyaku__V1__ShadowReply *reply, const Hikyaku__V1__ShadowKind *kind)
{
    return strcmp(reply->fact_rule, kind->fact_rule) == 0 &&
           strcmp(reply->shadow_rule, kind->shadow_rule) == 0 &&
           strcmp(reply->fact_class, reply_class_name((uint8_t)kind->fact_class)) == 0 &&
           strcmp(reply->fact_blame, reply_class_blame_name((uint8_t)kind->fact_blame)) == 0 &&
           strcmp(reply->shadow_class, reply_class_name((uint8_t)kind->shadow_class)) == 0 &&
           strcmp(reply->shadow_blame, reply_class_blame_name((uint8_t)kind->shadow_blame)) == 0;
}

static Hikyaku__V1__ShadowReply *add_reply(struct shadow_call *shadow,
                                           const Hikyaku__V1__ShadowKind *kind)
{
    Hikyaku__V1__ShadowReply *reply = arena_alloc(shadow->call->arena, sizeof *reply);
    hikyaku__v1__shadow_reply__init(reply);
    reply->fact_class = copy(shadow, reply_class_name((uint8_t)kind->fact_class));
    reply->fact_blame = copy(shadow, reply_class_blame_name((uint8_t)kind->fact_blame));
    reply->fact_rule = copy(shadow, kind->fact_rule);
    reply->shadow_class = copy(shadow, reply_class_name((uint8_t)kind->shadow_class));
    reply->shadow_blame = copy(shadow, reply_class_blame_name((uint8_t)kind->shadow_blame));
    reply->shadow_rule = copy(shadow, kind->shadow_rule);
    shadow->response.replies[shadow->response.n_replies++] = reply;
    return reply;
}

static void fill_example(struct shadow_call *shadow, const Hikyaku__V1__ShadowKind *kind,
                         Hikyaku__V1__ShadowReply *reply)
{
    reply->last_unix_ms = kind->last_unix_ms;
    reply->site = copy(shadow, kind->site);
    reply->smtp_code = kind->smtp_code;
    reply->enhanced_code = arena_zero(shadow->call->arena, ENHANCED_CODE_TEXT_SIZE, 1);
    if (kind->enhanced != 0) {
        (void)enhanced_code_print(kind->enhanced, reply->enhanced_code);
    }
    reply->stage = copy(shadow, reply_class_stage_name((uint8_t)kind->stage));
    reply->reply_text = copy(shadow, kind->reply_text);
}

/* The same kind at several workers is one. */
static void take_kind(struct shadow_call *shadow, const Hikyaku__V1__ShadowKind *kind)
{
    Hikyaku__V1__ShadowReply *reply = NULL;
    for (size_t i = 0; reply == NULL && i < shadow->response.n_replies; i++) {
        reply = is_it(shadow->response.replies[i], kind) ? shadow->response.replies[i] : NULL;
    }
    reply = reply != NULL ? reply : add_reply(shadow, kind);
    reply->count += kind->count;
    if (kind->last_unix_ms >= reply->last_unix_ms) {
        fill_example(shadow, kind, reply);
    }
}

static int by_count(const void *left, const void *right)
{
    const Hikyaku__V1__ShadowReply *a = *(Hikyaku__V1__ShadowReply *const *)left;
    const Hikyaku__V1__ShadowReply *b = *(Hikyaku__V1__ShadowReply *const *)right;
    return (a->count < b->count) - (a->count > b->count);
}

/* ---------------------------------------------------------------- paths */

static Hikyaku__V1__ShadowControl *control_of(struct shadow_call *shadow,
                                              const Hikyaku__V1__ShadowSide *side)
{
    Hikyaku__V1__ShadowControl *control = arena_alloc(shadow->call->arena, sizeof *control);
    hikyaku__v1__shadow_control__init(control);
    if (side == NULL) {
        return control;
    }
    control->state = (Hikyaku__V1__ThrottleState)side->state;
    control->rate_per_1000_s = side->rate_per_1000_s;
    control->connections_most = side->connections_most;
    control->messages_per_connection = side->messages_per_connection;
    control->rule_id = copy(shadow, side->rule);
    control->pauses = side->pauses;
    control->paused_s = side->paused_s;
    control->slower = side->slower;
    control->profile = copy(shadow, side->profile);
    if (side->suspended_ms > 0 && side->suspended_ms < INT64_MAX / 2) {
        control->suspended_until_unix_ms = shadow->now_unix_ms + (int64_t)side->suspended_ms;
    }
    return control;
}

static Hikyaku__V1__ShadowPath *path_of(struct shadow_call *shadow, const char *owner,
                                        const Hikyaku__V1__ShadowPathReport *report)
{
    Hikyaku__V1__ShadowPath *path = arena_alloc(shadow->call->arena, sizeof *path);
    hikyaku__v1__shadow_path__init(path);
    path->sending_ip = copy(shadow, report->sending_ip);
    path->site = copy(shadow, report->site);
    path->owner = copy(shadow, owner);
    path->fact = control_of(shadow, report->fact);
    path->shadow = control_of(shadow, report->shadow);
    path->messages = report->messages;
    path->held = report->held;
    path->replies = report->replies;
    path->otherwise = report->otherwise;
    return path;
}

static uint64_t difference(const Hikyaku__V1__ShadowPath *path)
{
    uint64_t fact_s = path->fact->paused_s;
    uint64_t shadow_s = path->shadow->paused_s;
    return path->held + path->otherwise +
           (fact_s > shadow_s ? fact_s - shadow_s : shadow_s - fact_s);
}

static int by_difference(const void *left, const void *right)
{
    const Hikyaku__V1__ShadowPath *a = *(Hikyaku__V1__ShadowPath *const *)left;
    const Hikyaku__V1__ShadowPath *b = *(Hikyaku__V1__ShadowPath *const *)right;
    uint64_t of_a = difference(a);
    uint64_t of_b = difference(b);
    if (of_a != of_b) {
        return of_a > of_b ? -1 : 1;
    }
    int order = strcmp(a->site, b->site);
    return order != 0 ? order : strcmp(a->sending_ip, b->sending_ip);
}

/* ---------------------------------------------------------------- workers */

static void take(struct shadow_call *shadow, const char *worker,
                 const Hikyaku__V1__ShadowReport *report)
{
    Hikyaku__V1__GetShadowResponse *response = &shadow->response;
    Hikyaku__V1__ShadowTrial *trial = arena_alloc(shadow->call->arena, sizeof *trial);
    hikyaku__v1__shadow_trial__init(trial);
    trial->worker = copy(shadow, worker);
    trial->since_unix_ms = shadow->now_unix_ms - (int64_t)report->since_ms;
    trial->reply_rules = report->reply_rules;
    trial->profiles = report->profiles;
    trial->replies = report->replies;
    trial->otherwise = report->otherwise;
    trial->forgotten = report->forgotten;
    response->trials[response->n_trials++] = trial;
    response->replies_beyond += report->otherwise_beyond;
    response->paths_left_out += report->paths_left_out;
    for (size_t i = 0; i < report->n_kinds; i++) {
        take_kind(shadow, report->kinds[i]);
    }
    for (size_t i = 0; i < report->n_paths; i++) {
        response->paths[response->n_paths++] = path_of(shadow, worker, report->paths[i]);
    }
}

static void make_room(struct shadow_call *shadow, const struct inquiries_answer *answers,
                      size_t count)
{
    size_t kinds = 0;
    size_t paths = 0;
    for (size_t i = 0; i < count; i++) {
        const Hikyaku__V1__ShadowReport *report = answers[i].answer->shadow;
        kinds += report != NULL ? report->n_kinds : 0;
        paths += report != NULL ? report->n_paths : 0;
    }
    struct arena *arena = shadow->call->arena;
    shadow->response.trials = arena_zero(arena, count + 1, sizeof(void *));
    shadow->response.replies = arena_zero(arena, kinds + 1, sizeof(void *));
    shadow->response.paths = arena_zero(arena, paths + 1, sizeof(void *));
}

static void on_answers(void *context, const struct inquiries_answer *answers, size_t count)
{
    struct shadow_call *shadow = context;
    Hikyaku__V1__GetShadowResponse *response = &shadow->response;
    make_room(shadow, answers, count);
    for (size_t i = 0; i < count; i++) {
        if (answers[i].answer->shadow != NULL) {
            take(shadow, answers[i].worker, answers[i].answer->shadow);
        }
    }
    qsort(response->replies, response->n_replies, sizeof(void *), by_count);
    qsort(response->paths, response->n_paths, sizeof(void *), by_difference);
    if (response->n_paths > PATHS_MAX) {
        response->paths_left_out += (uint32_t)(response->n_paths - PATHS_MAX);
        response->n_paths = PATHS_MAX;
    }
    api_call_answer(shadow->call, &response->base);
}

void api_shadow_handle(struct api_call *call)
{
    const Hikyaku__V1__GetShadowRequest *request = (const void *)call->request;
    struct shadow_call *shadow = arena_zero(call->arena, 1, sizeof *shadow);
    shadow->call = call;
    shadow->now_unix_ms = store_now_unix_ms(call->api->settings.store);
    hikyaku__v1__get_shadow_response__init(&shadow->response);
    inquiries_ask_shadow(call->api->settings.inquiries, request->site, on_answers, shadow);
}
