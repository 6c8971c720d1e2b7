#include "common/store/store_pauses.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>

/* Names of sites in the hash begin so; `v` is its format. */
#define FIELD_LETTER 's'

static void on_set(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    int64_t until_ms = error == 0 ? (int64_t)store_reply_number(store_reply_at(reply, 1)) : 0;
    ((store_pauses_set_fn *)call->on_answer)(call->context, error, until_ms);
    free(call);
}

void store_pauses_set(struct store *store, const struct store_pause *pause, uint64_t pause_ms,
                      store_pauses_set_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_PAUSE, 1);
    store_keys_pauses(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_command_add(command, pause->site);
    store_command_add_unsigned(command, pause_ms);
    store_command_add(command, pause->rule);
    store_command_add_unsigned(command, STORE_PAUSES_MAX);
    store_send(store, STORE_LINK_WRITE, on_set,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* "<until ms> <rule>" */
static int read_value(struct text value, struct store_pause *ret_pause)
{
    uint64_t until_ms = 0;
    size_t space = text_find(value, ' ');
    if (space == value.size ||
        text_to_u64((struct text){value.data, space}, INT64_MAX, &until_ms) != 0) {
        return -EPROTO;
    }
    ret_pause->until_unix_ms = (int64_t)until_ms;
    ret_pause->rule = text_skip(value, space + 1);
    return 0;
}

static int read_pauses(const redisReply *reply, struct store_pause *ret_pauses, size_t *ret_count)
{
    bool has_format = false;
    size_t count = 0;
    for (size_t i = 0; i + 1 < store_reply_count(reply); i += 2) {
        struct text name = store_reply_text(store_reply_at(reply, i));
        struct text value = store_reply_text(store_reply_at(reply, i + 1));
        has_format = has_format || (text_equal(name, TEXT("v")) && text_equal(value, TEXT("1")));
        if (name.size == 0 || name.data[0] != FIELD_LETTER) {
            continue;
        }
        if (read_value(value, &ret_pauses[count]) != 0) {
            return -EPROTO;
        }
        ret_pauses[count++].site = text_skip(name, 1);
    }
    *ret_count = count;
    return count == 0 || has_format ? 0 : -EPROTO;
}

static void on_pauses(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t fields = error == 0 ? store_reply_count(reply) : 0;
    size_t count = 0;
    if (fields > STORE_REPLY_FIELDS_MAX) {
        error = -EPROTO;
        fields = 0;
    }
    struct store_pause *pauses = xalloc_zero(fields / 2 + 1, sizeof *pauses);
    error = error == 0 ? read_pauses(reply, pauses, &count) : error;
    ((store_pauses_fn *)call->on_answer)(call->context, error, pauses, error == 0 ? count : 0);
    free(pauses);
    free(call);
}

void store_pauses_read(struct store *store, store_pauses_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "HGETALL");
    store_keys_pauses(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_send(store, STORE_LINK_READ, on_pauses,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
