#include "common/policy/path_rate.h"

#include <math.h>

/* Growing while cold, so often, when the rate was in use. A server's store of two seconds must be
 * empty before a rate of twice its limit is reached, or a second sees more than that: below
 * GENTLE_RATE it takes four seconds to double. Above it few servers care. */
#define GENTLE_RATE 128
#define GENTLE_STEP_MS 1000
#define GENTLE_GROWTH 1.19
#define START_STEP_MS 250
#define RESTART_STEP_MS 3000
#define STEP_MS 1000
/* A rate below its ceiling by this much draws no refusals, and wastes little. */
#define BELOW_CEILING 0.97
#define AFTER_REFUSAL 0.95
/* What a step above the ceiling showed by going unpunished: a bucket may have paid for some. */
#define NEARLY 0.9
#define ALMOST 0.98
#define GAINED 1.05
#define RAISED 1.15
/* An episode is measured when it has lasted so long and has so many answers. */
#define MEASURE_MS 1000
#define MEASURE_ANSWERS 8
#define MEASURE_TAKEN 4
#define MEASURE_MOST 16
#define MEASURE_MOST_MS 10000
/* Nothing at all is taken: so many refusals in a row, and in time. */
#define BLOCKED_REFUSALS 8
#define BLOCKED_MS 500
#define EPISODE_GAP_MS 2000
#define EPISODE_GAP_MOST_MS 60000
/* The price of a failed try. */
#define QUIET_LEAST_MS 60000
#define QUIET_GAINED_MS 10000
#define QUIET_MOST_MS (6 * UINT64_C(3600000))
#define QUIET_TAKEN_PER_REFUSAL 180
#define QUIET_TAKEN_PER_REFUSAL_SLOW 300
#define QUIET_PART 30
#define QUIET_PART_COLD 3
#define QUIET_PART_GAINED 12
/* A ceiling that few messages told is tried sooner. */
#define QUIET_BASIS 2
#define QUIET_BASIS_LEAST 10
#define AGREES 0.15
#define QUIET_BASIS_MS 5000
/* Tries: their first step, its growth, how long each step is held. */
#define TRY_FIRST 0.04
#define TRY_FIRST_COARSE 0.16
#define COARSE_RATE 1.0
#define TRY_MOST 0.5
#define TRY_MOST_DEAR 0.2
/* Held so long without a refusal, a rate is proven. */
#define STABLE_MS 300000
#define TRY_STEP_MS 20000
#define TRY_STEP_MOST_MS 120000
/* A pause that costs much; what a cycle between two of them needs to tell a rate. */
#define DEAR_MS 60000
#define SURE_S 10
#define SURE_TAKEN 20
#define METER_MS 1000
#define METER_MOST_MS 30000
#define METER_LEAST 5

static double clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

static double most_of(const struct path_rate *rate)
{
    return rate->most > 0 ? fmin(rate->most, PATH_RATE_MOST) : PATH_RATE_MOST;
}

static void set_rate(struct path_rate *rate, double value)
{
    rate->rate = clamp(value, fmin(PATH_RATE_LEAST, most_of(rate)), most_of(rate));
}

static struct path_rate_mark mark(const struct path_rate *rate, uint64_t now_ms)
{
    return (struct path_rate_mark){now_ms, rate->taken, rate->refused};
}

static double seconds(uint64_t from_ms, uint64_t to_ms)
{
    return to_ms > from_ms ? (double)(to_ms - from_ms) / 1000 : 0.001;
}

void path_rate_init(struct path_rate *rate, double first, double most, uint64_t now_ms)
{
    *rate = (struct path_rate){.most = most, .step = TRY_FIRST, .meter_ms = now_ms};
    set_rate(rate, first);
    rate->step_begin = rate->cycle = mark(rate, now_ms);
    rate->last_taken_ms = now_ms;
}

/* ---------------------------------------------------------------- how fast it really goes */

static void read_meter(struct path_rate *rate, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - rate->meter_ms;
    if (passed_ms >= METER_MOST_MS ||
        (passed_ms >= METER_MS && rate->meter_started >= METER_LEAST)) {
        rate->actual = rate->meter_started / seconds(rate->meter_ms, now_ms);
        rate->meter_ms = now_ms;
        rate->meter_started = 0;
    }
}

void path_rate_on_started(struct path_rate *rate, uint64_t now_ms)
{
    read_meter(rate, now_ms);
    rate->meter_started++;
}

static double actual(const struct path_rate *rate, uint64_t now_ms)
{
    double current = rate->meter_started / fmax(seconds(rate->meter_ms, now_ms), 1.0);
    if (rate->actual <= 0) {
        current = fmax(current, METER_LEAST); /* too few to tell */
    }
    return fmin(rate->rate, fmax(rate->actual, current));
}

/* Postfix's busy guard: what was not asked for has not been shown to be allowed. */
static bool was_busy(const struct path_rate *rate, uint64_t now_ms)
{
    double answers =
        (double)(rate->taken + rate->refused - rate->step_begin.taken - rate->step_begin.refused);
    return answers >= 0.7 * rate->rate * seconds(rate->step_begin.ms, now_ms) - 1;
}

/* ---------------------------------------------------------------- refusals */

/* Both ends empty: what was taken in between is what is allowed, or less. */
static double allowed_since(const struct path_rate *rate, const struct path_rate_mark *from,
                            uint64_t now_ms)
{
    return (double)(rate->taken - from->taken) / seconds(from->ms, now_ms);
}

/* What agrees with what was known before makes it surer. */
static void learn(struct path_rate *rate, double ceiling, uint64_t taken)
{
    bool agrees = fabs(ceiling - rate->ceiling) <= AGREES * rate->ceiling;
    rate->basis = agrees ? rate->basis + taken : taken;
    rate->ceiling = ceiling;
}

static bool is_dear(const struct path_rate *rate)
{
    return rate->lost_ms >= DEAR_MS / 6;
}

/* Where a refusal costs minutes a step is held so long that a bucket cannot pay for it. */
static uint64_t try_step_ms(const struct path_rate *rate)
{
    return (uint64_t)clamp((double)rate->lost_ms / 4, TRY_STEP_MS, TRY_STEP_MOST_MS);
}

/* A bucket that was full when the try began paid for some of it. */
static double known_by_steps(const struct path_rate *rate, uint64_t now_ms)
{
    double taken = (double)(rate->taken - rate->try_begin.taken);
    double passed_s = seconds(rate->try_begin.ms, now_ms);
    double tried = (taken - rate->shortest_taken) / fmax(passed_s - rate->shortest_s, 1);
    double known = passed_s > 2 * rate->shortest_s ? fmax(rate->ceiling, tried) : rate->ceiling;
    if (!is_dear(rate)) {
        return fmax(known, ALMOST * rate->clean);
    }
    if (rate->clean <= RAISED * rate->ceiling) {
        return known;
    }
    double paid = rate->shortest_taken * 1000 / (double)try_step_ms(rate);
    return fmax(known, fmax(NEARLY * rate->clean, rate->clean - paid));
}

/* What it could not hold before is not believed again. */
static double known_by_try(struct path_rate *rate, uint64_t now_ms)
{
    if (rate->clean > RAISED * rate->refuted) {
        rate->refuted = 0;
    }
    double most = rate->refuted > 0 ? AFTER_REFUSAL * rate->refuted : PATH_RATE_MOST;
    return fmin(known_by_steps(rate, now_ms), fmax(most, rate->ceiling));
}

/* Where the episode finds the rate, and where it puts it. */
static void fall(struct path_rate *rate, uint64_t now_ms)
{
    double entry = actual(rate, now_ms);
    double known = rate->anchor.ms > 0 ? allowed_since(rate, &rate->anchor, now_ms) : 0;
    double least = rate->phase == PATH_RATE_STARTING || rate->was_paused ? 0.5 : 0.7;
    if (rate->phase == PATH_RATE_TRYING) {
        known = known_by_try(rate, now_ms);
        rate->has_gained = known > GAINED * rate->ceiling;
        least = 0.5;
    }
    rate->entry = entry;
    rate->basis = known > 0 ? rate->taken - rate->anchor.taken : 0;
    set_rate(rate, clamp(AFTER_REFUSAL * known, least * entry, AFTER_REFUSAL * entry));
    rate->ceiling =
        rate->phase == PATH_RATE_STARTING ? entry : fmin(entry, rate->rate / AFTER_REFUSAL);
}

/* The few messages of a slow path would not show a small step. */
static double first_step(const struct path_rate *rate)
{
    return rate->rate < COARSE_RATE ? TRY_FIRST_COARSE : TRY_FIRST;
}

static enum path_rate_change open_episode(struct path_rate *rate, uint64_t now_ms)
{
    fall(rate, now_ms);
    rate->was_trying = rate->phase == PATH_RATE_TRYING;
    rate->was_paused = false;
    rate->phase = PATH_RATE_FALLING;
    rate->step = first_step(rate);
    rate->episode = rate->anchor = rate->measured = mark(rate, now_ms);
    return PATH_RATE_DOWN;
}

static bool is_blocked(const struct path_rate *rate, uint64_t now_ms)
{
    double span_ms = fmax(BLOCKED_MS, 1000 * BLOCKED_REFUSALS / rate->rate);
    return rate->run >= BLOCKED_REFUSALS && (double)(now_ms - rate->last_taken_ms) >= span_ms;
}

/* It is still refused: the rate becomes what is taken meanwhile. */
static enum path_rate_change measure(struct path_rate *rate, uint64_t now_ms)
{
    uint64_t answers = rate->taken - rate->measured.taken + rate->refused - rate->measured.refused;
    if (is_blocked(rate, now_ms)) {
        return PATH_RATE_BLOCKED;
    }
    bool is_few = rate->taken - rate->measured.taken < MEASURE_TAKEN && answers < MEASURE_MOST;
    if (now_ms - rate->measured.ms < MEASURE_MS || answers < MEASURE_ANSWERS || is_few) {
        return PATH_RATE_SAME;
    }
    rate->measured = mark(rate, now_ms);
    if (rate->taken - rate->episode.taken < 2) {
        set_rate(rate, rate->rate / 2); /* too few to tell a limit */
        return PATH_RATE_DOWN;
    }
    /* A refusal leaves half a message's worth, in the mean. */
    double half = 0.5 / seconds(rate->episode.ms, now_ms);
    double allowed = allowed_since(rate, &rate->episode, now_ms) + half;
    learn(rate, fmin(allowed, rate->entry), rate->taken - rate->episode.taken);
    set_rate(rate, clamp(0.92 * allowed, 0.25 * rate->rate, rate->rate));
    if (now_ms - rate->episode.ms >= MEASURE_MOST_MS) {
        rate->episode = rate->anchor = rate->measured;
    }
    return PATH_RATE_FOUND;
}

enum path_rate_change path_rate_on_refused(struct path_rate *rate, uint64_t now_ms)
{
    rate->run++;
    enum path_rate_change change =
        rate->phase == PATH_RATE_FALLING ? measure(rate, now_ms) : open_episode(rate, now_ms);
    rate->refused++;
    rate->last_refusal_ms = now_ms;
    return change;
}

/* ---------------------------------------------------------------- rising */

static void begin_step(struct path_rate *rate, uint64_t now_ms)
{
    rate->step_begin = mark(rate, now_ms);
}

static void put_off(struct path_rate *rate, uint64_t refusals, uint64_t quiet_ms, uint64_t now_ms)
{
    double most_ms = rate->was_trying && rate->has_gained ? QUIET_GAINED_MS : QUIET_LEAST_MS;
    double least_ms = clamp(1000.0 * (double)rate->basis, QUIET_BASIS_MS, most_ms);
    quiet_ms = quiet_ms < (uint64_t)least_ms ? (uint64_t)least_ms : quiet_ms;
    quiet_ms = quiet_ms > QUIET_MOST_MS ? QUIET_MOST_MS : quiet_ms;
    uint64_t until_ms = now_ms + quiet_ms;
    rate->quiet_until_ms = until_ms > rate->quiet_until_ms ? until_ms : rate->quiet_until_ms;
    uint64_t each =
        rate->ceiling < COARSE_RATE ? QUIET_TAKEN_PER_REFUSAL_SLOW : QUIET_TAKEN_PER_REFUSAL;
    uint64_t quiet_taken = refusals * each;
    uint64_t sure = QUIET_BASIS * rate->basis + QUIET_BASIS_LEAST;
    bool is_soon = sure < quiet_taken && !rate->was_trying;
    rate->quiet_taken = rate->taken + (is_soon ? sure : quiet_taken);
}

static void end_episode(struct path_rate *rate, uint64_t now_ms)
{
    uint64_t refusals = rate->refused - rate->episode.refused;
    rate->phase = PATH_RATE_RISING;
    rate->lost_ms /= 4;
    put_off(rate, rate->was_trying || refusals < 2 ? refusals : 2, 0, now_ms);
    begin_step(rate, now_ms);
}

static uint64_t episode_gap_ms(const struct path_rate *rate)
{
    return (uint64_t)clamp(10000 / rate->rate, EPISODE_GAP_MS, EPISODE_GAP_MOST_MS);
}

static uint64_t step_ms(const struct path_rate *rate, uint64_t least_ms, double messages)
{
    double needed_ms = 1000 * messages / rate->rate;
    return needed_ms > (double)least_ms ? (uint64_t)needed_ms : least_ms;
}

static enum path_rate_change start_on(struct path_rate *rate, uint64_t now_ms)
{
    bool is_gentle = rate->refused == 0 && rate->rate < GENTLE_RATE;
    uint64_t least_ms = rate->refused > 0 ? RESTART_STEP_MS
                        : is_gentle       ? GENTLE_STEP_MS
                                          : START_STEP_MS;
    if (now_ms - rate->step_begin.ms < step_ms(rate, least_ms, 4)) {
        return PATH_RATE_SAME;
    }
    bool grows = was_busy(rate, now_ms) && rate->rate < most_of(rate);
    if (grows) {
        set_rate(rate, (is_gentle ? GENTLE_GROWTH : 2) * rate->rate);
    }
    begin_step(rate, now_ms);
    return grows ? PATH_RATE_UP : PATH_RATE_SAME;
}

/* Fast far below the ceiling, slow near it. */
static enum path_rate_change rise(struct path_rate *rate, uint64_t now_ms)
{
    double target = BELOW_CEILING * rate->ceiling;
    if (now_ms - rate->step_begin.ms < step_ms(rate, STEP_MS, 2)) {
        return PATH_RATE_SAME;
    }
    if (was_busy(rate, now_ms) && rate->rate < target) {
        set_rate(rate, rate->rate + 0.15 * (target - rate->rate));
    }
    begin_step(rate, now_ms);
    if (rate->rate >= 0.99 * target || rate->rate >= most_of(rate)) {
        set_rate(rate, target);
        rate->phase = PATH_RATE_HOLDING;
    }
    return PATH_RATE_SAME;
}

static enum path_rate_change hold(struct path_rate *rate, uint64_t now_ms)
{
    if (now_ms - rate->step_begin.ms < step_ms(rate, TRY_STEP_MS, 10)) {
        return PATH_RATE_SAME;
    }
    bool is_long =
        now_ms - rate->cycle.ms >= STABLE_MS && now_ms - rate->last_refusal_ms >= STABLE_MS;
    if (was_busy(rate, now_ms) && is_long) {
        rate->stable = fmax(rate->stable, rate->ceiling);
    }
    bool tries = was_busy(rate, now_ms) && now_ms >= rate->quiet_until_ms &&
                 rate->taken >= rate->quiet_taken && rate->rate < most_of(rate);
    begin_step(rate, now_ms);
    if (!tries) {
        return PATH_RATE_SAME;
    }
    rate->phase = PATH_RATE_TRYING;
    rate->try_begin = mark(rate, now_ms);
    rate->clean = 0;
    set_rate(rate, rate->ceiling * (1 + rate->step));
    return PATH_RATE_TRIES;
}

static bool is_sure(const struct path_rate *rate)
{
    return rate->cycle_s >= SURE_S && rate->cycle_taken >= SURE_TAKEN;
}

/* Nothing refused at this rate: it is the new ceiling; the next step is twice as large. */
static enum path_rate_change try_on(struct path_rate *rate, uint64_t now_ms)
{
    if (now_ms - rate->step_begin.ms < step_ms(rate, try_step_ms(rate), 10)) {
        return PATH_RATE_SAME;
    }
    if (!was_busy(rate, now_ms) || rate->rate >= most_of(rate)) {
        begin_step(rate, now_ms);
        return PATH_RATE_SAME;
    }
    rate->clean = rate->rate;
    rate->step = fmin(2 * rate->step, is_dear(rate) ? TRY_MOST_DEAR : TRY_MOST);
    set_rate(rate, rate->rate * (1 + rate->step));
    begin_step(rate, now_ms);
    return PATH_RATE_UP;
}

enum path_rate_change path_rate_on_taken(struct path_rate *rate, uint64_t now_ms)
{
    rate->taken++;
    rate->last_taken_ms = now_ms;
    rate->run = 0;
    return path_rate_tick(rate, now_ms);
}

enum path_rate_change path_rate_tick(struct path_rate *rate, uint64_t now_ms)
{
    read_meter(rate, now_ms);
    switch (rate->phase) {
    case PATH_RATE_STARTING:
        return start_on(rate, now_ms);
    case PATH_RATE_FALLING:
        if (now_ms - rate->last_refusal_ms >= episode_gap_ms(rate)) {
            end_episode(rate, now_ms);
        }
        return PATH_RATE_SAME;
    case PATH_RATE_RISING:
        return rise(rate, now_ms);
    case PATH_RATE_HOLDING:
        return hold(rate, now_ms);
    case PATH_RATE_TRYING:
        return try_on(rate, now_ms);
    }
    return PATH_RATE_SAME;
}

/* ---------------------------------------------------------------- after a pause */

/* A bucket that is full when a cycle begins lets `full + allowed * time` through: two cycles tell
 * both. A window of time lets the same number through in each whole cycle. Both are lower bounds
 * where the other is true. */
static double allowed_by_cycles(const struct path_rate *rate, uint64_t now_ms)
{
    double whole = allowed_since(rate, &rate->cycle, now_ms);
    if (rate->cycle_s < 2 * rate->shortest_s) {
        return whole;
    }
    double beyond = (rate->cycle_taken - rate->shortest_taken);
    return fmax(whole, beyond / (rate->cycle_s - rate->shortest_s));
}

/* What a pause cost decides how far below it is begun anew when little is known. */
static double least_part(const struct path_rate *rate)
{
    if (is_sure(rate)) {
        return 0.7;
    }
    return !is_dear(rate) ? 0.5 : rate->lost_ms < DEAR_MS ? 0.25 : 0.1;
}

static void end_cycle(struct path_rate *rate)
{
    rate->cycle_s = seconds(rate->cycle.ms, rate->episode.ms);
    rate->cycle_taken = (double)(rate->episode.taken - rate->cycle.taken);
    if (rate->shortest_s == 0 || rate->cycle_s < rate->shortest_s) {
        rate->shortest_s = rate->cycle_s;
        rate->shortest_taken = rate->cycle_taken;
    }
}

/* Refused where the rate stood, and nothing was taken for a while. */
static void learn_by_pause(struct path_rate *rate, uint64_t now_ms)
{
    double allowed = allowed_by_cycles(rate, now_ms);
    rate->refuted = rate->entry;
    if (rate->stable > AFTER_REFUSAL * rate->entry) {
        rate->stable = 0;
    }
    allowed = clamp(allowed, least_part(rate) * rate->entry, AFTER_REFUSAL * rate->entry);
    rate->ceiling = fmax(allowed, rate->stable);
    rate->step = is_sure(rate) ? rate->step : TRY_FIRST_COARSE;
    rate->quiet_until_ms = rate->quiet_taken = 0; /* that was about another ceiling */
    put_off(rate, 1, is_sure(rate) ? QUIET_PART_COLD * rate->lost_ms : 0, now_ms);
}

/* What is known better now is tried again sooner. */
static void learn_by_try(struct path_rate *rate, uint64_t now_ms)
{
    uint64_t part = rate->has_gained ? QUIET_PART_GAINED : QUIET_PART;
    put_off(rate, rate->refused - rate->episode.refused, part * rate->lost_ms, now_ms);
}

void path_rate_on_resumed(struct path_rate *rate, uint64_t paused_ms, uint64_t now_ms)
{
    rate->lost_ms = paused_ms;
    rate->step = first_step(rate);
    if (rate->phase != PATH_RATE_FALLING) {
        rate->ceiling = AFTER_REFUSAL * (rate->ceiling > 0 ? rate->ceiling : rate->rate);
        put_off(rate, 1, QUIET_PART_COLD * paused_ms, now_ms);
    } else {
        end_cycle(rate);
        if (rate->was_trying) {
            learn_by_try(rate, now_ms);
        } else {
            learn_by_pause(rate, now_ms);
        }
    }
    rate->cycle = mark(rate, now_ms);
    set_rate(rate, 0.5 * rate->ceiling);
    rate->phase = PATH_RATE_RISING;
    rate->was_paused = true;
    rate->anchor = mark(rate, now_ms);
    begin_step(rate, now_ms);
}

void path_rate_restart(struct path_rate *rate, uint64_t now_ms)
{
    rate->phase = PATH_RATE_STARTING;
    rate->ceiling = 0;
    rate->basis = 0;
    rate->quiet_until_ms = rate->quiet_taken = 0;
    begin_step(rate, now_ms);
}

void path_rate_continue(struct path_rate *rate, double from, uint64_t now_ms)
{
    set_rate(rate, fmin(from, BELOW_CEILING * rate->ceiling));
    rate->phase = PATH_RATE_RISING;
    put_off(rate, 1, 0, now_ms);
    begin_step(rate, now_ms);
}

void path_rate_cut(struct path_rate *rate, double part, uint64_t now_ms)
{
    double from = rate->actual > 0 ? actual(rate, now_ms) : rate->rate;
    rate->ceiling = part * from;
    set_rate(rate, BELOW_CEILING * rate->ceiling);
    rate->phase = PATH_RATE_HOLDING;
    rate->step = TRY_FIRST;
    put_off(rate, 1, 0, now_ms);
    begin_step(rate, now_ms);
}
