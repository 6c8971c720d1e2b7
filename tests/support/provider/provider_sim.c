#include "tests/support/provider/provider_sim.h"

#include "common/mail/enhanced_code.h"
#include "common/policy/classify.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define TICK_MS 10
#define CONNECTIONS_MAX 128
#define SLOTS 10 /* of 100 ms: any second */
#define WINDOW_PARTS 20

enum link_state { LINK_FREE, LINK_CONNECTING, LINK_IDLE, LINK_BUSY };
enum fate {
    FATE_TAKEN,
    FATE_RATE,
    FATE_CONNECTIONS,
    FATE_MESSAGES,
    FATE_SILENT,
    FATE_RESET,
    FATE_GREYLISTED,
    FATE_UNKNOWN,
    FATE_LIMIT
};

/* A connection of a worker: what is under way, when the server sees it, when its answer is here. */
struct link {
    enum link_state state;
    enum fate fate;
    bool is_seen;
    bool is_counted; /* the server counts it among the open ones */
    uint64_t opened_ms;
    uint64_t begun_ms;
    uint64_t seen_ms;
    uint64_t done_ms;
    uint64_t idle_ms;
    uint32_t answered;
};

/* What came within a window of time, in parts that are forgotten one by one when it slides. */
struct window {
    uint32_t parts[WINDOW_PARTS];
    uint32_t count;
    uint64_t part; /* number of the newest one */
};

struct worker {
    struct path_control control;
    struct link links[CONNECTIONS_MAX];
    size_t link_count;    /* how many were ever used */
    uint32_t server_open; /* as the server counts */
    double tokens;
    struct window window;
    uint64_t penalty_until_ms;
    uint64_t told_limit_ms; /* when the first refusal of a connection was told; 0: not yet */
    uint64_t forbidden_until_ms;
    uint32_t slots[SLOTS];
    double slot_rates[SLOTS];
    double demand;
};

struct sim {
    const struct provider_scenario *scenario;
    struct provider_result *result;
    struct provider_limits limits;
    struct worker workers[PROVIDER_SIM_WORKERS_MAX];
    struct path_reply replies[FATE_LIMIT];
    bool is_known[FATE_LIMIT];
    double site_tokens;
    struct window site_window;
    double reputation;
    uint64_t random;
    uint64_t now_ms;
};

static uint32_t chance(struct sim *sim, uint32_t below)
{
    sim->random ^= sim->random >> 12;
    sim->random ^= sim->random << 25;
    sim->random ^= sim->random >> 27;
    return (uint32_t)((sim->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

static struct provider_second *second(struct sim *sim)
{
    return &sim->result->seconds[sim->now_ms / 1000];
}

/* ---------------------------------------------------------------- the provider */

static void refill(double *tokens, double rate, double burst_s)
{
    double most = fmax(rate * burst_s, 1);
    *tokens = fmin(*tokens + rate * TICK_MS / 1000, most);
}

/* A window that slides forgets a part at a time, another one all at once. */
static void move_window(struct window *window, const struct provider_limits *limits,
                        uint64_t now_ms)
{
    uint64_t part = now_ms * WINDOW_PARTS / (1000 * (uint64_t)limits->window_s);
    bool is_new = part / WINDOW_PARTS != window->part / WINDOW_PARTS;
    while (window->part < part) {
        uint32_t *oldest = &window->parts[++window->part % WINDOW_PARTS];
        window->count -= limits->is_sliding ? *oldest : 0;
        *oldest = 0;
    }
    window->count = is_new && !limits->is_sliding ? 0 : window->count;
}

static void count_in(struct window *window)
{
    window->count++;
    window->parts[window->part % WINDOW_PARTS]++;
}

static void refill_all(struct sim *sim)
{
    const struct provider_limits *limits = &sim->limits;
    refill(&sim->site_tokens, limits->site_rate * sim->reputation, limits->burst_s);
    for (uint32_t i = 0; i < sim->scenario->workers; i++) {
        struct worker *worker = &sim->workers[i];
        refill(&worker->tokens, limits->ip_rate * sim->reputation, limits->burst_s);
        if (limits->window_s > 0) {
            move_window(&worker->window, limits, sim->now_ms);
        }
    }
    if (limits->window_s > 0) {
        move_window(&sim->site_window, limits, sim->now_ms);
    }
}

static bool has_room(const struct sim *sim, double rate, double tokens, const struct window *window)
{
    if (rate == 0) {
        return true;
    }
    return sim->limits.window_s > 0 ? window->count < rate * sim->reputation * sim->limits.window_s
                                    : tokens >= 1;
}

static void charge(struct sim *sim, struct worker *worker, double tokens)
{
    worker->tokens -= tokens;
    sim->site_tokens -= tokens;
    count_in(&worker->window);
    count_in(&sim->site_window);
}

static void punish(struct sim *sim, struct worker *worker, bool has_penalty)
{
    if (!has_penalty || sim->limits.prolongs) {
        worker->penalty_until_ms = sim->now_ms + 1000 * (uint64_t)sim->limits.penalty_s;
    }
    if (sim->limits.counts_refused) {
        charge(sim, worker, 0);
    }
}

/* Both limits are charged, or none. */
static bool allows(struct sim *sim, struct worker *worker)
{
    const struct provider_limits *limits = &sim->limits;
    bool has_penalty = sim->now_ms < worker->penalty_until_ms;
    bool fits = !has_penalty && has_room(sim, limits->ip_rate, worker->tokens, &worker->window) &&
                has_room(sim, limits->site_rate, sim->site_tokens, &sim->site_window);
    if (!fits) {
        punish(sim, worker, has_penalty);
        return false;
    }
    charge(sim, worker, 1);
    return true;
}

static void change_reputation(struct sim *sim, enum fate fate)
{
    if (!sim->limits.has_reputation) {
        return;
    }
    double change = fate == FATE_UNKNOWN ? -0.004 : 0.0004;
    if (fate == FATE_TAKEN && chance(sim, 1000) < sim->limits.complaint_permille) {
        change = -0.02;
    }
    sim->reputation = fmin(fmax(sim->reputation + change, 0.02), 1);
}

static enum fate judge_message(struct sim *sim, struct worker *worker, struct link *link)
{
    const struct provider_limits *limits = &sim->limits;
    if (limits->messages > 0 && link->answered >= limits->messages) {
        return limits->ends_silently ? FATE_SILENT : FATE_MESSAGES;
    }
    if (!allows(sim, worker)) {
        return limits->resets ? FATE_RESET : FATE_RATE;
    }
    if (chance(sim, 1000) < limits->greylisted_permille) {
        return FATE_GREYLISTED;
    }
    enum fate fate = chance(sim, 1000) < limits->unknown_permille ? FATE_UNKNOWN : FATE_TAKEN;
    change_reputation(sim, fate);
    return fate;
}

static enum fate judge_connection(struct sim *sim, struct worker *worker, struct link *link)
{
    uint32_t limit = sim->limits.connections;
    if (limit > 0 && worker->server_open >= limit) {
        bool knew = worker->told_limit_ms > 0 && link->opened_ms > worker->told_limit_ms;
        sim->result->over_connections += knew;
        sim->result->connection_refusals++;
        return sim->limits.resets ? FATE_RESET : FATE_CONNECTIONS;
    }
    link->is_counted = true;
    worker->server_open++;
    return FATE_TAKEN;
}

/* ---------------------------------------------------------------- what the worker hears */

static void feed(struct sim *sim, struct worker *worker, const struct path_event *event)
{
    struct path_decisions decisions = {.count = 0};
    path_control_feed(&worker->control, event, sim->now_ms, &decisions);
    for (size_t i = 0; i < decisions.count; i++) {
        sim->result->suspensions += decisions.items[i].kind == PATH_DECISION_SUSPENDED;
        if (sim->scenario->on_decision != NULL) {
            sim->scenario->on_decision(sim->scenario->context, (uint32_t)(worker - sim->workers),
                                       sim->now_ms, &decisions.items[i]);
        }
    }
}

static uint32_t enhanced_of(const char *string)
{
    size_t size;
    return enhanced_code_read(text_of(string), &size);
}

/* The rules that are built in, for the life of the program. */
static struct classify *rules(void)
{
    static struct classify *builtin;
    if (builtin == NULL) {
        builtin = classify_create_builtin();
    }
    return builtin;
}

static struct path_reply classify(const struct sim *sim, uint8_t stage, uint16_t smtp,
                                  const char *enhanced, const char *text)
{
    const struct classify_reply reply = {
        .provider = text_of(sim->scenario->voice->provider),
        .stage = stage,
        .smtp = smtp,
        .enhanced = enhanced_of(enhanced),
        .text = text_of(text),
    };
    struct classify_verdict verdict = classify_reply(rules(), &reply);
    return (struct path_reply){.reply_class = verdict.reply_class,
                               .blame = verdict.blame,
                               .stage = stage,
                               .smtp = smtp,
                               .enhanced = reply.enhanced,
                               .rule = verdict.rule_id};
}

static struct path_reply word_for(const struct sim *sim, enum fate fate)
{
    const struct provider_voice *voice = sim->scenario->voice;
    switch (fate) {
    case FATE_RATE:
        return classify(sim, voice->rate.stage, voice->rate.smtp, voice->rate.enhanced,
                        voice->rate.text);
    case FATE_CONNECTIONS:
        return classify(sim, voice->connections.stage, voice->connections.smtp,
                        voice->connections.enhanced, voice->connections.text);
    case FATE_MESSAGES:
        return classify(sim, voice->messages.stage, voice->messages.smtp, voice->messages.enhanced,
                        voice->messages.text);
    case FATE_GREYLISTED:
        return (struct path_reply){
            REPLY_CLASS_GREYLISTED, REPLY_BLAME_RECIPIENT, REPLY_STAGE_RCPT, 450, 0, "greylisted"};
    case FATE_UNKNOWN:
        return classify(sim, REPLY_STAGE_RCPT, 550, "5.1.1", "User unknown");
    case FATE_TAKEN:
    case FATE_SILENT:
    case FATE_RESET:
    case FATE_LIMIT:
        break;
    }
    return (struct path_reply){.stage = REPLY_STAGE_DOT, .smtp = 250, .rule = "delivered"};
}

/* Judged once each: the rules are not what is tried here. */
static struct path_reply reply_of(struct sim *sim, enum fate fate)
{
    if (!sim->is_known[fate]) {
        sim->is_known[fate] = true;
        sim->replies[fate] = word_for(sim, fate);
    }
    return sim->replies[fate];
}

static void close_link(struct sim *sim, struct worker *worker, struct link *link)
{
    feed(sim, worker,
         &(struct path_event){.kind = PATH_EVENT_CLOSED,
                              .was_greeted = link->state != LINK_CONNECTING});
    worker->server_open -= link->is_counted;
    memset(link, 0, sizeof *link);
}

static void end_connecting(struct sim *sim, struct worker *worker, struct link *link)
{
    if (link->fate == FATE_TAKEN) {
        feed(sim, worker, &(struct path_event){.kind = PATH_EVENT_GREETED});
        link->state = LINK_IDLE;
        link->idle_ms = sim->now_ms;
        return;
    }
    struct path_event event = {.kind =
                                   link->fate == FATE_RESET ? PATH_EVENT_RESET : PATH_EVENT_REFUSED,
                               .reply = reply_of(sim, link->fate),
                               .opened_ms = link->opened_ms};
    feed(sim, worker, &event);
    if (worker->told_limit_ms == 0) {
        worker->told_limit_ms = sim->now_ms;
    }
    close_link(sim, worker, link);
}

static void note_forbidden(struct sim *sim, struct worker *worker, const struct path_reply *reply)
{
    size_t place = path_profile_reaction(sim->scenario->profile, reply);
    const struct path_profile *profile = sim->scenario->profile;
    if (place < profile->reaction_count &&
        profile->reactions[place].action == PATH_ACTION_SUSPEND &&
        profile->reactions[place].hits <= 1) {
        worker->forbidden_until_ms =
            sim->now_ms + 1000 * (uint64_t)profile->reactions[place].pause_s;
    }
}

static void end_message(struct sim *sim, struct worker *worker, struct link *link)
{
    enum fate fate = link->fate;
    struct path_event event = {.kind = PATH_EVENT_ANSWERED,
                               .reply = reply_of(sim, fate),
                               .took_ms = sim->now_ms - link->begun_ms,
                               .messages = link->answered};
    second(sim)->taken += fate == FATE_TAKEN;
    second(sim)->refused += fate == FATE_RATE || fate == FATE_RESET;
    sim->result->unknown += fate == FATE_UNKNOWN;
    sim->result->resets += fate == FATE_RESET;
    if (fate == FATE_SILENT || fate == FATE_RESET) {
        event.kind = fate == FATE_RESET ? PATH_EVENT_RESET : PATH_EVENT_ENDED;
        feed(sim, worker, &event);
        event.kind = PATH_EVENT_GIVEN_UP;
    }
    feed(sim, worker, &event);
    if (fate == FATE_RATE) {
        note_forbidden(sim, worker, &event.reply);
    }
    link->answered++;
    link->state = LINK_IDLE;
    link->idle_ms = sim->now_ms;
    bool closes = fate == FATE_SILENT || fate == FATE_RESET || fate == FATE_MESSAGES ||
                  (fate == FATE_RATE && event.reply.smtp == 421) ||
                  link->answered >= worker->control.window.messages;
    if (closes) {
        close_link(sim, worker, link);
    }
}

/* ---------------------------------------------------------------- what the worker does */

static uint64_t round_trip(struct sim *sim, uint32_t trips)
{
    uint32_t rtt_ms = sim->scenario->rtt_ms;
    return trips * rtt_ms + chance(sim, rtt_ms / 2 + 1);
}

static void begin(struct sim *sim, struct link *link, enum link_state state, uint32_t trips)
{
    uint64_t took_ms = round_trip(sim, trips);
    link->state = state;
    link->begun_ms = sim->now_ms;
    link->seen_ms = sim->now_ms + took_ms / 2;
    link->done_ms = sim->now_ms + took_ms;
    link->is_seen = false;
}

static void start_message(struct sim *sim, struct worker *worker, struct link *link)
{
    feed(sim, worker, &(struct path_event){.kind = PATH_EVENT_STARTED});
    begin(sim, link, LINK_BUSY, 3);
    worker->demand -= 1;
    second(sim)->attempts++;
    worker->slots[sim->now_ms / 100 % SLOTS]++;
    sim->result->forbidden += sim->now_ms < worker->forbidden_until_ms;
}

static bool has_letters(const struct sim *sim, const struct worker *worker)
{
    return sim->scenario->demand_per_s == 0 || worker->demand >= 1;
}

static void use_idle(struct sim *sim, struct worker *worker, struct link *link)
{
    if (has_letters(sim, worker) &&
        path_control_may_send(&worker->control, sim->now_ms).is_allowed) {
        start_message(sim, worker, link);
    } else if (sim->now_ms - link->idle_ms >= 5000 ||
               worker->control.suspension.state == PATH_SUSPENSION_CLOSED) {
        close_link(sim, worker, link);
    }
}

static void step_link(struct sim *sim, struct worker *worker, struct link *link)
{
    bool is_under_way = link->state == LINK_CONNECTING || link->state == LINK_BUSY;
    if (is_under_way && !link->is_seen && sim->now_ms >= link->seen_ms) {
        link->is_seen = true;
        link->fate = link->state == LINK_BUSY ? judge_message(sim, worker, link)
                                              : judge_connection(sim, worker, link);
    }
    if (is_under_way && sim->now_ms >= link->done_ms) {
        if (link->state == LINK_BUSY) {
            end_message(sim, worker, link);
        } else {
            end_connecting(sim, worker, link);
        }
    }
    if (link->state == LINK_IDLE) {
        use_idle(sim, worker, link);
    }
}

static void open_links(struct sim *sim, struct worker *worker)
{
    uint32_t idle = 0;
    for (size_t i = 0; i < worker->link_count; i++) {
        idle += worker->links[i].state == LINK_IDLE || worker->links[i].state == LINK_CONNECTING;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX && idle < 2 && has_letters(sim, worker); i++) {
        struct link *link = &worker->links[i];
        if (link->state != LINK_FREE) {
            continue;
        }
        if (!path_control_may_connect(&worker->control, sim->now_ms).is_allowed) {
            return;
        }
        feed(sim, worker, &(struct path_event){.kind = PATH_EVENT_OPENED});
        link->opened_ms = sim->now_ms;
        begin(sim, link, LINK_CONNECTING, 2);
        worker->link_count = i + 1 > worker->link_count ? i + 1 : worker->link_count;
        idle++;
    }
}

/* Never twice the rate in any second. */
static void watch_rate(struct sim *sim, struct worker *worker)
{
    uint32_t attempts = 0;
    double rate = 0;
    if (sim->now_ms % 100 != 0) {
        return;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        attempts += worker->slots[i];
        rate = fmax(rate, worker->slot_rates[i]);
    }
    sim->result->over_rate += attempts > 1 && attempts >= 2 * rate + 1;
    worker->slots[sim->now_ms / 100 % SLOTS] = 0;
    worker->slot_rates[sim->now_ms / 100 % SLOTS] = worker->control.rate.rate;
}

static void step_worker(struct sim *sim, struct worker *worker)
{
    struct path_decisions decisions = {.count = 0};
    watch_rate(sim, worker);
    worker->demand =
        fmin(worker->demand + (double)sim->scenario->demand_per_s * TICK_MS / 1000, 1e6);
    path_control_tick(&worker->control, sim->now_ms, &decisions);
    for (size_t i = 0; i < decisions.count && sim->scenario->on_decision != NULL; i++) {
        sim->scenario->on_decision(sim->scenario->context, (uint32_t)(worker - sim->workers),
                                   sim->now_ms, &decisions.items[i]);
    }
    for (size_t i = 0; i < worker->link_count; i++) {
        step_link(sim, worker, &worker->links[i]);
    }
    open_links(sim, worker);
    if (sim->now_ms % 1000 == 0) {
        second(sim)->connections += worker->control.window.open;
        second(sim)->rate += worker->control.rate.rate;
    }
}

void provider_sim_run(const struct provider_scenario *scenario, struct provider_result *result)
{
    static struct sim sim;
    assert(scenario->seconds <= PROVIDER_SIM_SECONDS_MAX &&
           scenario->workers <= PROVIDER_SIM_WORKERS_MAX);
    memset(result, 0, sizeof *result);
    sim = (struct sim){.scenario = scenario,
                       .result = result,
                       .limits = scenario->limits,
                       .reputation = 1,
                       .random = scenario->seed * 7919 + 1};
    for (uint32_t i = 0; i < scenario->workers; i++) {
        path_control_init(&sim.workers[i].control, scenario->profile, 0);
        sim.workers[i].tokens = scenario->limits.ip_rate * scenario->limits.burst_s;
    }
    sim.site_tokens = scenario->limits.site_rate * scenario->limits.burst_s;
    for (; sim.now_ms < 1000 * (uint64_t)scenario->seconds; sim.now_ms += TICK_MS) {
        bool is_later = scenario->change_s > 0 && sim.now_ms >= 1000 * (uint64_t)scenario->change_s;
        sim.limits = is_later ? scenario->later : scenario->limits;
        refill_all(&sim);
        for (uint32_t i = 0; i < scenario->workers; i++) {
            if (i == 0 || sim.now_ms >= 1000 * (uint64_t)scenario->second_worker_s) {
                step_worker(&sim, &sim.workers[i]);
            }
        }
    }
    for (uint32_t i = 0; i < scenario->workers; i++) {
        result->controls[i] = sim.workers[i].control;
    }
}

/* ---------------------------------------------------------------- figures */

static struct provider_second add_up(const struct provider_result *result, uint32_t from,
                                     uint32_t until)
{
    struct provider_second sum = {.attempts = 0};
    for (uint32_t i = from; i < until; i++) {
        sum.attempts += result->seconds[i].attempts;
        sum.taken += result->seconds[i].taken;
        sum.refused += result->seconds[i].refused;
    }
    return sum;
}

double provider_sim_goodput(const struct provider_result *result, uint32_t from, uint32_t until)
{
    return (double)add_up(result, from, until).taken / (until - from);
}

double provider_sim_deferrals(const struct provider_result *result, uint32_t from, uint32_t until)
{
    struct provider_second sum = add_up(result, from, until);
    return sum.attempts > 0 ? (double)sum.refused / sum.attempts : 0;
}

uint32_t provider_sim_doubled(const struct provider_result *result, uint32_t from, uint32_t until,
                              double rate)
{
    uint32_t count = 0;
    for (uint32_t i = from; i < until; i++) {
        count += result->seconds[i].attempts > 1 && result->seconds[i].attempts > 2 * rate;
    }
    return count;
}

uint32_t provider_sim_converged(const struct provider_result *result, uint32_t from, uint32_t until,
                                uint32_t span, double rate)
{
    for (uint32_t at = from; at + span <= until; at++) {
        if (provider_sim_goodput(result, at, at + span) >= rate &&
            provider_sim_deferrals(result, at, at + span) <= 0.02) {
            return at;
        }
    }
    return UINT32_MAX;
}
