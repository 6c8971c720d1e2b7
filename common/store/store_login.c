#include "common/store/store_login.h"

#include "common/base/log.h"
#include "common/store/store_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const link_names[STORE_LINK_COUNT] = {"write", "read", "lease", "notice"};

static bool all_are_ready(const struct store *store)
{
    return store_link_kind_is_ready(store, STORE_LINK_WRITE) &&
           store_link_kind_is_ready(store, STORE_LINK_READ) &&
           store_link_kind_is_ready(store, STORE_LINK_LEASE);
}

void store_login_look(struct store *store)
{
    if (store->is_ready || !all_are_ready(store) || !store->clock.is_measured) {
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

static void refuse_login(struct store_end *end, const char *field, const char *message)
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
    struct store_end *end = object;
    if (error == 0) {
        end->checks = (struct store_checks){0};
        store_checks_read_info(&end->checks, store_reply_text(reply));
    } else if (error == -EACCES) {
        refuse_login(end, "store.user", "Redis forbids INFO to this user, or wants a password");
    } else {
        store_link_drop(end->link);
    }
}

static void tell_away(struct store_end *end, const char *rule, const char *reason)
{
    if (strcmp(end->told_rule, rule) != 0) {
        (void)snprintf(end->told_rule, sizeof(end->told_rule), "%s", rule);
        LOG(LOG_STORE_UNREACHABLE, NULL, log_string("link", link_names[end->kind]),
            log_string("reason", reason));
    }
}

static void judge(struct store_end *end)
{
    struct store *store = end->store;
    struct problem problem = {0};
    bool writes = end->kind == STORE_LINK_WRITE || end->kind == STORE_LINK_LEASE;
    const struct store_checks_wishes wishes = {store->durability, writes ? store->replicas : 0};
    int result = store_checks_judge(&end->checks, &wishes, store->warnings, &problem);
    if (result == 0) {
        return;
    }
    store->away_reason =
        strcmp(problem.rule, "store_replicas") == 0 ? STORE_STATE_REPLICAS : STORE_STATE_AWAY;
    /* Sentinels tell a replica's address in the midst of a failover: look again. */
    bool may_become_right = store->sentinel != NULL && strcmp(problem.rule, "store_role") == 0;
    if (result == -EINVAL && !store->was_ready && !may_become_right) {
        tell_wrong(store, &problem);
    } else {
        tell_away(end, problem.rule, problem.message);
    }
    store_link_drop(end->link);
}

static void on_user(void *object, int error, const redisReply *reply)
{
    struct store_end *end = object;
    for (size_t i = 0; error == 0 && i + 1 < store_reply_count(reply); i += 2) {
        store_checks_read_user(&end->checks, store_reply_text(store_reply_at(reply, i)),
                               store_reply_text(store_reply_at(reply, i + 1)));
    }
}

static void on_config(void *object, int error, const redisReply *reply)
{
    struct store_end *end = object;
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
    struct store_end *end;
    size_t script;
};

static void on_loaded(void *object, int error, const redisReply *reply)
{
    struct load load = *(struct load *)object;
    struct store_end *end = load.end;
    free(object);
    struct text sha = store_reply_text(reply);
    if (error != 0 || sha.size != STORE_STATE_SHA_SIZE - 1) {
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

static void on_renewed(void *object, int error, const redisReply *reply);

static void set_ready(struct store_end *end)
{
    end->is_waiting = false;
    store_link_set_ready(end->link);
    end->told_rule[0] = '\0';
    if (end->on_ready != NULL) {
        end->on_ready(end->on_ready_context);
    }
    if (end->kind == STORE_LINK_LEASE) {
        store_command_begin(&end->store->command, "PING");
        store_link_send(end->link, &end->store->command, on_renewed, end->store);
    }
    store_login_look(end->store);
}

/* Leases first: what waited in the meantime follows once they are renewed. */
static void on_renewed(void *object, int error, const redisReply *reply)
{
    struct store *store = object;
    struct store_end *end = &store->ends[STORE_LINK_WRITE];
    (void)reply;
    store->are_leases_renewed = error == 0;
    if (error == 0 && end->is_waiting && store_link_is_early(end->link)) {
        set_ready(end);
    }
}

static void on_logged_in(void *object, int error, const redisReply *reply)
{
    struct store_end *end = object;
    (void)reply;
    if (error != 0 || !store_link_is_early(end->link)) {
        return; /* dropped on the way */
    }
    end->is_waiting = end->kind == STORE_LINK_WRITE && !end->store->are_leases_renewed;
    if (!end->is_waiting) {
        set_ready(end);
    }
}

static void load_scripts(struct store_end *end)
{
    struct store_command *command = &end->store->command;
    bool is_lease = end->kind == STORE_LINK_LEASE; /* renewals wait for as little as can be */
    size_t last = is_lease ? STORE_SCRIPT_LEASE : STORE_SCRIPT_COUNT - 1;
    for (size_t i = is_lease ? STORE_SCRIPT_LEASE : 0; i <= last; i++) {
        struct load *load = xalloc_zero(1, sizeof(*load));
        *load = (struct load){end, i};
        store_command_begin(command, "SCRIPT");
        store_command_add_string(command, "LOAD");
        store_command_add(command, store_scripts_table[i].source);
        store_link_send_early(end->link, command, on_loaded, load);
    }
}

void store_login_on_connected(void *context, struct store_link *link)
{
    struct store_end *end = context;
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
    store_command_add_string(command, "min-replicas-*");
    store_link_send_early(link, command, on_config, end);
    if (end->kind != STORE_LINK_NOTICE) {
        load_scripts(end);
    }
    store_command_begin(command, "PING");
    store_link_send_early(link, command, on_logged_in, end);
}

/* Where the primary may change all connections are made anew: none may stay with the old one. */
static void drop_others(const struct store_end *end)
{
    struct store *store = end->store;
    for (size_t kind = 0; store->sentinel != NULL && kind < STORE_LINK_COUNT; kind++) {
        struct store_link *link = store->ends[kind].link;
        if (link != NULL && link != end->link && store_link_is_ready(link)) {
            store_link_drop(link);
        }
    }
}

void store_login_on_lost(void *context, struct store_link *link, bool was_ready)
{
    struct store_end *end = context;
    struct store *store = end->store;
    (void)link;
    end->is_waiting = false;
    store->are_leases_renewed = store->are_leases_renewed && end->kind != STORE_LINK_LEASE;
    if (!was_ready && end->told_rule[0] == '\0') {
        tell_away(end, "store_away", "no connection");
    }
    if (store->is_ready && end->kind != STORE_LINK_NOTICE) {
        store->is_ready = false;
        store->away_reason = STORE_STATE_AWAY;
        LOG(LOG_STORE_LOST, NULL, log_string("link", link_names[end->kind]));
        drop_others(end);
        store->callbacks.on_lost(store->callbacks.context);
    }
}
