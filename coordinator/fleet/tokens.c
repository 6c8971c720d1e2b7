#include "coordinator/fleet/tokens.h"

#include "common/base/table.h"
#include "common/net/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* What ended is told so soon, unless somebody asks before. */
#define TICK_MS 100
/* Redis forgets a session after 90 s: while something is on its way it is told of. */
#define ALIVE_MS 20000
/* A claim nothing was heard of for so long has ended: its worker is gone. */
#define LOST_MS 120000
/* Full, and all of it is on its way. */
#define FULL_MS 200
#define FAILED_MS 1000
/* A limit that nobody uses leaves the memory. */
#define UNUSED_MS 600000
#define NAME_BYTES TOKENS_NAME_BYTES
#define KEY_BYTES (2 * NAME_BYTES + 16 + 2)

struct bucket {
    char name[NAME_BYTES]; /* "from:shop.test"; the pool's name; "" for a campaign */
    char tenant[NAME_BYTES];
    unsigned char campaign[16];
    bool is_campaign;
    enum gate gate;
    uint64_t messages;
    uint64_t window_ms;
    uint64_t on_way[STORE_TOKENS_LANES];
    uint64_t ended[STORE_TOKENS_LANES]; /* not told yet */
    uint64_t telling[STORE_TOKENS_LANES];
    uint64_t told_ms;
    uint64_t used_ms;
    uint64_t full_until_ms;
    bool is_dirty;
    struct ask *asks;
    struct ask *called; /* one of them, with the store; NULL while is_calling: only told */
    bool is_calling;
    struct tokens *tokens; /* borrowed */
};

/* A charge; once all its limits have it, `ask` is NULL. */
struct charge {
    struct tokens_batch batch;
    uint32_t rows;
    uint32_t sent;
    enum store_tokens_lane lane;
    struct bucket *buckets[LIMIT_RULES_FOUND_MAX];
    size_t count;
    uint64_t heard_ms;
};

struct ask {
    struct charge *charge; /* owned until it is granted by all */
    size_t place;          /* which of its buckets is asked */
    tokens_fn *on_answer;
    void *context;
    struct ask *prev;
    struct ask *next;
};

struct tokens {
    struct tokens_settings settings;
    struct limit_rule *rules;
    size_t rule_count;
    struct table *buckets; /* by tenant, kind and name */
    struct table *charges; /* by batch */
    struct loop_timer *timer;
    unsigned int ticks;
};

static void pump(struct bucket *bucket);

/* ---------------------------------------------------------------- limits */

static void forget_rules(struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->rule_count; i++) {
        union {
            const char *borrowed;
            char *owned;
        } name = {.borrowed = tokens->rules[i].name};
        free(name.owned);
    }
    free(tokens->rules);
}

void tokens_set_rules(struct tokens *tokens, const struct limit_rule *rules, size_t count)
{
    forget_rules(tokens);
    tokens->rules = xalloc_zero(count, sizeof *tokens->rules);
    tokens->rule_count = count;
    for (size_t i = 0; i < count; i++) {
        tokens->rules[i] = rules[i];
        tokens->rules[i].name = xalloc_string(rules[i].name);
    }
}

size_t tokens_find(const struct tokens *tokens, const struct limit_subject *subject,
                   struct limit_found ret_found[LIMIT_RULES_FOUND_MAX])
{
    return limit_rules_find(tokens->rules, tokens->rule_count, subject, ret_found);
}

void tokens_print_name(const struct limit_found *found, char *out, size_t size)
{
    static const char *const prefixes[] = {[LIMIT_TENANT] = "tenant",
                                           [LIMIT_POOL] = "",
                                           [LIMIT_FROM_DOMAIN] = "from:",
                                           [LIMIT_DKIM_DOMAIN] = "dkim:",
                                           [LIMIT_CAMPAIGN] = ""};
    struct text name = found->kind == LIMIT_TENANT ? (struct text){NULL, 0} : found->name;
    (void)snprintf(out, size, "%s%.*s", prefixes[found->kind], TEXT_PRINT(name));
}

static void name_bucket(struct bucket *bucket, const struct limit_found *found,
                        const struct tokens_charge *charge)
{
    struct text tenant = found->kind == LIMIT_POOL || found->kind == LIMIT_CAMPAIGN
                             ? (struct text){NULL, 0}
                             : charge->subject.tenant;
    tokens_print_name(found, bucket->name, sizeof bucket->name);
    (void)snprintf(bucket->tenant, sizeof bucket->tenant, "%.*s", TEXT_PRINT(tenant));
    bucket->is_campaign = found->kind == LIMIT_CAMPAIGN;
    bucket->gate = bucket->is_campaign ? GATE_CAMPAIGN_LIMIT : GATE_TENANT_LIMIT;
    memcpy(bucket->campaign, charge->batch.campaign, sizeof bucket->campaign);
}

static struct text key_of(const struct bucket *bucket, char out[KEY_BYTES])
{
    int size = snprintf(out, KEY_BYTES, "%s|%s|", bucket->tenant, bucket->name);
    if (bucket->is_campaign) {
        memcpy(out + size, bucket->campaign, sizeof bucket->campaign);
        size += (int)sizeof bucket->campaign;
    }
    return (struct text){out, (size_t)size};
}

static struct bucket *obtain(struct tokens *tokens, const struct limit_found *found,
                             const struct tokens_charge *charge)
{
    struct bucket named = {.name = ""};
    char key[KEY_BYTES];
    name_bucket(&named, found, charge);
    struct text text = key_of(&named, key);
    struct bucket *bucket = table_get(tokens->buckets, text);
    if (bucket == NULL) {
        bucket = xalloc_zero(1, sizeof *bucket);
        *bucket = named;
        bucket->tokens = tokens;
        (void)table_put(tokens->buckets, text, bucket);
    }
    bucket->used_ms = loop_now_ms(tokens->settings.loop);
    bucket->messages = found->messages;
    bucket->window_ms = found->per_ms;
    return bucket;
}

/* ---------------------------------------------------------------- charges */

static struct text batch_key(const struct tokens_batch *batch)
{
    return (struct text){(const char *)batch, sizeof *batch};
}

/* The first `count` limits get back what they gave; `sent` of it has ended, the rest never was. */
static void give_back(struct charge *charge, size_t count, uint32_t sent)
{
    for (size_t i = 0; i < count; i++) {
        struct bucket *bucket = charge->buckets[i];
        bucket->on_way[charge->lane] -= charge->rows;
        bucket->ended[charge->lane] += sent;
        bucket->is_dirty = true;
        bucket->full_until_ms = sent == charge->rows ? bucket->full_until_ms : 0;
    }
}

static void settle(struct tokens *tokens, struct charge *charge, uint32_t sent)
{
    (void)table_remove(tokens->charges, batch_key(&charge->batch));
    give_back(charge, charge->count, sent < charge->rows ? sent : charge->rows);
    free(charge);
}

static struct charge *find(struct tokens *tokens, const struct tokens_batch *batch)
{
    return table_get(tokens->charges, batch_key(batch));
}

void tokens_refund(struct tokens *tokens, const struct tokens_batch *batch)
{
    struct charge *charge = find(tokens, batch);
    if (charge != NULL) {
        settle(tokens, charge, 0);
    }
}

void tokens_progress(struct tokens *tokens, const struct tokens_batch *batch, uint32_t messages,
                     bool is_finished)
{
    struct charge *charge = find(tokens, batch);
    if (charge == NULL) {
        return;
    }
    charge->sent += messages < charge->rows ? messages : charge->rows;
    charge->heard_ms = loop_now_ms(tokens->settings.loop);
    if (is_finished) {
        settle(tokens, charge, charge->sent);
    }
}

/* ---------------------------------------------------------------- asking */

static void finish_ask(struct tokens *tokens, struct ask *ask, enum gate gate, uint64_t wait_ms)
{
    tokens_fn *on_answer = ask->on_answer;
    void *context = ask->context;
    if (gate == GATE_NONE) {
        ask->charge->heard_ms = loop_now_ms(tokens->settings.loop);
        (void)table_put(tokens->charges, batch_key(&ask->charge->batch), ask->charge);
    } else {
        give_back(ask->charge, ask->place, 0);
        free(ask->charge);
    }
    free(ask);
    on_answer(context, gate, wait_ms);
}

static void drop_ask(struct bucket *bucket, struct ask *ask)
{
    DL_DELETE(bucket->asks, ask);
}

/* To its next limit, or through. */
static void move_on(struct tokens *tokens, struct ask *ask)
{
    if (ask->place == ask->charge->count) {
        finish_ask(tokens, ask, GATE_NONE, 0);
        return;
    }
    struct bucket *bucket = ask->charge->buckets[ask->place];
    DL_APPEND(bucket->asks, ask);
    pump(bucket);
}

static void on_answer(void *context, int error, bool is_full, uint64_t wait_ms)
{
    struct bucket *bucket = context;
    struct tokens *tokens = bucket->tokens;
    struct ask *ask = bucket->called; /* others may have come meanwhile */
    uint64_t now_ms = loop_now_ms(tokens->settings.loop);
    bucket->is_calling = false;
    bucket->called = NULL;
    for (int lane = 0; lane < STORE_TOKENS_LANES; lane++) {
        bucket->ended[lane] += error != 0 ? bucket->telling[lane] : 0;
        bucket->telling[lane] = 0;
    }
    bucket->is_dirty = bucket->is_dirty || error != 0;
    if (ask == NULL) {
        pump(bucket);
        return;
    }
    drop_ask(bucket, ask);
    if (error != 0) {
        finish_ask(tokens, ask, GATE_STORE_UNAVAILABLE, FAILED_MS);
    } else if (is_full) {
        wait_ms = wait_ms == 0 ? FULL_MS : wait_ms;
        bucket->full_until_ms = now_ms + wait_ms;
        finish_ask(tokens, ask, bucket->gate, wait_ms);
    } else {
        bucket->on_way[ask->charge->lane] += ask->charge->rows;
        ask->place++;
        move_on(tokens, ask);
    }
    pump(bucket);
}

static void call(struct bucket *bucket, struct ask *ask)
{
    struct tokens *tokens = bucket->tokens;
    uint64_t share = limit_rules_of_lane(bucket->messages, tokens->settings.share_permille);
    struct store_tokens told = {
        .name = {.tenant = text_of(bucket->tenant),
                 .name = text_of(bucket->name),
                 .campaign = bucket->is_campaign ? bucket->campaign : NULL},
        .lane = ask == NULL ? STORE_TOKENS_BULK : ask->charge->lane,
        .asked = ask == NULL ? 0 : ask->charge->rows,
        .window_ms = bucket->window_ms,
        .most = bucket->messages,
        .most_of_lane = bucket->is_campaign ? bucket->messages : share,
    };
    for (int lane = 0; lane < STORE_TOKENS_LANES; lane++) {
        told.on_way[lane] = bucket->on_way[lane];
        told.ended[lane] = bucket->telling[lane] = bucket->ended[lane];
        bucket->ended[lane] = 0;
    }
    bucket->is_calling = true;
    bucket->called = ask;
    bucket->is_dirty = false;
    bucket->told_ms = loop_now_ms(tokens->settings.loop);
    store_tokens_ask(tokens->settings.store, &told, on_answer, bucket);
}

/* One call of a limit at a time: what a session says it has on its way is then always true. */
static void pump(struct bucket *bucket)
{
    struct tokens *tokens = bucket->tokens;
    while (!bucket->is_calling && bucket->asks != NULL) {
        struct ask *ask = bucket->asks;
        uint64_t now_ms = loop_now_ms(tokens->settings.loop);
        if (now_ms < bucket->full_until_ms) {
            drop_ask(bucket, ask);
            finish_ask(tokens, ask, bucket->gate, bucket->full_until_ms - now_ms);
            continue;
        }
        call(bucket, ask);
    }
}

void tokens_charge(struct tokens *tokens, const struct tokens_charge *given, tokens_fn *answer,
                   void *context)
{
    struct limit_found found[LIMIT_RULES_FOUND_MAX];
    size_t count = tokens_find(tokens, &given->subject, found);
    struct charge *before = find(tokens, &given->batch);
    if (before != NULL) {
        settle(tokens, before, before->rows); /* offered again: nobody knows of the first time */
    }
    if (count == 0) {
        answer(context, GATE_NONE, 0);
        return;
    }
    struct charge *charge = xalloc_zero(1, sizeof *charge);
    charge->batch = given->batch;
    charge->rows = given->rows;
    charge->lane = given->lane;
    charge->count = count;
    for (size_t i = 0; i < count; i++) {
        charge->buckets[i] = obtain(tokens, &found[i], given);
    }
    struct ask *ask = xalloc_zero(1, sizeof *ask);
    *ask = (struct ask){.charge = charge, .on_answer = answer, .context = context};
    move_on(tokens, ask);
}

/* ---------------------------------------------------------------- time */

static void settle_lost(struct tokens *tokens, uint64_t now_ms)
{
    struct table_walk walk;
    struct charge *charge = table_first(tokens->charges, &walk);
    for (; charge != NULL; charge = table_next(&walk)) {
        if (now_ms - charge->heard_ms >= LOST_MS) {
            settle(tokens, charge, charge->rows);
        }
    }
}

static bool has_something(const struct bucket *bucket)
{
    return bucket->on_way[0] + bucket->on_way[1] + bucket->ended[0] + bucket->ended[1] > 0;
}

static void tend(struct bucket *bucket, uint64_t now_ms)
{
    bool is_silent = has_something(bucket) && now_ms - bucket->told_ms >= ALIVE_MS;
    if (!bucket->is_calling && bucket->asks == NULL && (bucket->is_dirty || is_silent) &&
        store_is_ready(bucket->tokens->settings.store)) {
        call(bucket, NULL);
    }
}

static bool is_in_use(const struct bucket *bucket)
{
    return bucket->is_calling || bucket->is_dirty || bucket->asks != NULL || has_something(bucket);
}

static void forget_unused(struct tokens *tokens, uint64_t now_ms)
{
    struct table *kept = table_create();
    struct table_walk walk;
    struct bucket *bucket = table_first(tokens->buckets, &walk);
    for (; bucket != NULL; bucket = table_next(&walk)) {
        char key[KEY_BYTES];
        if (now_ms - bucket->used_ms >= UNUSED_MS && !is_in_use(bucket)) {
            free(bucket);
        } else {
            (void)table_put(kept, key_of(bucket, key), bucket);
        }
    }
    table_destroy(&tokens->buckets);
    tokens->buckets = kept;
}

static void on_tick(void *context)
{
    struct tokens *tokens = context;
    uint64_t now_ms = loop_now_ms(tokens->settings.loop);
    struct table_walk walk;
    struct bucket *bucket = table_first(tokens->buckets, &walk);
    for (; bucket != NULL; bucket = table_next(&walk)) {
        tend(bucket, now_ms);
    }
    tokens->ticks++;
    if (tokens->ticks % (1000 / TICK_MS) == 0) {
        settle_lost(tokens, now_ms);
    }
    if (tokens->ticks % (60000 / TICK_MS) == 0) {
        forget_unused(tokens, now_ms);
    }
}

struct tokens *tokens_create(const struct tokens_settings *settings)
{
    struct tokens *tokens = xalloc_zero(1, sizeof *tokens);
    tokens->settings = *settings;
    tokens->buckets = table_create();
    tokens->charges = table_create();
    tokens->timer = loop_timer_create(settings->loop, on_tick, tokens);
    loop_timer_start(tokens->timer, TICK_MS, TICK_MS);
    return tokens;
}

void tokens_destroy(struct tokens **tokens)
{
    if (*tokens == NULL) {
        return;
    }
    loop_timer_destroy(&(*tokens)->timer);
    struct table_walk walk;
    struct charge *charge = table_first((*tokens)->charges, &walk);
    for (; charge != NULL; charge = table_next(&walk)) {
        free(charge);
    }
    struct bucket *bucket = table_first((*tokens)->buckets, &walk);
    for (; bucket != NULL; bucket = table_next(&walk)) {
        free(bucket);
    }
    table_destroy(&(*tokens)->charges);
    table_destroy(&(*tokens)->buckets);
    forget_rules(*tokens);
    free(*tokens);
    *tokens = NULL;
}
