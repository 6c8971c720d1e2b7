#include "common/store/store_fleet.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS_MAX 20000

static void on_done(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    (void)reply;
    if (call->on_answer != NULL) {
        ((store_fleet_done_fn *)call->on_answer)(call->context, error);
    }
    free(call);
}

static void begin(struct store *store, const char *name)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, name);
    store_keys_sessions(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
}

void store_fleet_register(struct store *store, struct text packed, store_fleet_done_fn *on_answer,
                          void *context)
{
    begin(store, "HSET");
    store_command_add_string(store_command_of(store), store_session_id(store));
    store_command_add(store_command_of(store), packed);
    store_send(store, STORE_LINK_WRITE, on_done,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_fleet_remove(struct store *store, const char *session, store_fleet_done_fn *on_answer,
                        void *context)
{
    begin(store, "HDEL");
    store_command_add_string(store_command_of(store), session);
    store_send(store, STORE_LINK_WRITE, on_done,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static int read_sessions(const redisReply *reply, struct store_session *ret_sessions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct text name = store_reply_text(store_reply_at(reply, 2 * i));
        if (name.size != sizeof(ret_sessions[i].session) - 1) {
            return -EPROTO;
        }
        memcpy(ret_sessions[i].session, name.data, name.size);
        ret_sessions[i].packed = store_reply_text(store_reply_at(reply, 2 * i + 1));
    }
    return 0;
}

static void on_sessions(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = store_reply_count(reply) / 2;
    if (error == 0 && count > SESSIONS_MAX) {
        error = -EPROTO;
    }
    count = error == 0 ? count : 0;
    struct store_session *sessions = xalloc_zero(count + 1, sizeof(*sessions));
    error = error == 0 ? read_sessions(reply, sessions, count) : error;
    ((store_fleet_sessions_fn *)call->on_answer)(call->context, error, sessions,
                                                 error == 0 ? count : 0);
    free(sessions);
    free(call);
}

void store_fleet_sessions(struct store *store, store_fleet_sessions_fn *on_answer, void *context)
{
    begin(store, "HGETALL");
    store_send(store, STORE_LINK_READ, on_sessions,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void begin_verdict(struct store *store, const char *name, const struct text parts[3])
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, name);
    store_keys_dkim(store_command_scratch(command), store_prefix(store), parts[0], parts[1],
                    parts[2]);
    store_command_add_scratch(command);
}

static void on_value(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    if (error == 0 && store_reply_is_nil(reply)) {
        error = -ENOENT;
    }
    ((store_fleet_value_fn *)call->on_answer)(call->context, error, store_reply_text(reply));
    free(call);
}

void store_fleet_dkim_verdict(struct store *store, struct text tenant, struct text domain,
                              struct text selector, store_fleet_value_fn *on_answer, void *context)
{
    begin_verdict(store, "GET", (const struct text[]){tenant, domain, selector});
    store_send(store, STORE_LINK_READ, on_value,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* NOLINTNEXTLINE(readability-function-size): three texts name the verdict */
void store_fleet_put_dkim_verdict(struct store *store, struct text tenant, struct text domain,
                                  struct text selector, struct text packed,
                                  store_fleet_done_fn *on_answer, void *context)
{
    begin_verdict(store, "SET", (const struct text[]){tenant, domain, selector});
    store_command_add(store_command_of(store), packed);
    store_send(store, STORE_LINK_WRITE, on_done,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void on_notified(void *object, int error, const redisReply *reply)
{
    (void)object;
    (void)error;
    (void)reply;
}

void store_fleet_notify(struct store *store, enum store_notice_kind kind,
                        const unsigned char campaign[16])
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "XADD");
    store_keys_notices(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_command_add_string(command, "MAXLEN");
    store_command_add_string(command, "~");
    store_command_add_string(command, "1000");
    store_command_add_string(command, "*");
    store_command_add_string(command, "k");
    store_command_add_number(command, kind);
    store_command_add_string(command, "c");
    store_command_add(command, (struct text){(const char *)campaign, 16});
    store_send(store, STORE_LINK_WRITE, on_notified, NULL);
}
