#include "common/store/store_lease.h"

#include "common/base/clock.h"
#include "common/store/store_keys.h"
#include "common/store/store_lease_send.h"
#include "common/store/store_marker.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>

static void add_key(struct store *store, const struct store_lease_name *name)
{
    struct store_command *command = store_command_of(store);
    struct buffer *key = store_command_scratch(command);
    if (name->kind == STORE_LEASE_SESSION) {
        store_keys_session(key, store_prefix(store), name->name);
    } else if (name->kind == STORE_LEASE_IP) {
        store_keys_ip(key, store_prefix(store), text_of(name->name));
    } else if (name->kind == STORE_LEASE_SUSPECT) {
        store_keys_suspect(key, store_prefix(store));
    } else {
        store_keys_lease(key, store_prefix(store), name->partition);
    }
    store_command_add_scratch(command);
}

struct read_call {
    struct store *store;
    store_lease_read_fn *on_answer;
    void *context;
    uint64_t sent_ms;
};

static void on_read(void *object, int error, const redisReply *reply)
{
    struct read_call *call = object;
    struct lease_beat beat = {0};
    struct text values[4];
    for (size_t i = 0; i < 4; i++) {
        values[i] = store_reply_text(store_reply_at(reply, i));
    }
    if (error == 0) {
        error = store_reply_is_nil(store_reply_at(reply, 1))
                    ? -ENOENT
                    : store_marker_read_beat(values, &beat);
    }
    beat.server = store_server(call->store, STORE_LINK_LEASE);
    call->on_answer(call->context, error, error == 0 ? &beat : NULL,
                    clock_boottime_ms() - call->sent_ms);
    free(call);
}

void store_lease_read(struct store *store, const struct store_lease_name *name,
                      store_lease_read_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    struct read_call *call = xalloc_zero(1, sizeof(*call));
    *call = (struct read_call){store, on_answer, context, clock_boottime_ms()};
    store_command_begin(command, "HMGET");
    add_key(store, name);
    store_command_add_string(command, "s");
    store_command_add_string(command, "e");
    store_command_add_string(command, "b");
    store_command_add_string(command, "k");
    store_send(store, STORE_LINK_LEASE, on_read, call);
}

static struct store_command *begin(struct store *store, const struct store_lease_name *name,
                                   const char *what, uint64_t epoch)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_LEASE, 1);
    add_key(store, name);
    store_command_add_string(command, what);
    store_command_add_string(command, store_session_id(store));
    store_command_add_unsigned(command, epoch);
    store_command_add_string(command, name->kind == STORE_LEASE_SESSION ? "1" : "0");
    return command;
}

static void on_taken(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    if (call->on_answer != NULL) {
        ((store_lease_taken_fn *)call->on_answer)(call->context, error,
                                                  store_reply_number(store_reply_at(reply, 1)));
    }
    free(call);
}

void store_lease_take(struct store *store, const struct store_lease_name *name,
                      const struct lease_beat *seen, store_lease_taken_fn *on_answer, void *context)
{
    bool is_free = seen == NULL || seen->session[0] == '\0';
    enum store_link_kind kind = store_durable_kind(store, STORE_LINK_LEASE);
    struct store_command *command = begin(store, name, "take", is_free ? 0 : seen->epoch);
    store_command_add_string(command, is_free ? "" : seen->session);
    if (!is_free && seen->server != store_server(store, kind)) {
        /* Seen at another server, which may have known renewals that this one forgot. */
        store_command_add_string(command, "no beat");
    } else {
        store_command_add_unsigned(command, is_free ? 0 : seen->beat);
    }
    store_send(store, kind, on_taken, store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_lease_release(struct store *store, const struct store_lease_name *name, uint64_t epoch,
                         store_lease_taken_fn *on_answer, void *context)
{
    (void)begin(store, name, "release", epoch);
    store_send(store, STORE_LINK_LEASE, on_taken,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_lease_send_renew(struct store *store, const struct store_lease_name *name,
                            uint64_t epoch, store_link_reply_fn *on_reply, void *call)
{
    (void)begin(store, name, "renew", epoch);
    store_send(store, STORE_LINK_LEASE, on_reply, call);
}
