#include "worker/paths/paths_report.h"

#include "hikyaku/v1/api.pb-c.h"
#include "worker/paths/paths_orders.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct filling {
    const struct paths *paths;
    const Hikyaku__V1__Inquiry *inquiry;
    struct arena *arena;
    Hikyaku__V1__PathReport **reports;
    size_t count;
    size_t room;
};

#define STATE(name) HIKYAKU__V1__THROTTLE_STATE__THROTTLE_STATE_##name

uint32_t paths_report_state(const struct path_control *control)
{
    static const uint32_t of_phase[] = {
        [PATH_RATE_STARTING] = STATE(GROWING), [PATH_RATE_FALLING] = STATE(FALLING),
        [PATH_RATE_RISING] = STATE(STEADY),    [PATH_RATE_HOLDING] = STATE(STEADY),
        [PATH_RATE_TRYING] = STATE(TRYING),
    };
    if (control->suspension.state == PATH_SUSPENSION_CLOSED) {
        return STATE(SUSPENDED);
    }
    if (control->suspension.state != PATH_SUSPENSION_OPEN) {
        return STATE(RETURNING);
    }
    bool is_cold = control->rate.phase == PATH_RATE_STARTING && control->rate.taken == 0;
    return is_cold ? STATE(COLD) : of_phase[control->rate.phase];
}

static uint64_t per_1000_s(double rate)
{
    return (uint64_t)llround(rate * 1000);
}

static char *copy(struct arena *arena, const char *text)
{
    return arena_printf(arena, "%s", text);
}

static void add(struct filling *filling, const char *ip, struct text site,
                const struct path_control *control)
{
    uint64_t now_ms = loop_now_ms(filling->paths->settings.loop);
    const struct path_suspension *pause = &control->suspension;
    Hikyaku__V1__PathReport *report = arena_alloc(filling->arena, sizeof *report);
    hikyaku__v1__path_report__init(report);
    report->sending_ip = copy(filling->arena, ip);
    report->site = arena_copy(filling->arena, site.data, site.size);
    report->state = paths_report_state(control);
    report->rate_per_1000_s = per_1000_s(control->rate.rate);
    report->ceiling_per_1000_s = per_1000_s(control->rate.ceiling);
    report->actual_per_1000_s = per_1000_s(control->rate.actual);
    report->connections = control->window.open;
    report->connections_most = path_window_limit(&control->window, now_ms);
    report->messages_per_connection = control->window.messages;
    if (pause->state == PATH_SUSPENSION_CLOSED) {
        report->suspended_ms = pause->until_ms > now_ms ? pause->until_ms - now_ms : 0;
        report->rule = copy(filling->arena, pause->rule);
        report->times = pause->times;
    }
    report->attempts = path_sweep_sum(&control->sweep, PATH_SWEEP_HOUR, PATH_SWEEP_ATTEMPT, now_ms);
    report->deferred =
        path_sweep_sum(&control->sweep, PATH_SWEEP_HOUR, PATH_SWEEP_DEFERRED, now_ms);
    report->profile = copy(filling->arena, control->profile->name);
    filling->reports[filling->count++] = report;
}

static bool is_asked(const struct filling *filling, const char *ip, struct text site)
{
    const Hikyaku__V1__Inquiry *inquiry = filling->inquiry;
    return filling->count < filling->room &&
           (inquiry->site[0] == '\0' || text_equal_nocase(text_of(inquiry->site), site)) &&
           (inquiry->sending_ip[0] == '\0' || strcmp(inquiry->sending_ip, ip) == 0);
}

static void add_live(struct filling *filling)
{
    struct table_walk walk;
    const struct path *path = table_first(filling->paths->table, &walk);
    for (; path != NULL; path = table_next(&walk)) {
        if (path->ip->state == SENDING_IP_OWNED &&
            is_asked(filling, path->ip->text, text_of(path->site))) {
            add(filling, path->ip->text, text_of(path->site), &path->control);
        }
    }
}

/* Nobody uses them now: as the next letter would find them. */
static void add_remembered(struct filling *filling, struct sending_ip *ip, struct text site,
                           const struct paths_memory *memory)
{
    const struct paths *paths = filling->paths;
    const struct path_state_now now = {loop_now_ms(paths->settings.loop),
                                       store_now_unix_ms(paths->settings.store) / 1000};
    struct path_control control;
    struct path_decisions decisions = {.count = 0};
    path_control_init(&control, provider_profiles_find(paths->profiles, site, TEXT("")), now.ms);
    if (path_state_read(&control, (struct text){(const char *)memory->bytes, memory->size}, false,
                        &now) == 0) {
        path_control_tick(&control, now.ms, &decisions);
        struct path_bound bound = {.rate_most = 0};
        paths_orders_lay(paths, ip->text, site, &control, &bound, &decisions);
        add(filling, ip->text, site, &control);
    }
}

static void look_at(struct filling *filling, struct text key, const struct paths_memory *memory)
{
    const struct paths *paths = filling->paths;
    size_t bar = text_find(key, '|');
    struct text site = text_skip(key, bar + 1);
    uint64_t number = 0;
    if (text_to_u64((struct text){key.data, bar}, SENDING_IPS_MAX - 1, &number) != 0 ||
        number >= paths->settings.ips->count || table_get(paths->table, key) != NULL) {
        return;
    }
    struct sending_ip *ip = &paths->settings.ips->items[number];
    if (ip->state == SENDING_IP_OWNED && is_asked(filling, ip->text, site)) {
        add_remembered(filling, ip, site, memory);
    }
}

static int by_interest(const void *left, const void *right)
{
    const Hikyaku__V1__PathReport *a = *(Hikyaku__V1__PathReport *const *)left;
    const Hikyaku__V1__PathReport *b = *(Hikyaku__V1__PathReport *const *)right;
    bool is_a_held = a->state == STATE(SUSPENDED);
    bool is_b_held = b->state == STATE(SUSPENDED);
    if (is_a_held != is_b_held) {
        return is_a_held ? -1 : 1;
    }
    return (a->actual_per_1000_s < b->actual_per_1000_s) -
           (a->actual_per_1000_s > b->actual_per_1000_s);
}

void paths_report_fill(const struct paths *paths, const Hikyaku__V1__Inquiry *inquiry,
                       struct arena *arena, Hikyaku__V1__InquiryAnswer *answer)
{
    struct filling filling = {.paths = paths, .inquiry = inquiry, .arena = arena};
    struct table_walk walk;
    filling.room = table_count(paths->table) + table_count(paths->memories);
    filling.reports = arena_zero(arena, filling.room + 1, sizeof(void *));
    add_live(&filling);
    const struct paths_memory *memory = table_first(paths->memories, &walk);
    for (; memory != NULL; memory = table_next(&walk)) {
        look_at(&filling, walk.key, memory);
    }
    qsort(filling.reports, filling.count, sizeof(void *), by_interest);
    answer->number = inquiry->number;
    answer->paths = filling.reports;
    answer->n_paths = filling.count < PATHS_REPORT_MAX ? filling.count : PATHS_REPORT_MAX;
    answer->paths_left_out = (uint32_t)(filling.count - answer->n_paths);
}
