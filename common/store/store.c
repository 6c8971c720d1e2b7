#include "common/store/store.h"

#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/store_checks.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_DEFAULT_MS (10 * SECOND_MS)
#define LATENCIES 1000
#define MEASURE_MS (10 * SECOND_MS)
#define BLOCK_MS (5 * SECOND_MS)
#define SHA_SIZE 41

/* One of the connections, with what its Redis said of itself. */
struct end {
    struct store *store;
    enum store_link_kind kind;
    struct store_link *link;
    struct store_checks checks;
    bool is_told; /* that it is away: once an outage */
    store_ready_fn *on_ready;
    void *on_ready_context;
};

struct store {
    struct loop *loop;
    struct store_callbacks callbacks;
    char *endpoint;
    char *user;
    char *password;
    char *prefix;
    unsigned int database;
    uint64_t timeout_ms;
    enum store_durability durability;
    char session[33];
    struct end ends[STORE_LINK_COUNT];
    struct store_command command;
    struct store_notices notices;
    char shas[STORE_SCRIPT_COUNT][SHA_SIZE];
    struct loop_timer *measure;
    int64_t skew_ms;
    int64_t time_sent_unix_ms;
    uint32_t latencies[LATENCIES];
    size_t latency_count;
    const char *warnings[STORE_CHECKS_WARNINGS_MAX + 1];
    bool was_ready; /* once: a demoted master is then waited for */
    bool is_ready;
    bool is_wrong;
};

static const char *const link_names[STORE_LINK_COUNT] = {"write", "read", "lease", "notice"};

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
    return clock_unix_ms() + store->skew_ms;
}

struct store_command *store_begin(struct store *store, enum store_script_name script, size_t keys)
{
    store_command_begin(&store->command, "EVALSHA");
    store_command_add_string(&store->command, store->shas[script]);
    store_command_add_unsigned(&store->command, keys);
    return &store->command;
}

void store_send(struct store *store, enum store_link_kind kind, store_link_reply_fn *on_reply,
                void *call)
{
    store_link_send(store->ends[kind].link, &store->command, on_reply, call);
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

/* Becoming ready */

static bool all_are_ready(const struct store *store)
{
    return store_link_kind_is_ready(store, STORE_LINK_WRITE) &&
           store_link_kind_is_ready(store, STORE_LINK_READ) &&
           store_link_kind_is_ready(store, STORE_LINK_LEASE);
}

static void tell_ready(struct store *store)
{
    if (store->is_ready || !all_are_ready(store)) {
        return;
    }
    for (size_t i = 0; !store->was_ready && store->warnings[i] != NULL; i++) {
        LOG(LOG_STORE_WARNING, NULL, log_string("reason", store->warnings[i]));
    }
    store->is_ready = true;
    store->was_ready = true;
    LOG(LOG_STORE_READY, NULL, log_string("version", store->ends[STORE_LINK_WRITE].checks.version),
        log_string("run_id", store_run_id(store)));
    store->callbacks.on_ready(store->callbacks.context);
}

static void tell_wrong(struct store *store, const struct problem *problem)
{
    if (store->is_wrong) {
        return;
    }
    store->is_wrong = true;
    LOG(LOG_STORE_WRONG, NULL, log_string("setting", problem->field),
        log_string("reason", problem->message));
    store->callbacks.on_wrong(store->callbacks.context, problem);
}

static void refuse_login(struct end *end, const char *field, const char *message)
{
    struct problem problem;
    problem_set(&problem, field, "store_login", "%s", message);
    tell_wrong(end->store, &problem);
    store_link_drop(end->link);
}

static void on_auth(void *object, int error, const redisReply *reply)
{
    (void)reply;
    if (error == -EACCES || error == -EIO) {
        refuse_login(object, "store.password", "Redis refuses this user and password");
    }
}

static void on_select(void *object, int error, const redisReply *reply)
{
    (void)reply;
    if (error == -EIO) {
        refuse_login(object, "store.database", "Redis has no database of this number");
    }
}

static void on_info(void *object, int error, const redisReply *reply)
{
    struct end *end = object;
    if (error == 0) {
        end->checks = (struct store_checks){0};
        store_checks_read_info(&end->checks, store_reply_text(reply));
    } else if (error == -EACCES) {
        refuse_login(end, "store.user", "Redis forbids INFO to this user, or wants a password");
    } else {
        store_link_drop(end->link);
    }
}

static void judge(struct end *end)
{
    struct store *store = end->store;
    struct problem problem = {0};
    int result = store_checks_judge(&end->checks, store->durability, store->warnings, &problem);
    if (result == 0) {
        return;
    }
    if (result == -EINVAL && !store->was_ready) {
        tell_wrong(store, &problem);
    } else {
        LOG(LOG_STORE_UNREACHABLE, NULL, log_string("link", link_names[end->kind]),
            log_string("reason", result == -EAGAIN ? "loading" : problem.message));
    }
    store_link_drop(end->link);
}

static void on_user(void *object, int error, const redisReply *reply)
{
    struct end *end = object;
    for (size_t i = 0; error == 0 && i + 1 < store_reply_count(reply); i += 2) {
        store_checks_read_user(&end->checks, store_reply_text(store_reply_at(reply, i)),
                               store_reply_text(store_reply_at(reply, i + 1)));
    }
}

static void on_config(void *object, int error, const redisReply *reply)
{
    struct end *end = object;
    if (error == -ECONNRESET || error == -ECANCELED || error == -EAGAIN) {
        store_link_drop(end->link);
        return;
    }
    for (size_t i = 0; i + 1 < store_reply_count(reply); i += 2) {
        store_checks_read_config(&end->checks, store_reply_text(store_reply_at(reply, i)),
                                 store_reply_text(store_reply_at(reply, i + 1)));
    }
    judge(end);
}

struct load {
    struct end *end;
    size_t script;
};

static void on_loaded(void *object, int error, const redisReply *reply)
{
    struct load load = *(struct load *)object;
    struct end *end = load.end;
    free(object);
    struct text sha = store_reply_text(reply);
    if (error != 0 || sha.size != SHA_SIZE - 1) {
        if (error == 0 || error == -EIO) {
            LOG(LOG_STORE_SCRIPT_FAILED, NULL,
                log_string("script", store_scripts_table[load.script].name),
                log_text("reason",
                         reply == NULL ? TEXT("") : (struct text){reply->str, reply->len}));
        }
        store_link_drop(end->link);
        return;
    }
    memcpy(end->store->shas[load.script], sha.data, sha.size);
}

static void on_logged_in(void *object, int error, const redisReply *reply)
{
    struct end *end = object;
    (void)reply;
    if (error != 0 || !store_link_is_early(end->link)) {
        return; /* dropped on the way */
    }
    store_link_set_ready(end->link);
    end->is_told = false;
    if (end->on_ready != NULL) {
        end->on_ready(end->on_ready_context);
    }
    tell_ready(end->store);
}

static void load_scripts(struct end *end)
{
    struct store_command *command = &end->store->command;
    for (size_t i = 0; i < STORE_SCRIPT_COUNT; i++) {
        struct load *load = xalloc_zero(1, sizeof(*load));
        *load = (struct load){end, i};
        store_command_begin(command, "SCRIPT");
        store_command_add_string(command, "LOAD");
        store_command_add(command, store_scripts_table[i].source);
        store_link_send_early(end->link, command, on_loaded, load);
    }
}

static void on_connected(void *context, struct store_link *link)
{
    struct end *end = context;
    struct store *store = end->store;
    struct store_command *command = &store->command;
    if (store->password != NULL) {
        store_command_begin(command, "AUTH");
        if (store->user != NULL) {
            store_command_add_string(command, store->user);
        }
        store_command_add_string(command, store->password);
        store_link_send_early(link, command, on_auth, end);
    }
    if (store->database != 0) {
        store_command_begin(command, "SELECT");
        store_command_add_unsigned(command, store->database);
        store_link_send_early(link, command, on_select, end);
    }
    store_command_begin(command, "INFO");
    store_link_send_early(link, command, on_info, end);
    store_command_begin(command, "ACL");
    store_command_add_string(command, "GETUSER");
    store_command_add_string(command, "default");
    store_link_send_early(link, command, on_user, end);
    store_command_begin(command, "CONFIG");
    store_command_add_string(command, "GET");
    store_command_add_string(command, "appendfsync");
    store_command_add_string(command, "no-appendfsync-on-rewrite");
    store_link_send_early(link, command, on_config, end);
    if (end->kind != STORE_LINK_NOTICE) {
        load_scripts(end);
    }
    store_command_begin(command, "PING");
    store_link_send_early(link, command, on_logged_in, end);
}

static void on_lost(void *context, struct store_link *link, bool was_ready)
{
    struct end *end = context;
    struct store *store = end->store;
    (void)link;
    if (!was_ready && !end->is_told) {
        end->is_told = true;
        LOG(LOG_STORE_UNREACHABLE, NULL, log_string("link", link_names[end->kind]),
            log_string("reason", "no connection"));
    }
    if (store->is_ready && end->kind != STORE_LINK_NOTICE) {
        store->is_ready = false;
        LOG(LOG_STORE_LOST, NULL, log_string("link", link_names[end->kind]));
        store->callbacks.on_lost(store->callbacks.context);
    }
}

static void on_latency(void *context, uint64_t ms)
{
    struct end *end = context;
    struct store *store = end->store;
    if (end->kind != STORE_LINK_NOTICE) {
        store->latencies[store->latency_count++ % LATENCIES] = (uint32_t)ms;
    }
}

/* Clock and memory, each 10 s */

static void on_time(void *object, int error, const redisReply *reply)
{
    struct store *store = object;
    int64_t now_ms = clock_unix_ms();
    if (error == 0 && store_reply_count(reply) == 2) {
        int64_t redis_ms = (int64_t)(store_reply_number(store_reply_at(reply, 0)) * SECOND_MS +
                                     store_reply_number(store_reply_at(reply, 1)) / 1000);
        store->skew_ms = redis_ms - (store->time_sent_unix_ms + now_ms) / 2;
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
    if (!store->is_ready) {
        return;
    }
    store->time_sent_unix_ms = clock_unix_ms();
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
    struct end *end = &store->ends[kind];
    end->link = store_link_create(store->loop, &(struct store_link_settings){
                                                   .endpoint = store->endpoint,
                                                   .timeout_ms = store->timeout_ms,
                                                   .on_connected = on_connected,
                                                   .on_lost = on_lost,
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

struct store *store_create(struct loop *loop, const struct store_settings *settings,
                           const struct store_callbacks *callbacks)
{
    struct store *store = xalloc_zero(1, sizeof(*store));
    store->loop = loop;
    store->callbacks = *callbacks;
    store->endpoint = xalloc_string(settings->endpoint);
    store->user = copy_or_null(settings->user);
    store->password = copy_or_null(settings->password);
    store->prefix = xalloc_string(settings->prefix);
    store->database = settings->database;
    store->durability = settings->durability;
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
    return store;
}

void store_destroy(struct store **store)
{
    struct store *old = *store;
    *store = NULL;
    if (old == NULL) {
        return;
    }
    /* All at first: an answer may make another call, on any of them. */
    for (size_t kind = 0; kind < STORE_LINK_COUNT; kind++) {
        if (old->ends[kind].link != NULL) {
            store_link_cancel(old->ends[kind].link);
        }
    }
    for (size_t kind = 0; kind < STORE_LINK_COUNT; kind++) {
        store_link_destroy(&old->ends[kind].link);
    }
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

int64_t store_clock_skew_ms(const struct store *store)
{
    return store->skew_ms;
}

static int compare_latencies(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

void store_facts(const struct store *store, struct store_facts *ret_facts)
{
    uint32_t sorted[LATENCIES];
    size_t count = store->latency_count < LATENCIES ? store->latency_count : LATENCIES;
    memcpy(sorted, store->latencies, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_latencies);
    const struct store_checks *checks = &store->ends[STORE_LINK_READ].checks;
    *ret_facts = (struct store_facts){
        .version = checks->version,
        .run_id = store_run_id(store),
        .durability = store->durability == STORE_DISK ? "disk" : "relaxed",
        .warnings = store->warnings,
        .used_memory_bytes = checks->used_memory_bytes,
        .max_memory_bytes = checks->max_memory_bytes,
        .latency_p99_ms = count == 0 ? 0 : sorted[(count * 99 - 1) / 100],
    };
}
