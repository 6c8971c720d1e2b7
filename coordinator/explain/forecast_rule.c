#include "coordinator/explain/forecast_rule.h"

#include <math.h>
#include <string.h>

#define STEP_S 60
#define HOUR_S 3600
#define DAY_S 86400
/* Less than half a recipient is nobody. */
#define NOBODY 0.5

/* Where a forecast stands. */
struct run {
    const struct forecast_facts *facts;
    struct forecast *forecast;
    int64_t now_unix_s;
    double pending[FORECAST_SITES_MAX];
    double deferred[FORECAST_SITES_MAX];
    double used[FORECAST_SITES_MAX];   /* of the day's quota */
    uint8_t gates[FORECAST_SITES_MAX]; /* what held each in the last step */
    double held[GATE_LIMIT];           /* weight of each gate since the last hour began to matter */
    int64_t worked_s;                  /* steps in which something could go out */
    struct send_window_state window;   /* as it is until it changes */
};

static double sum(const double *values, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        total += values[i];
    }
    return total;
}

static double left_of(const struct run *run)
{
    return sum(run->pending, run->facts->site_count) + sum(run->deferred, run->facts->site_count);
}

/* ---------------------------------------------------------------- one step */

/* What holds all of it. */
static uint8_t closed_gate(struct run *run)
{
    const struct forecast_facts *facts = run->facts;
    if (facts->held_by != GATE_NONE &&
        (facts->held_until_unix_s == 0 || run->now_unix_s < facts->held_until_unix_s)) {
        return facts->held_by;
    }
    if (run->now_unix_s < facts->starts_unix_s) {
        return GATE_SCHEDULED_FOR;
    }
    if (run->now_unix_s >= run->window.change_unix_s) {
        run->window = send_window_ask(facts->windows, facts->window_count, run->now_unix_s);
    }
    return run->window.is_open ? GATE_NONE : GATE_OUTSIDE_WINDOW;
}

/* Days of quotas, from 0 for the one that it begins on. */
static int64_t day_of(const struct run *run, int64_t unix_s)
{
    const struct forecast_facts *facts = run->facts;
    int64_t now_s = facts->now_unix_s;
    int64_t ends_s =
        facts->day_ends_unix_s > now_s ? facts->day_ends_unix_s : now_s - now_s % DAY_S + DAY_S;
    return unix_s < ends_s ? 0 : (unix_s - ends_s) / DAY_S + 1;
}

static uint64_t quota_of(const struct run *run, const struct forecast_site *site)
{
    int64_t day = day_of(run, run->now_unix_s);
    return site->quotas[day < FORECAST_DAYS_MAX ? day : FORECAST_DAYS_MAX - 1];
}

/* So many of the site could go in this step, and what holds the others. */
static double room_of(struct run *run, size_t place)
{
    const struct forecast_site *site = &run->facts->sites[place];
    double room = site->per_s * STEP_S;
    uint64_t quota = quota_of(run, site);
    double quota_left = quota == FORECAST_NO_QUOTA ? room : (double)quota - run->used[place];
    run->gates[place] = site->is_rated ? GATE_PATH_RATE : GATE_PATH_CONNECTIONS;
    if (site->per_s <= 0) {
        run->gates[place] = GATE_NO_SENDING_IP;
        return 0;
    }
    if (run->now_unix_s < site->suspended_until_unix_s) {
        run->gates[place] = GATE_SITE_SUSPENDED;
        return 0;
    }
    if (quota_left < room) {
        run->gates[place] = GATE_WARMUP_QUOTA;
        room = fmax(quota_left, 0);
    }
    return fmin(room, run->pending[place]);
}

/* Of those tried a part comes back later; of the waiting ones some come back now. */
static double send(struct run *run, size_t place, double tried)
{
    double again = tried * run->facts->deferred_part;
    double back = fmin(run->deferred[place],
                       run->deferred[place] * STEP_S / fmax(run->facts->retry_s, STEP_S));
    if (run->deferred[place] < 1) {
        back = run->deferred[place]; /* the last one comes as a whole */
    }
    run->used[place] += tried;
    run->pending[place] += back - tried;
    run->deferred[place] += again - back;
    return tried - again;
}

static double send_all(struct run *run)
{
    const struct forecast_facts *facts = run->facts;
    double rooms[FORECAST_SITES_MAX];
    double sent = 0;
    for (size_t i = 0; i < facts->site_count; i++) {
        rooms[i] = room_of(run, i);
    }
    double wanted = sum(rooms, facts->site_count);
    double most = facts->most_per_s > 0 ? facts->most_per_s * STEP_S : wanted;
    double part = wanted > most ? most / wanted : 1;
    for (size_t i = 0; i < facts->site_count; i++) {
        bool is_limited = part < 1 && rooms[i] > 0;
        run->gates[i] = is_limited ? facts->limit_gate : run->gates[i];
        sent += send(run, i, rooms[i] * part);
    }
    run->worked_s += STEP_S;
    return sent;
}

/* ---------------------------------------------------------------- hours, and what decides */

static void tell_held(const struct run *run, uint8_t closed, double ret_held[GATE_LIMIT])
{
    memset(ret_held, 0, GATE_LIMIT * sizeof *ret_held);
    for (size_t i = 0; i < run->facts->site_count; i++) {
        ret_held[closed != GATE_NONE ? closed : run->gates[i]] += run->pending[i];
        ret_held[GATE_RETRY_DUE] += run->deferred[i];
    }
}

/* Lately counts more: what held the last of it decides the end. */
static void weigh(struct run *run, uint8_t closed)
{
    double held[GATE_LIMIT];
    double total = 0;
    tell_held(run, closed, held);
    total = sum(held, GATE_LIMIT);
    for (int gate = 1; gate < GATE_LIMIT && total > 0; gate++) {
        run->held[gate] = run->held[gate] * 0.97 + held[gate] / total;
    }
}

static uint8_t heaviest(const double held[GATE_LIMIT])
{
    uint8_t best = GATE_NONE;
    for (int gate = 1; gate < GATE_LIMIT; gate++) {
        if (held[gate] > held[best] && held[gate] > 0) {
            best = (uint8_t)gate;
        }
    }
    return best;
}

static struct forecast_hour *hour_of(struct run *run)
{
    struct forecast *forecast = run->forecast;
    int64_t begin = run->now_unix_s - run->now_unix_s % HOUR_S;
    struct forecast_hour *last =
        forecast->hour_count > 0 ? &forecast->hours[forecast->hour_count - 1] : NULL;
    if (last != NULL && last->begin_unix_s == begin) {
        return last;
    }
    if (forecast->hour_count == FORECAST_HOURS_MAX) {
        return last;
    }
    last = &forecast->hours[forecast->hour_count++];
    *last = (struct forecast_hour){.begin_unix_s = begin};
    return last;
}

static void note_warmup(struct run *run, const double held[GATE_LIMIT])
{
    int64_t day = day_of(run, run->now_unix_s);
    if (day_of(run, run->now_unix_s + STEP_S) == day) {
        return;
    }
    if (day == 0) {
        run->forecast->warmup = held[GATE_WARMUP_QUOTA];
    }
    memset(run->used, 0, sizeof run->used);
}

static void step(struct run *run)
{
    struct forecast_hour *hour = hour_of(run);
    uint8_t closed = closed_gate(run);
    if (closed == GATE_NONE) {
        hour->sent += send_all(run);
    }
    tell_held(run, closed, hour->held);
    weigh(run, closed);
    note_warmup(run, hour->held);
    run->now_unix_s += STEP_S;
}

/* ---------------------------------------------------------------- the end */

/* The error is of the time in which something could go out; closed windows stay where they are. */
static int64_t shift(const struct run *run, int64_t error_s)
{
    int64_t unix_s = run->now_unix_s + error_s;
    unix_s = unix_s > run->facts->now_unix_s ? unix_s : run->facts->now_unix_s;
    const struct forecast_facts *facts = run->facts;
    struct send_window_state state = send_window_ask(facts->windows, facts->window_count, unix_s);
    return state.is_open ? unix_s : state.change_unix_s;
}

static void finish(struct run *run, bool is_over)
{
    struct forecast *forecast = run->forecast;
    forecast->left = left_of(run);
    forecast->decided_by = heaviest(run->held);
    if (is_over) {
        int64_t error_s = run->worked_s * FORECAST_ERROR_PERMILLE / 1000 + STEP_S;
        forecast->end_unix_s = run->now_unix_s;
        forecast->from_unix_s = shift(run, -error_s);
        forecast->from_unix_s = forecast->from_unix_s < forecast->end_unix_s ? forecast->from_unix_s
                                                                             : forecast->end_unix_s;
        forecast->to_unix_s = shift(run, error_s);
        forecast->left = 0;
    }
}

void forecast_rule_run(const struct forecast_facts *facts, struct forecast *ret_forecast)
{
    struct run run = {.facts = facts, .forecast = ret_forecast, .now_unix_s = facts->now_unix_s};
    *ret_forecast = (struct forecast){.end_unix_s = 0};
    for (size_t i = 0; i < facts->site_count; i++) {
        run.pending[i] = facts->sites[i].pending;
        run.deferred[i] = facts->sites[i].deferred;
    }
    if (facts->held_by != GATE_NONE && facts->held_until_unix_s == 0) {
        ret_forecast->is_stuck = true;
        ret_forecast->decided_by = facts->held_by;
        ret_forecast->left = left_of(&run);
        return;
    }
    int64_t last_unix_s = facts->now_unix_s + (int64_t)FORECAST_DAYS_MAX * DAY_S;
    if (facts->expires_unix_s > 0 && facts->expires_unix_s < last_unix_s) {
        last_unix_s = facts->expires_unix_s;
    }
    while (left_of(&run) >= NOBODY && run.now_unix_s < last_unix_s) {
        step(&run);
    }
    finish(&run, left_of(&run) < NOBODY);
}
