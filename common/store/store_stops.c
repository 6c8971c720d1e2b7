#include "common/store/store_stops.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>

/* Names of stops in the hash begin so; other fields are `v` and `n`. */
#define FIELD_LETTER 's'

static void on_done(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    ((store_stops_done_fn *)call->on_answer)(call->context, error);
    free(call);
}

static void add_field(struct store_command *command, struct text name)
{
    struct buffer *field = store_command_scratch(command);
    buffer_append_byte(field, FIELD_LETTER);
    buffer_append_text(field, name);
    store_command_add_scratch(command);
}

static void add_key(struct store *store, enum store_stops_hash hash)
{
    static void (*const keys[])(struct buffer * out,
                                const char *prefix) = {[STORE_STOPS] = store_keys_stops,
                                                       [STORE_THROTTLES] = store_keys_throttles,
                                                       [STORE_PAUSES] = store_keys_pauses};
    struct store_command *command = store_command_of(store);
    keys[hash](store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
}

static struct store_command *begin(struct store *store, enum store_stops_hash hash,
                                   const char *what, struct text name)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_STOP, 1);
    add_key(store, hash);
    store_command_add_string(command, what);
    add_field(command, name);
    return command;
}

void store_stops_set(struct store *store, enum store_stops_hash hash, const struct store_stop *stop,
                     uint32_t most, store_stops_done_fn *on_answer, void *context)
{
    struct store_command *command = begin(store, hash, "set", stop->name);
    store_command_add_number(command, stop->until_unix_ms);
    store_command_add(command, stop->packed);
    store_command_add_unsigned(command, most);
    store_send(store, STORE_LINK_WRITE, on_done,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_stops_clear(struct store *store, enum store_stops_hash hash, struct text name,
                       store_stops_done_fn *on_answer, void *context)
{
    struct store_command *command = begin(store, hash, "clear", name);
    store_command_add_string(command, "0");
    store_command_add_string(command, "");
    store_command_add_string(command, "0");
    store_send(store, STORE_LINK_WRITE, on_done,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* "<until ms> <packed>" */
static int read_value(struct text value, struct store_stop *ret_stop)
{
    uint64_t until_ms = 0;
    size_t space = text_find(value, ' ');
    if (space == value.size ||
        text_to_u64((struct text){value.data, space}, INT64_MAX, &until_ms) != 0) {
        return -EPROTO;
    }
    ret_stop->until_unix_ms = (int64_t)until_ms;
    ret_stop->packed = text_skip(value, space + 1);
    return 0;
}

static int read_stops(const redisReply *reply, struct store_stop *ret_stops, size_t *ret_count)
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
        if (read_value(value, &ret_stops[count]) != 0) {
            return -EPROTO;
        }
        ret_stops[count++].name = text_skip(name, 1);
    }
    *ret_count = count;
    return count == 0 || has_format ? 0 : -EPROTO;
}

static void on_stops(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t fields = error == 0 ? store_reply_count(reply) : 0;
    size_t count = 0;
    if (fields > STORE_REPLY_FIELDS_MAX) {
        error = -EPROTO;
        fields = 0;
    }
    struct store_stop *stops = xalloc_zero(fields / 2 + 1, sizeof *stops);
    error = error == 0 ? read_stops(reply, stops, &count) : error;
    ((store_stops_fn *)call->on_answer)(call->context, error, stops, error == 0 ? count : 0);
    free(stops);
    free(call);
}

void store_stops_read(struct store *store, enum store_stops_hash hash, store_stops_fn *on_answer,
                      void *context)
{
    store_command_begin(store_command_of(store), "HGETALL");
    add_key(store, hash);
    store_send(store, STORE_LINK_READ, on_stops,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
