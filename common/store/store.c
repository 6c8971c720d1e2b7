#include "common/store/store.h"

#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/store_keys.h"
#include "common/store/store_login.h"
#include "common/store/store_state.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_DEFAULT_MS (10 * SECOND_MS)
#define MEASURE_MS (10 * SECOND_MS)
#define BLOCK_MS (5 * SECOND_MS)
#define WAIT_MS (2 * SECOND_MS) /* for replicas; all that follows on the link waits, too */

/* What every call needs */

struct store_command *store_command_of(struct store *store)
{
    return &store->command;
}

const char *store_prefix(const struct store *store)
{
    return store->prefix;
}

const char *store_session_id(const struct store *store)
{
    return store->session;
}

const char *store_run_id(const struct store *store)
{
    return store->ends[STORE_LINK_WRITE].checks.run_id;
}

uint64_t store_server(const struct store *store, enum store_link_kind kind)
{
    return strtoull(store->ends[kind].checks.run_id + 24, NULL, 16); /* the last 16 of 40 digits */
}

struct store_notices *store_notices_of(struct store *store)
{
    return &store->notices;
}

struct loop *store_loop(const struct store *store)
{
    return store->loop;
}

int64_t store_now_unix_ms(const struct store *store)
{
    return store_clock_now(&store->clock, clock_boottime_ms(), clock_unix_ms());
}

static struct store_command *begin(struct store *store, const char *command,
                                   enum store_script_name script, size_t keys)
{
    store_command_begin(&store->command, command);
    store_command_add_string(&store->command, store->shas[script]);
    store_command_add_unsigned(&store->command, keys);
    return &store->command;
}

struct store_command *store_begin(struct store *store, enum store_script_name script, size_t keys)
{
    return begin(store, "EVALSHA", script, keys);
}

struct store_command *store_begin_reading(struct store *store, enum store_script_name script,
                                          size_t keys)
{
    return begin(store, "EVALSHA_RO", script, keys);
}

void store_send(struct store *store, enum store_link_kind kind, store_link_reply_fn *on_reply,
                void *call)
{
    if (kind == STORE_LINK_WRITE && store->group != NULL) {
        store_group_send(store->group, &store->command, on_reply, call);
    } else {
        store_link_send(store->ends[kind].link, &store->command, on_reply, call);
    }
}

enum store_link_kind store_durable_kind(const struct store *store, enum store_link_kind otherwise)
{
    return store->group == NULL ? otherwise : STORE_LINK_WRITE;
}

bool store_link_kind_is_ready(const struct store *store, enum store_link_kind kind)
{
    return store->ends[kind].link != NULL && store_link_is_ready(store->ends[kind].link);
}

struct store_call *store_call_create(struct store *store, void (*on_answer)(void), void *context)
{
    struct store_call *call = xalloc_zero(1, sizeof(*call));
    call->store = store;
    call->on_answer = on_answer;
    call->context = context;
    return call;
}

void store_add_campaign_key(struct store *store, const unsigned char campaign[16], const char *name)
{
    store_keys_campaign(store_command_scratch(&store->command), store->prefix, campaign, name);
    store_command_add_scratch(&store->command);
}

void store_add_batch_key(struct store *store, const unsigned char campaign[16], uint32_t batch,
                         char part)
{
    store_keys_batch(store_command_scratch(&store->command), store->prefix, campaign, batch, part);
    store_command_add_scratch(&store->command);
}

void store_add_transition_keys(struct store *store, const unsigned char campaign[16],
                               struct text tenant)
{
    struct store_command *command = &store->command;
    unsigned int partition = store_keys_partition(campaign);
    store_add_campaign_key(store, campaign, NULL);
    store_keys_events(store_command_scratch(command), store->prefix, partition, tenant);
    store_command_add_scratch(command);
    store_keys_generation(store_command_scratch(command), store->prefix, partition);
    store_command_add_scratch(command);
    store_keys_active(store_command_scratch(command), store->prefix, partition);
    store_command_add_scratch(command);
}

static void on_latency(void *context, uint64_t ms)
{
    struct store_end *end = context;
    struct store *store = end->store;
    if (end->kind != STORE_LINK_NOTICE) {
        store->latencies[store->latency_count++ % STORE_STATE_LATENCIES] = (uint32_t)ms;
    }
}

/* Clock and memory, each 10 s */

static void on_time(void *object, int error, const redisReply *reply)
{
    struct store *store = object;
    if (error == 0 && store_reply_count(reply) == 2) {
        int64_t redis_ms = (int64_t)(store_reply_number(store_reply_at(reply, 0)) * SECOND_MS +
                                     store_reply_number(store_reply_at(reply, 1)) / 1000);
        store_clock_measure(&store->clock, redis_ms, store->time_sent_ms, clock_boottime_ms());
        store_login_look(store);
    }
}

static void on_measured(void *object, int error, const redisReply *reply)
{
    struct store *store = object;
    if (error == 0) {
        store_checks_read_info(&store->ends[STORE_LINK_READ].checks, store_reply_text(reply));
    }
}

static void on_measure(void *context)
{
    struct store *store = context;
    if (!store_link_kind_is_ready(store, STORE_LINK_READ)) {
        return;
    }
    store->time_sent_ms = clock_boottime_ms();
    store_command_begin(&store->command, "TIME");
    store_send(store, STORE_LINK_READ, on_time, store);
    store_command_begin(&store->command, "INFO");
    store_command_add_string(&store->command, "memory");
    store_send(store, STORE_LINK_READ, on_measured, store);
}

static void measure_when_ready(void *context)
{
    struct store *store = context;
    loop_timer_start(store->measure, 0, MEASURE_MS);
}

/* The store */

static void open_end(struct store *store, enum store_link_kind kind)
{
    struct store_end *end = &store->ends[kind];
    end->link = store_link_create(
        store->loop, &(struct store_link_settings){
                         .endpoint = store->endpoint,
                         .timeout_ms = store->timeout_ms,
                         .tls = store->tls,
                         .is_paced = kind == STORE_LINK_WRITE || kind == STORE_LINK_READ,
                         .on_connected = store_login_on_connected,
                         .on_lost = store_login_on_lost,
                         .on_latency = on_latency,
                         .context = end,
                     });
}

void store_on_link_ready(struct store *store, enum store_link_kind kind, store_ready_fn *on_ready,
                         void *context)
{
    store->ends[kind].on_ready = on_ready;
    store->ends[kind].on_ready_context = context;
    if (store->ends[kind].link == NULL) {
        open_end(store, kind);
    }
}

static char *copy_or_null(const char *string)
{
    return string == NULL ? NULL : xalloc_string(string);
}

static void on_moved(void *context, const char *host, uint16_t port)
{
    struct store *store = context;
    free(store->endpoint);
    struct buffer endpoint = {0};
    buffer_printf(&endpoint, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
    store->endpoint = xalloc_copy(buffer_text(&endpoint).data, buffer_text(&endpoint).size);
    buffer_finish(&endpoint);
    for (size_t kind = 0; kind < STORE_LINK_COUNT; kind++) {
        if (store->ends[kind].link != NULL) {
            store_link_move(store->ends[kind].link, store->endpoint);
        }
    }
}

static void set_durability(struct store *store)
{
    if (store->durability != STORE_REPLICATED) {
        (void)snprintf(store->durability_text, sizeof(store->durability_text), "%s",
                       store->durability == STORE_DISK ? "disk" : "relaxed");
        return;
    }
    uint64_t wait_ms = store->timeout_ms / 2 < WAIT_MS ? store->timeout_ms / 2 : WAIT_MS;
    assert(store->replicas > 0);
    (void)snprintf(store->durability_text, sizeof(store->durability_text), "replicated: %u",
                   store->replicas);
    store->group = store_group_create(store->loop, store->ends[STORE_LINK_WRITE].link,
                                      store->replicas, wait_ms);
}

struct store *store_create(struct loop *loop, const struct store_settings *settings,
                           const struct store_callbacks *callbacks)
{
    struct store *store = xalloc_zero(1, sizeof(*store));
    store->loop = loop;
    store->callbacks = *callbacks;
    store->endpoint = settings->sentinel_count == 0 ? xalloc_string(settings->endpoint) : NULL;
    store->user = copy_or_null(settings->user);
    store->password = copy_or_null(settings->password);
    store->prefix = xalloc_string(settings->prefix);
    store->tls = settings->tls;
    store->database = settings->database;
    store->durability = settings->durability;
    store->replicas = settings->replicas;
    store->away_reason = STORE_STATE_AWAY;
    store->timeout_ms = settings->timeout_ms == 0 ? TIMEOUT_DEFAULT_MS : settings->timeout_ms;
    /* Blocking is no silence. */
    store->notices.block_ms = store->timeout_ms / 2 < BLOCK_MS ? store->timeout_ms / 2 : BLOCK_MS;
    assert(strlen(settings->session) == sizeof(store->session) - 1);
    memcpy(store->session, settings->session, sizeof(store->session));
    store->measure = loop_timer_create(loop, on_measure, store);
    for (size_t kind = 0; kind < STORE_LINK_COUNT; kind++) {
        store->ends[kind].store = store;
        store->ends[kind].kind = (enum store_link_kind)kind;
    }
    store_on_link_ready(store, STORE_LINK_READ, measure_when_ready, store);
    open_end(store, STORE_LINK_LEASE);
    open_end(store, STORE_LINK_WRITE);
    set_durability(store);
    if (settings->sentinel_count > 0) {
        store->sentinel = store_sentinel_create(loop, settings, on_moved, store);
    }
    return store;
}

void store_destroy(struct store **store)
{
    struct store *old = *store;
    *store = NULL;
    if (old == NULL) {
        return;
    }
    store_sentinel_destroy(&old->sentinel);
    /* All at first: an answer may make another call, on any of them. */
    for (size_t kind = 0; kind < STORE_LINK_COUNT; kind++) {
        if (old->ends[kind].link != NULL) {
            store_link_cancel(old->ends[kind].link);
        }
    }
    if (old->group != NULL) {
        store_group_cancel(old->group);
    }
    for (size_t kind = 0; kind < STORE_LINK_COUNT; kind++) {
        store_link_destroy(&old->ends[kind].link);
    }
    store_group_destroy(&old->group);
    loop_timer_destroy(&old->measure);
    store_command_finish(&old->command);
    if (old->password != NULL) {
        explicit_bzero(old->password, strlen(old->password));
    }
    free(old->password);
    free(old->user);
    free(old->endpoint);
    free(old->prefix);
    free(old);
}

bool store_is_ready(const struct store *store)
{
    return store->is_ready;
}

const char *store_why_not_ready(const struct store *store)
{
    return store->away_reason;
}

int64_t store_clock_skew_ms(const struct store *store)
{
    return store_now_unix_ms(store) - clock_unix_ms();
}

static int compare_latencies(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

void store_facts(const struct store *store, struct store_facts *ret_facts)
{
    uint32_t sorted[STORE_STATE_LATENCIES];
    size_t count =
        store->latency_count < STORE_STATE_LATENCIES ? store->latency_count : STORE_STATE_LATENCIES;
    memcpy(sorted, store->latencies, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_latencies);
    const struct store_checks *checks = &store->ends[STORE_LINK_READ].checks;
    *ret_facts = (struct store_facts){
        .version = checks->version,
        .run_id = store_run_id(store),
        .durability = store->durability_text,
        .warnings = store->warnings,
        .used_memory_bytes = checks->used_memory_bytes,
        .max_memory_bytes = checks->max_memory_bytes,
        .latency_p99_ms = count == 0 ? 0 : sorted[(count * 99 - 1) / 100],
    };
}
