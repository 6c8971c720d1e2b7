#include "common/store/store_decisions.h"

#include "common/store/store_entry.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static void on_added(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    ((store_decisions_fn *)call->on_answer)(call->context, error);
    free(call);
}

void store_decisions_add(struct store *store, const struct store_decisions *decisions,
                         store_decisions_fn *on_answer, void *context)
{
    assert(decisions->count <= STORE_DECISIONS_AT_ONCE && decisions->first > 0);
    struct store_command *command = store_begin(store, STORE_SCRIPT_DECIDED, 3);
    store_keys_decisions(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_keys_fleet_generation(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_keys_decisions_told(store_command_scratch(command), store_prefix(store),
                              decisions->session);
    store_command_add_scratch(command);
    store_command_add_string(command, store_run_id(store));
    store_command_add_unsigned(command, STORE_DECISIONS_KEPT);
    store_command_add_unsigned(command, decisions->first);
    store_command_add_unsigned(command, STORE_DECISIONS_REMEMBERED_S);
    for (size_t i = 0; i < decisions->count; i++) {
        store_command_add(command, decisions->packed[i]);
    }
    /* As what paths have learnt: neither flushes nor renewals wait for it. */
    store_send(store, STORE_LINK_READ, on_added,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* @param changes  room for the rows of an entry that has no business here */
static int read_one(const redisReply *reply, struct store_row_change *changes,
                    struct store_event_entry *ret_entry)
{
    struct text fields[STORE_ENTRY_FIELDS_MAX];
    const redisReply *values = store_reply_at(reply, 1);
    size_t count = store_reply_count(values);
    if (count > STORE_ENTRY_FIELDS_MAX) {
        return -EPROTO;
    }
    for (size_t i = 0; i < count; i++) {
        fields[i] = store_reply_text(store_reply_at(values, i));
    }
    ret_entry->partition = STORE_EVENT_FLEET;
    int error =
        store_entry_read_place(store_reply_text(store_reply_at(reply, 0)), &ret_entry->place);
    error = error == 0 ? store_entry_read(fields, count, changes, ret_entry) : error;
    return error == 0 && ret_entry->kind != STORE_EVENT_DECISION ? -EPROTO : error;
}

static void on_entries(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = error == 0 ? store_reply_count(reply) : 0;
    if (count > 2 * STORE_DECISIONS_KEPT) {
        error = -EPROTO;
        count = 0;
    }
    struct store_event_entry *entries = xalloc_zero(count + 1, sizeof *entries);
    struct store_row_change *changes = xalloc_zero(STORE_ENTRY_CHANGES_MAX, sizeof *changes);
    for (size_t i = 0; i < count && error == 0; i++) {
        error = read_one(store_reply_at(reply, i), changes, &entries[i]);
    }
    free(changes);
    ((store_events_fn *)call->on_answer)(call->context, error, entries, error == 0 ? count : 0);
    free(entries);
    free(call);
}

void store_decisions_read(struct store *store, size_t limit, store_events_fn *on_answer,
                          void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "XREVRANGE");
    store_keys_decisions(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_command_add_string(command, "+");
    store_command_add_string(command, "-");
    store_command_add_string(command, "COUNT");
    store_command_add_unsigned(command, limit);
    store_send(store, STORE_LINK_READ, on_entries,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
