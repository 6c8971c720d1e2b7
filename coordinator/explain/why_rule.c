#include "coordinator/explain/why_rule.h"

#include <string.h>

#define S_MS INT64_C(1000)
/* A driver looks each second, an offer is answered at once. */
#define TURN_MS 2000
/* Of a wait that was reckoned from a rate: rates change, others come first. */
#define FASTER_PERMILLE 600
#define SLOWER_PERMILLE 1700

bool why_rule_is_full(const struct why_limit *limit, uint32_t rows)
{
    bool fits = limit->used + rows <= limit->most && limit->lane_used + rows <= limit->lane_most;
    return !fits && limit->used > 0; /* more than it lets through at once: alone */
}

/* ---------------------------------------------------------------- a list, each gate once */

static struct why_gate *find(struct why_answer *answer, uint8_t gate)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->gates[i].gate == gate) {
            return &answer->gates[i];
        }
    }
    return NULL;
}

static struct why_gate *add(struct why_answer *answer, uint8_t gate, bool is_closed,
                            int64_t until_unix_ms)
{
    struct why_gate *known = find(answer, gate);
    if (gate == GATE_NONE || known != NULL) {
        return known;
    }
    known = &answer->gates[answer->count++];
    *known =
        (struct why_gate){.gate = gate, .is_closed = is_closed, .until_unix_ms = until_unix_ms};
    return known;
}

static void close_gate(struct why_answer *answer, uint8_t gate, int64_t until_unix_ms)
{
    (void)add(answer, gate, true, until_unix_ms);
}

/* ---------------------------------------------------------------- what is closed */

static bool is_due(const struct why_facts *facts)
{
    return (int64_t)facts->row.due * S_MS <= facts->now_unix_ms &&
           facts->due_unix_ms <= facts->now_unix_ms;
}

static void close_campaign(const struct why_facts *facts, struct why_answer *answer)
{
    close_gate(answer, facts->driver_gate, facts->driver_until_unix_ms);
    if (facts->scheduled_unix_ms > facts->now_unix_ms) {
        close_gate(answer, GATE_SCHEDULED_FOR, facts->scheduled_unix_ms);
    }
    if (facts->has_windows && !facts->window.is_open) {
        close_gate(answer, GATE_OUTSIDE_WINDOW, facts->window.change_unix_s * S_MS);
    }
    if (facts->is_behind_canary) {
        close_gate(answer, GATE_CANARY, facts->canary_until_unix_ms);
    }
    if (facts->is_stopped) {
        close_gate(answer, GATE_OPERATOR_STOP, facts->stop_until_unix_ms);
    }
    if (facts->lacks_key) {
        close_gate(answer, GATE_KEY_UNAVAILABLE, 0);
    }
    struct why_gate *stop = facts->is_stopped ? find(answer, GATE_OPERATOR_STOP) : NULL;
    if (stop != NULL) {
        stop->since_unix_ms = facts->stop_since_unix_ms;
    }
}

/* Its own time has not come: the gate in its row says why. */
static void close_row(const struct why_facts *facts, struct why_answer *answer)
{
    const struct row *row = &facts->row;
    bool is_asleep = row->due == ROWS_DUE_NEVER;
    int64_t due_unix_ms = (int64_t)row->due * S_MS;
    due_unix_ms = due_unix_ms > facts->due_unix_ms ? due_unix_ms : facts->due_unix_ms;
    if (row->gate == GATE_QUARANTINED) {
        close_gate(answer, GATE_QUARANTINED, is_asleep || is_due(facts) ? 0 : due_unix_ms);
    } else if (!is_due(facts)) {
        uint8_t usual = row->attempts > 0 ? GATE_RETRY_DUE : GATE_SCHEDULED_FOR;
        close_gate(answer, row->gate != GATE_NONE ? row->gate : usual, due_unix_ms);
    }
}

/* A path that takes nothing at all for a while. */
static bool is_closed(const struct why_path *path)
{
    return path->gate == GATE_SITE_SUSPENDED || path->gate == GATE_WARMUP_QUOTA;
}

/* Every path is closed: the one that opens first is what holds it. */
static void close_paths(const struct why_facts *facts, struct why_answer *answer)
{
    size_t first = 0;
    for (size_t i = 0; i < facts->path_count; i++) {
        if (!is_closed(&facts->paths[i])) {
            return;
        }
        first = facts->paths[i].until_unix_ms < facts->paths[first].until_unix_ms ? i : first;
    }
    if (facts->path_count > 0) {
        const struct why_path *path = &facts->paths[first];
        struct why_gate *gate = add(answer, path->gate, true, path->until_unix_ms);
        gate->path = first;
        gate->until_unix_ms = path->until_unix_ms; /* its row may know less */
    }
}

static uint8_t gate_of(const struct why_limit *limit)
{
    return limit->is_campaign ? GATE_CAMPAIGN_LIMIT : GATE_TENANT_LIMIT;
}

static void close_limits(const struct why_facts *facts, struct why_answer *answer)
{
    for (size_t i = 0; i < facts->limit_count; i++) {
        const struct why_limit *limit = &facts->limits[i];
        if (why_rule_is_full(limit, facts->batch_rows)) {
            struct why_gate *gate = add(answer, gate_of(limit), true, limit->frees_unix_ms);
            gate->limit = gate->until_unix_ms == limit->frees_unix_ms ? i : gate->limit;
        }
    }
}

/* Free and due: who could take it? The gate that it came back with is the last word there is. */
static void close_turn(const struct why_facts *facts, struct why_answer *answer)
{
    close_limits(facts, answer);
    if (facts->workers == 0 || facts->owned_ips == 0) {
        close_gate(answer, GATE_NO_SENDING_IP, 0);
    } else if (facts->room == 0) {
        close_gate(answer, GATE_WORKER_CREDIT, 0);
    } else if (facts->is_behind) {
        close_gate(answer, GATE_PATH_RATE, 0);
    }
    if (facts->row.gate != GATE_RETRY_DUE && facts->row.gate != GATE_OPERATOR_STOP &&
        facts->row.gate != GATE_SITE_SUSPENDED && facts->row.gate != GATE_PAUSED) {
        close_gate(answer, facts->row.gate, 0);
    }
}

static bool is_before(const struct why_gate *left, const struct why_gate *right, uint8_t first)
{
    if (left->gate == first || right->gate == first) {
        return left->gate == first;
    }
    if (left->gate == GATE_QUARANTINED || right->gate == GATE_QUARANTINED) {
        return left->gate == GATE_QUARANTINED;
    }
    return left->gate < right->gate;
}

static void sort(struct why_answer *answer, size_t from, uint8_t first)
{
    for (size_t i = from + 1; i < answer->count; i++) {
        struct why_gate moved = answer->gates[i];
        size_t place = i;
        while (place > from && is_before(&moved, &answer->gates[place - 1], first)) {
            answer->gates[place] = answer->gates[place - 1];
            place--;
        }
        answer->gates[place] = moved;
    }
}

/* ---------------------------------------------------------------- what comes afterwards */

static void pass_limits(const struct why_facts *facts, struct why_answer *answer)
{
    for (size_t i = 0; i < facts->limit_count; i++) {
        const struct why_limit *limit = &facts->limits[i];
        struct why_gate *known = find(answer, gate_of(limit));
        if (known == NULL) {
            known = add(answer, gate_of(limit), false, 0);
            known->limit = i;
            continue;
        }
        const struct why_limit *other = &facts->limits[known->limit];
        bool is_tighter = limit->used * other->most > other->used * limit->most;
        known->limit = !known->is_closed && is_tighter ? i : known->limit;
    }
}

/* The one with most of its quota left. */
static void pass_quota(const struct why_facts *facts, struct why_answer *answer)
{
    size_t best = facts->path_count;
    uint64_t most_left = 0;
    for (size_t i = 0; i < facts->path_count; i++) {
        const struct why_path *path = &facts->paths[i];
        uint64_t left =
            path->quota_most > path->quota_used ? path->quota_most - path->quota_used : 0;
        if (path->quota_most == 0) {
            return; /* a warm one takes it */
        }
        if (best == facts->path_count || left > most_left) {
            best = i;
            most_left = left;
        }
    }
    bool is_new = best < facts->path_count && find(answer, GATE_WARMUP_QUOTA) == NULL;
    if (is_new) {
        add(answer, GATE_WARMUP_QUOTA, false, 0)->path = best;
    }
}

static void pass_rate(const struct why_facts *facts, struct why_answer *answer)
{
    uint64_t rate = 0;
    for (size_t i = 0; i < facts->path_count; i++) {
        bool is_of_use = !is_closed(&facts->paths[i]) || facts->path_count == 1;
        rate += is_of_use ? facts->paths[i].rate_per_1000_s : 0;
    }
    struct why_gate *gate = rate > 0 ? add(answer, GATE_PATH_RATE, false, 0) : NULL;
    gate = gate == NULL ? find(answer, GATE_PATH_RATE) : gate;
    if (gate != NULL) {
        gate->rate_per_1000_s = rate;
        gate->ahead = facts->ahead;
        gate->adds_ms = rate > 0 ? facts->ahead * 1000000 / rate : 0;
    }
}

static void pass_window(const struct why_facts *facts, struct why_answer *answer)
{
    if (facts->has_windows && facts->window.is_open) {
        (void)add(answer, GATE_OUTSIDE_WINDOW, false, facts->window.change_unix_s * S_MS);
    }
}

/* ---------------------------------------------------------------- all of it */

void why_rule_explain(const struct why_facts *facts, struct why_answer *ret_answer)
{
    struct why_answer answer = {.count = 0};
    if (facts->is_draft || !rows_is_open(facts->row.state) || facts->place == WHY_ON_WIRE) {
        *ret_answer = answer;
        return;
    }
    close_campaign(facts, &answer);
    if (facts->place == WHY_HELD) {
        close_gate(&answer, facts->worker_gate, 0);
    } else if (facts->place == WHY_FREE) {
        close_row(facts, &answer);
    }
    close_paths(facts, &answer);
    if (facts->place == WHY_FREE && is_due(facts)) {
        close_turn(facts, &answer);
    }
    if (answer.count == 0) { /* its turn comes, or its worker says nothing */
        close_gate(&answer, GATE_WORKER_CREDIT, 0);
    }
    answer.closed = answer.count;
    sort(&answer, 0, facts->driver_gate);
    pass_limits(facts, &answer);
    pass_quota(facts, &answer);
    pass_rate(facts, &answer);
    sort(&answer, answer.closed, GATE_NONE);
    pass_window(facts, &answer);
    *ret_answer = answer;
}

/* ---------------------------------------------------------------- when */

/* Gates that open by themselves, soon, though nobody knows when. */
static bool opens_soon(uint8_t gate)
{
    return gate == GATE_TENANT_LIMIT || gate == GATE_CAMPAIGN_LIMIT || gate == GATE_PATH_RATE ||
           gate == GATE_PATH_CONNECTIONS || gate == GATE_WORKER_CREDIT ||
           gate == GATE_DNS_FAILURE || gate == GATE_STORE_UNAVAILABLE;
}

/* The first moment from then on at which one of the windows is open. */
static int64_t in_window(int64_t unix_ms, const struct send_window *windows, size_t count)
{
    struct send_window_state state = send_window_ask(windows, count, unix_ms / S_MS);
    return state.is_open ? unix_ms : state.change_unix_s * S_MS;
}

struct why_estimate why_rule_estimate(const struct why_facts *facts,
                                      const struct why_answer *answer,
                                      const struct send_window *windows, size_t window_count)
{
    int64_t base = facts->now_unix_ms;
    int64_t adds = TURN_MS;
    for (size_t i = 0; i < answer->count; i++) {
        const struct why_gate *gate = &answer->gates[i];
        adds += (int64_t)(gate->adds_ms < INT64_MAX / 4 ? gate->adds_ms : 0);
        if (!gate->is_closed) {
            continue;
        }
        if (gate->until_unix_ms == 0 && !opens_soon(gate->gate)) {
            return (struct why_estimate){0};
        }
        base = gate->until_unix_ms > base ? gate->until_unix_ms : base;
    }
    return (struct why_estimate){
        .at_unix_ms = in_window(base + adds, windows, window_count),
        .from_unix_ms = in_window(base + adds * FASTER_PERMILLE / 1000, windows, window_count),
        .to_unix_ms = in_window(base + adds * SLOWER_PERMILLE / 1000, windows, window_count)};
}
