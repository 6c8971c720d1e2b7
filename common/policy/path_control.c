#include "common/policy/path_control.h"

#include "common/mail/rows.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#define HIT_MS 3600000
/* Nothing is taken any more: looked at again soon, then less often. */
static const struct path_pause blocked = {2000, 600000, 20000, true};
static const struct path_pause dead = {30000, 600000, 60000, false};
static const struct path_pause resets = {60000, 3600000, 1800000, false};
#define RESETS_MAX 3
/* A pause that somebody asked for is longer when it was asked for within the last half hour. */
#define MEMORY_MS 1800000
/* A connection that the server ended without saying why. */
static const char ended[] = "ended";
/* Replies that may be about rate: so many, less those that were taken, count as one that is. */
#define WEAK_MAX 2.5
#define WEAK_DECAY 0.05
#define WEAK_OWN 0.3
#define WEAK_MEMORY_MS 14400000
/* How long before its message's time a connection may be opened. */
#define WAIT_MS 2000
/* Connections beyond what the rate needs at the time a message takes. */
#define SPARE 1.5

void path_control_init(struct path_control *control, const struct path_profile *profile,
                       uint64_t now_ms)
{
    *control = (struct path_control){.profile = profile, .used_ms = now_ms};
    path_rate_init(&control->rate, profile->rate_first, profile->rate_most, now_ms);
    path_window_init(&control->window, profile->connections_first, profile->connections_most,
                     profile->messages_per_connection);
}

/* ---------------------------------------------------------------- telling */

static uint64_t per_1000_s(double rate)
{
    return (uint64_t)lround(rate * 1000);
}

static struct path_decision *tell(struct path_decisions *decisions, enum path_decision_kind kind,
                                  const char *rule, uint64_t before, uint64_t after)
{
    static struct path_decision spare;
    struct path_decision *decision =
        decisions->count < PATH_DECISIONS_MAX ? &decisions->items[decisions->count++] : &spare;
    *decision = (struct path_decision){.kind = kind, .before = before, .after = after};
    (void)snprintf(decision->rule, sizeof decision->rule, "%s", rule);
    return decision;
}

static struct path_pause pause_of(uint32_t pause_s, uint32_t most_s)
{
    uint64_t memory_ms = 4000 * (uint64_t)pause_s;
    return (struct path_pause){1000 * (uint64_t)pause_s, 1000 * (uint64_t)most_s,
                               memory_ms > MEMORY_MS ? memory_ms : MEMORY_MS, false};
}

static void suspend(struct path_control *control, const struct path_pause *pause, const char *rule,
                    uint64_t now_ms, struct path_decisions *decisions)
{
    if (path_suspension_close(&control->suspension, pause, rule, now_ms)) {
        struct path_decision *told =
            tell(decisions, PATH_DECISION_SUSPENDED, rule, 0, control->suspension.length_ms / 1000);
        told->until_ms = control->suspension.until_ms;
    }
}

static void close_for(struct path_control *control, struct path_pause pause, enum path_scope scope,
                      const char *rule, uint64_t now_ms, struct path_decisions *decisions)
{
    size_t told = decisions->count;
    suspend(control, &pause, rule, now_ms, decisions);
    if (decisions->count > told) {
        decisions->items[told].scope = scope;
    }
}

static void tell_rate(struct path_control *control, enum path_rate_change change, double before,
                      const char *rule, uint64_t now_ms, struct path_decisions *decisions)
{
    static const uint8_t kinds[] = {
        [PATH_RATE_DOWN] = PATH_DECISION_SLOWER,
        [PATH_RATE_FOUND] = PATH_DECISION_LIMIT_FOUND,
        [PATH_RATE_UP] = PATH_DECISION_FASTER,
        [PATH_RATE_TRIES] = PATH_DECISION_TRIES,
    };
    if (change == PATH_RATE_BLOCKED) {
        suspend(control, &blocked, "blocked", now_ms, decisions);
    } else if (change != PATH_RATE_SAME) {
        (void)tell(decisions, kinds[change], rule, per_1000_s(before),
                   per_1000_s(control->rate.rate));
    }
}

/* More would stand idle: too many and too long sessions are held against us (J7). */
static uint32_t needed_connections(const struct path_control *control, uint64_t now_ms)
{
    uint32_t limit = path_window_limit(&control->window, now_ms);
    if (control->rate.phase == PATH_RATE_STARTING || control->service_s == 0) {
        return limit;
    }
    double needed = ceil(SPARE * control->rate.rate * control->service_s) + 1;
    return needed < limit ? (uint32_t)needed : limit;
}

/* ---------------------------------------------------------------- what a reply asks for */

/* Without a word of the profile: class and blame say which knob it is. */
static enum path_action usual_action(const struct path_reply *reply)
{
    bool is_elsewhere = reply->blame == REPLY_BLAME_RECIPIENT ||
                        reply->blame == REPLY_BLAME_CONTENT || reply->blame == REPLY_BLAME_TENANT ||
                        reply->blame == REPLY_BLAME_DOMAIN;
    if (is_elsewhere || reply->smtp < 400) {
        return PATH_ACTION_IGNORE;
    }
    if (reply->reply_class == REPLY_CLASS_RATE_LIMITED) {
        return reply->blame == REPLY_BLAME_CONNECTION ? PATH_ACTION_MESSAGES : PATH_ACTION_RATE;
    }
    bool is_temporary = reply->smtp < 500;
    return is_temporary && reply->reply_class == REPLY_CLASS_REPUTATION ? PATH_ACTION_RATE
                                                                        : PATH_ACTION_IGNORE;
}

/* Busy servers and texts that nobody knows: how much such a reply says about the rate. */
static double weight_of(const struct path_reply *reply)
{
    bool is_vague = reply->reply_class == REPLY_CLASS_REMOTE_SYSTEM ||
                    reply->reply_class == REPLY_CLASS_OTHER ||
                    reply->reply_class == REPLY_CLASS_POLICY;
    bool is_own = reply->blame == REPLY_BLAME_RECIPIENT || reply->blame == REPLY_BLAME_CONTENT;
    if (!is_vague || reply->smtp < 400 || reply->smtp >= 500) {
        return 0;
    }
    return is_own ? WEAK_OWN : 1;
}

/* They are about the rate when they come in numbers; from then on each of them is. */
static bool is_about_rate(struct path_control *control, const struct path_reply *reply,
                          uint64_t now_ms)
{
    double weight = weight_of(reply);
    bool is_known = weight > 0 && now_ms < control->weak_until_ms;
    control->weak += weight;
    if (is_known || control->weak >= WEAK_MAX) {
        control->weak = 0;
        control->weak_until_ms = now_ms + WEAK_MEMORY_MS;
    }
    return weight > 0 && now_ms < control->weak_until_ms;
}

static enum path_scope scope_of(const struct path_reply *reply)
{
    static const uint8_t scopes[REPLY_BLAME_LIMIT] = {
        [REPLY_BLAME_SITE] = PATH_SCOPE_SITE,
        [REPLY_BLAME_IP] = PATH_SCOPE_IP,
        [REPLY_BLAME_TENANT] = PATH_SCOPE_TENANT,
        [REPLY_BLAME_DOMAIN] = PATH_SCOPE_DOMAIN,
    };
    return scopes[reply->blame];
}

/* Has it been said often enough within the hour? */
static bool is_due(struct path_control *control, size_t place, uint64_t now_ms)
{
    if (control->hits_ms[place] == 0 || now_ms - control->hits_ms[place] > HIT_MS) {
        control->hits[place] = 0;
        control->hits_ms[place] = now_ms;
    }
    control->hits[place]++;
    return control->hits[place] >= control->profile->reactions[place].hits;
}

static void refuse_rate(struct path_control *control, const char *rule, uint64_t now_ms,
                        struct path_decisions *decisions)
{
    double before = control->rate.rate;
    enum path_rate_change change = path_rate_on_refused(&control->rate, now_ms);
    tell_rate(control, change, before, rule, now_ms, decisions);
    /* The one message that tried: closed again. */
    if (control->suspension.state == PATH_SUSPENSION_PROBING) {
        suspend(control, &blocked, rule, now_ms, decisions);
    }
}

static void refuse_connection(struct path_control *control, const struct path_event *event,
                              const char *rule, uint64_t now_ms, struct path_decisions *decisions)
{
    uint32_t before = path_window_limit(&control->window, now_ms);
    if (path_window_on_refused(&control->window, event->opened_ms, now_ms)) {
        uint32_t after = path_window_limit(&control->window, now_ms);
        if (after != before) {
            (void)tell(decisions, PATH_DECISION_CONNECTIONS, rule, before, after);
        }
        return;
    }
    suspend(control, &blocked, rule, now_ms, decisions);
}

static void end_connection(struct path_control *control, uint32_t messages, const char *rule,
                           uint64_t now_ms, struct path_decisions *decisions)
{
    uint32_t before = control->window.messages;
    bool is_told = rule != ended;
    if (path_window_on_ended(&control->window, messages, is_told, now_ms)) {
        (void)tell(decisions, PATH_DECISION_MESSAGES, rule, before, control->window.messages);
    }
}

/* Whatever it says: what had been held against the rate was the number of messages. */
static bool is_last_of_connection(struct path_control *control, const struct path_event *event,
                                  const char *rule, uint64_t now_ms,
                                  struct path_decisions *decisions)
{
    uint32_t before = control->window.messages;
    bool is_learnt = false;
    bool is_last = path_window_is_last(&control->window, event->messages, now_ms, &is_learnt);
    if (is_learnt) {
        path_rate_restart(&control->rate, now_ms);
        (void)tell(decisions, PATH_DECISION_MESSAGES, rule, before, control->window.messages);
    }
    return is_last;
}

static void act(struct path_control *control, const struct path_event *event,
                const struct path_reaction *reaction, uint64_t now_ms,
                struct path_decisions *decisions)
{
    const char *rule = reaction->rule;
    switch ((enum path_action)reaction->action) {
    case PATH_ACTION_IGNORE:
    case PATH_ACTION_LIMIT:
        path_rate_on_taken(&control->rate, now_ms);
        break;
    case PATH_ACTION_RATE:
        if (!is_last_of_connection(control, event, rule, now_ms, decisions)) {
            refuse_rate(control, rule, now_ms, decisions);
        }
        break;
    case PATH_ACTION_CONNECTIONS:
        refuse_connection(control, event, rule, now_ms, decisions);
        break;
    case PATH_ACTION_MESSAGES:
        end_connection(control, event->messages, rule, now_ms, decisions);
        break;
    case PATH_ACTION_SUSPEND:
        refuse_rate(control, rule, now_ms, decisions);
        close_for(control, pause_of(reaction->pause_s, reaction->pause_most_s),
                  scope_of(&event->reply), rule, now_ms, decisions);
        break;
    }
}

/* A reaction of the profile, else what class and blame say. */
static struct path_reaction choose(struct path_control *control, const struct path_reply *reply,
                                   uint64_t now_ms)
{
    size_t place = path_profile_reaction(control->profile, reply);
    if (place < control->profile->reaction_count && is_due(control, place, now_ms)) {
        return control->profile->reactions[place];
    }
    struct path_reaction usual = {.action = (uint8_t)usual_action(reply)};
    if (usual.action == PATH_ACTION_IGNORE && is_about_rate(control, reply, now_ms)) {
        usual.action = PATH_ACTION_RATE;
    }
    (void)snprintf(usual.rule, sizeof usual.rule, "%s", reply->rule != NULL ? reply->rule : "");
    return usual;
}

/* ---------------------------------------------------------------- events */

static void count(struct path_control *control, const struct path_reply *reply, uint64_t now_ms)
{
    path_sweep_add(&control->sweep, PATH_SWEEP_ATTEMPT, now_ms);
    if (reply->smtp < 400) {
        return;
    }
    bool is_final = reply->smtp >= 500;
    bool is_block = reply->reply_class == REPLY_CLASS_REPUTATION;
    bool is_own = reply->blame == REPLY_BLAME_RECIPIENT || scope_of(reply) >= PATH_SCOPE_TENANT;
    if (!is_final && !is_own) {
        path_sweep_add(&control->sweep, PATH_SWEEP_DEFERRED, now_ms);
    } else if (is_final && is_block) {
        path_sweep_add(&control->sweep, PATH_SWEEP_BLOCKED, now_ms);
    } else if (is_final) {
        path_sweep_add(&control->sweep, PATH_SWEEP_BOUNCED, now_ms);
    }
    if (is_final && reply->reply_class == REPLY_CLASS_BAD_MAILBOX) {
        path_sweep_add(&control->sweep, PATH_SWEEP_UNKNOWN_USER, now_ms);
    }
}

static void sweep(struct path_control *control, uint64_t now_ms, struct path_decisions *decisions)
{
    const struct path_sweep_rule *rule =
        path_sweep_look(&control->sweep, control->profile->unknown_permille, now_ms);
    if (rule == NULL) {
        return;
    }
    if (rule->part > 0) {
        double before = control->rate.rate;
        path_rate_cut(&control->rate, rule->part, now_ms);
        (void)tell(decisions, PATH_DECISION_SLOWER, rule->name, per_1000_s(before),
                   per_1000_s(control->rate.rate));
        return;
    }
    const struct path_pause pause = pause_of(rule->pause_s, rule->pause_most_s);
    suspend(control, &pause, rule->name, now_ms, decisions);
}

/* Taken, or refused for a reason of its own: the server looked at it. */
static void take(struct path_control *control, uint32_t messages, uint64_t now_ms,
                 struct path_decisions *decisions)
{
    double before = control->rate.rate;
    uint32_t limit = needed_connections(control, now_ms);
    control->resets = 0;
    control->weak = fmax(control->weak - WEAK_DECAY, 0);
    path_window_on_taken(&control->window, messages, now_ms);
    if (path_suspension_on_taken(&control->suspension, limit, now_ms)) {
        path_rate_on_resumed(&control->rate, control->suspension.lost_ms, now_ms);
        (void)tell(decisions, PATH_DECISION_RESUMED, control->suspension.rule, 0,
                   control->suspension.lost_ms / 1000);
    } else {
        tell_rate(control, path_rate_on_taken(&control->rate, now_ms), before, "not-refused",
                  now_ms, decisions);
    }
}

static void learn_service(struct path_control *control, uint64_t took_ms)
{
    double took_s = (double)took_ms / 1000;
    control->service_s = control->service_s == 0 ? took_s : 0.9 * control->service_s + 0.1 * took_s;
}

static void answer(struct path_control *control, const struct path_event *event, uint64_t now_ms,
                   struct path_decisions *decisions)
{
    const struct path_reply *reply = &event->reply;
    control->in_flight -= control->in_flight > 0;
    learn_service(control, event->took_ms);
    count(control, reply, now_ms);
    struct path_reaction reaction = choose(control, reply, now_ms);
    if (reaction.action == PATH_ACTION_IGNORE) {
        take(control, event->messages, now_ms, decisions);
        enum path_scope scope = scope_of(reply);
        if (reply->smtp >= 400 && scope >= PATH_SCOPE_TENANT) {
            tell(decisions, PATH_DECISION_ELSEWHERE, reaction.rule, 0, 0)->scope = scope;
        }
    } else {
        act(control, event, &reaction, now_ms, decisions);
    }
    sweep(control, now_ms, decisions);
}

/* Before a message: the number of connections, unless the profile knows better. */
static void refuse(struct path_control *control, const struct path_event *event, uint64_t now_ms,
                   struct path_decisions *decisions)
{
    size_t place = path_profile_reaction(control->profile, &event->reply);
    if (place < control->profile->reaction_count && is_due(control, place, now_ms)) {
        act(control, event, &control->profile->reactions[place], now_ms, decisions);
        return;
    }
    refuse_connection(control, event, event->reply.rule != NULL ? event->reply.rule : "refused",
                      now_ms, decisions);
}

static void reset(struct path_control *control, uint64_t now_ms, struct path_decisions *decisions)
{
    control->resets++;
    path_window_shrink(&control->window);
    refuse_rate(control, "reset", now_ms, decisions);
    if (control->resets >= RESETS_MAX) {
        control->resets = 0;
        suspend(control, &resets, "resets", now_ms, decisions);
    }
}

void path_control_feed(struct path_control *control, const struct path_event *event,
                       uint64_t now_ms, struct path_decisions *decisions)
{
    control->used_ms = now_ms;
    switch (event->kind) {
    case PATH_EVENT_OPENED:
        path_window_on_opened(&control->window);
        break;
    case PATH_EVENT_GREETED:
        path_window_on_greeted(&control->window);
        break;
    case PATH_EVENT_REFUSED:
        refuse(control, event, now_ms, decisions);
        break;
    case PATH_EVENT_FAILED:
        if (path_window_on_failed(&control->window)) {
            suspend(control, &dead, "dead", now_ms, decisions);
        }
        break;
    case PATH_EVENT_RESET:
        reset(control, now_ms, decisions);
        break;
    case PATH_EVENT_ENDED:
        end_connection(control, event->messages, ended, now_ms, decisions);
        break;
    case PATH_EVENT_CLOSED:
        path_window_on_closed(&control->window, event->was_greeted);
        break;
    case PATH_EVENT_STARTED:
        path_pacer_take(&control->pacer, control->rate.rate, now_ms);
        path_rate_on_started(&control->rate, now_ms);
        control->in_flight++;
        break;
    case PATH_EVENT_ANSWERED:
        answer(control, event, now_ms, decisions);
        break;
    case PATH_EVENT_GIVEN_UP:
        control->in_flight -= control->in_flight > 0;
        break;
    case PATH_EVENT_COMPLAINT:
        path_sweep_add(&control->sweep, PATH_SWEEP_COMPLAINT, now_ms);
        sweep(control, now_ms, decisions);
        break;
    }
}

void path_control_tick(struct path_control *control, uint64_t now_ms,
                       struct path_decisions *decisions)
{
    double before = control->rate.rate;
    if (path_suspension_tick(&control->suspension, now_ms)) {
        (void)tell(decisions, PATH_DECISION_PROBES, control->suspension.rule, 0,
                   control->suspension.length_ms / 1000);
    }
    if (control->suspension.state == PATH_SUSPENSION_OPEN) {
        tell_rate(control, path_rate_tick(&control->rate, now_ms), before, "not-refused", now_ms,
                  decisions);
    }
}

/* ---------------------------------------------------------------- questions */

uint32_t path_control_connections(const struct path_control *control, uint64_t now_ms)
{
    uint32_t needed = needed_connections(control, now_ms);
    uint32_t returning = path_suspension_connections(&control->suspension);
    return needed < returning ? needed : returning;
}

static struct path_answer closed(const struct path_control *control, uint64_t now_ms)
{
    uint64_t until_ms = control->suspension.until_ms;
    return (struct path_answer){.gate = GATE_SITE_SUSPENDED,
                                .wait_ms = until_ms > now_ms ? until_ms - now_ms : 0};
}

struct path_answer path_control_may_connect(const struct path_control *control, uint64_t now_ms)
{
    if (control->suspension.state == PATH_SUSPENSION_CLOSED) {
        return closed(control, now_ms);
    }
    /* A connection that would only stand and wait for its message's time is not opened yet. */
    uint64_t wait_ms = path_pacer_wait_ms(&control->pacer, control->rate.rate, now_ms);
    if (wait_ms > WAIT_MS) {
        return (struct path_answer){.gate = GATE_PATH_RATE, .wait_ms = wait_ms - WAIT_MS};
    }
    bool is_allowed = control->window.open < path_control_connections(control, now_ms);
    return (struct path_answer){.is_allowed = is_allowed,
                                .gate = is_allowed ? GATE_NONE : GATE_PATH_CONNECTIONS};
}

struct path_answer path_control_may_send(const struct path_control *control, uint64_t now_ms)
{
    if (control->suspension.state == PATH_SUSPENSION_CLOSED) {
        return closed(control, now_ms);
    }
    if (control->suspension.state == PATH_SUSPENSION_PROBING && control->in_flight > 0) {
        return (struct path_answer){.gate = GATE_PATH_RATE};
    }
    uint64_t wait_ms = path_pacer_wait_ms(&control->pacer, control->rate.rate, now_ms);
    return (struct path_answer){.is_allowed = wait_ms == 0,
                                .gate = wait_ms == 0 ? GATE_NONE : GATE_PATH_RATE,
                                .wait_ms = wait_ms};
}

/* ---------------------------------------------------------------- from outside */

void path_control_suspend(struct path_control *control, uint64_t pause_ms, enum path_scope scope,
                          const char *rule, uint64_t now_ms, struct path_decisions *decisions)
{
    const struct path_pause pause = {pause_ms, pause_ms, 0, false};
    close_for(control, pause, scope, rule, now_ms, decisions);
}

void path_control_slow(struct path_control *control, double part, uint64_t apart_ms,
                       const char *rule, uint64_t now_ms, struct path_decisions *decisions)
{
    if (control->slowed_ms > 0 && now_ms - control->slowed_ms < apart_ms) {
        return;
    }
    double before = control->rate.rate;
    control->slowed_ms = now_ms;
    path_rate_cut(&control->rate, part, now_ms);
    struct path_decision *told = tell(decisions, PATH_DECISION_SLOWER, rule, per_1000_s(before),
                                      per_1000_s(control->rate.rate));
    told->scope = PATH_SCOPE_IP;
}

void path_control_use_profile(struct path_control *control, const struct path_profile *profile)
{
    control->profile = profile;
    control->rate.most = profile->rate_most;
    control->rate.rate =
        profile->rate_most > 0 ? fmin(control->rate.rate, profile->rate_most) : control->rate.rate;
    control->window.most = profile->connections_most;
    if (!control->window.is_messages_learnt ||
        control->window.messages > profile->messages_per_connection) {
        control->window.messages = profile->messages_per_connection;
    }
}

const char *path_control_decision_name(enum path_decision_kind kind)
{
    static const char *const names[] = {
#define X(identifier, name, unit) [PATH_DECISION_##identifier] = (name),
        PATH_DECISION_KINDS(X)
#undef X
    };
    return names[kind];
}

const char *path_control_decision_unit(enum path_decision_kind kind)
{
    static const char *const units[] = {
#define X(identifier, name, unit) [PATH_DECISION_##identifier] = (unit),
        PATH_DECISION_KINDS(X)
#undef X
    };
    return units[kind];
}

const char *path_control_scope_name(enum path_scope scope)
{
    static const char *const names[] = {
        [PATH_SCOPE_PATH] = "path",     [PATH_SCOPE_SITE] = "site",     [PATH_SCOPE_IP] = "ip",
        [PATH_SCOPE_TENANT] = "tenant", [PATH_SCOPE_DOMAIN] = "domain",
    };
    return names[scope];
}
