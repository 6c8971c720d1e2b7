#include "common/store/store_quota.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static void add_key(struct store *store, const struct store_quota_window *window, bool is_of_day)
{
    struct store_command *command = store_command_of(store);
    store_keys_quota(store_command_scratch(command), store_prefix(store), window->tenant, is_of_day,
                     is_of_day ? window->day : window->minute);
    store_command_add_scratch(command);
}

static void on_leased(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    uint64_t given[STORE_QUOTA_ASKS_MAX] = {0};
    size_t count = 0;
    error = error == 0 ? store_reply_status(reply) : error;
    for (size_t i = 1; error == 0 && i < store_reply_count(reply) && count < STORE_QUOTA_ASKS_MAX;
         i++) {
        given[count++] = store_reply_number(store_reply_at(reply, i));
    }
    ((store_quota_fn *)call->on_answer)(call->context, error, given, count);
    free(call);
}

void store_quota_lease(struct store *store, const struct store_quota_window *window,
                       const struct store_quota_ask *asks, size_t count, store_quota_fn *on_answer,
                       void *context)
{
    assert(count > 0 && count <= STORE_QUOTA_ASKS_MAX);
    struct store_command *command = store_begin(store, STORE_SCRIPT_QUOTA, 2);
    add_key(store, window, false);
    add_key(store, window, true);
    for (size_t i = 0; i < count; i++) {
        store_command_add_string(command, asks[i].is_of_day ? "2" : "1");
        store_command_add(command, asks[i].field);
        store_command_add_unsigned(command, asks[i].limit);
        store_command_add_unsigned(command, asks[i].needed);
        store_command_add_unsigned(command, asks[i].more);
    }
    store_send(store, STORE_LINK_WRITE, on_leased,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void on_read(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t fields = error == 0 ? store_reply_count(reply) : 0;
    size_t count = 0;
    fields = fields > STORE_REPLY_FIELDS_MAX * 2 ? STORE_REPLY_FIELDS_MAX * 2 : fields;
    struct store_quota_count *counts = xalloc_zero(fields / 2 + 1, sizeof *counts);
    for (size_t i = 0; i + 1 < fields; i += 2) {
        counts[count++] =
            (struct store_quota_count){store_reply_text(store_reply_at(reply, i)),
                                       store_reply_number(store_reply_at(reply, i + 1))};
    }
    ((store_quota_read_fn *)call->on_answer)(call->context, error, counts, count);
    free(counts);
    free(call);
}

void store_quota_read(struct store *store, const struct store_quota_window *window,
                      store_quota_read_fn *on_answer, void *context)
{
    for (int is_of_day = 0; is_of_day <= 1; is_of_day++) {
        store_command_begin(store_command_of(store), "HGETALL");
        add_key(store, window, is_of_day != 0);
        store_send(store, STORE_LINK_READ, on_read,
                   store_call_create(store, STORE_ANSWER(on_answer), context));
    }
}
