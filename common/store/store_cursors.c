#include "common/store/store_cursors.h"

#include "common/store/store_entry.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static struct store_command *begin(struct store *store, const char *name,
                                   const struct store_cursor *cursor)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, name);
    store_keys_cursors(store_command_scratch(command), store_prefix(store), cursor->partition);
    store_command_add_scratch(command);
    struct buffer *field = store_command_scratch(command);
    buffer_append_text(field, cursor->consumer);
    buffer_append_byte(field, ' ');
    buffer_append_text(field, cursor->tenant);
    store_command_add_scratch(command);
    return command;
}

static void on_read(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_event_place place = {0, 0};
    if (error == 0) {
        error = store_reply_is_nil(reply) ? -ENOENT
                                          : store_entry_read_place(store_reply_text(reply), &place);
    }
    ((store_cursors_fn *)call->on_answer)(call->context, error, &place);
    free(call);
}

void store_cursors_read(struct store *store, const struct store_cursor *cursor,
                        store_cursors_fn *on_answer, void *context)
{
    (void)begin(store, "HGET", cursor);
    store_send(store, STORE_LINK_READ, on_read,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void on_written(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    (void)reply;
    ((store_cursors_done_fn *)call->on_answer)(call->context, error);
    free(call);
}

void store_cursors_write(struct store *store, const struct store_cursor *cursor,
                         const struct store_event_place *place, store_cursors_done_fn *on_answer,
                         void *context)
{
    struct store_command *command = begin(store, "HSET", cursor);
    buffer_printf(store_command_scratch(command), "%" PRIu64 "-%" PRIu64, place->generation,
                  place->sequence);
    store_command_add_scratch(command);
    /* Lost, it is read again from further back: neither flushes nor renewals wait for it. */
    store_send(store, STORE_LINK_READ, on_written,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
