#include "common/store/store_audit.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define ENTRIES_MAX 1000

static void on_done(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    uint64_t missing = error == 0 ? store_reply_number(store_reply_at(reply, 1)) : 0;
    ((store_audit_done_fn *)call->on_answer)(call->context, error, missing);
    free(call);
}

void store_audit_append(struct store *store, const struct store_audit_append *append,
                        store_audit_done_fn *on_answer, void *context)
{
    assert(append->count > 0 && append->count <= STORE_AUDIT_LINES_MAX);
    struct store_command *command = store_begin(store, STORE_SCRIPT_AUDIT, 2);
    store_keys_audit(store_command_scratch(command), store_prefix(store), "log");
    store_command_add_scratch(command);
    store_keys_audit(store_command_scratch(command), store_prefix(store), "heads");
    store_command_add_scratch(command);
    store_command_add(command, append->session);
    store_command_add_unsigned(command, append->first);
    store_command_add(command, append->hash);
    store_command_add_unsigned(command, STORE_AUDIT_KEPT);
    for (size_t i = 0; i < append->count; i++) {
        store_command_add(command, append->lines[i].line);
        store_command_add(command, append->lines[i].principal);
        store_command_add(command, append->lines[i].call);
        store_command_add(command, append->lines[i].result);
    }
    store_send(store, store_durable_kind(store, STORE_LINK_WRITE), on_done,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* ------------------------------------------------------------------ heads */

/* "<number> <hash> <ms>" */
static bool read_head(struct text session, struct text value, struct store_audit_head *ret_head)
{
    struct text number;
    struct text hash;
    uint64_t at_ms = 0;
    *ret_head = (struct store_audit_head){.session = session};
    if (!text_next_part(&value, ' ', &number) || !text_next_part(&value, ' ', &hash) ||
        text_to_u64(number, UINT64_MAX, &ret_head->sequence) != 0 ||
        text_to_u64(value, INT64_MAX, &at_ms) != 0) {
        return false;
    }
    ret_head->hash = hash;
    ret_head->at_unix_ms = (int64_t)at_ms;
    return true;
}

static void on_heads(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t fields = error == 0 ? store_reply_count(reply) : 0;
    size_t count = 0;
    fields = fields > STORE_REPLY_FIELDS_MAX ? STORE_REPLY_FIELDS_MAX : fields;
    struct store_audit_head *heads = xalloc_zero(fields / 2 + 1, sizeof *heads);
    for (size_t i = 0; i + 1 < fields; i += 2) {
        count += read_head(store_reply_text(store_reply_at(reply, i)),
                           store_reply_text(store_reply_at(reply, i + 1)), &heads[count])
                     ? 1
                     : 0;
    }
    ((store_audit_heads_fn *)call->on_answer)(call->context, error, heads, count);
    free(heads);
    free(call);
}

static struct store_command *begin_heads(struct store *store, const char *name)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, name);
    store_keys_audit(store_command_scratch(command), store_prefix(store), "heads");
    store_command_add_scratch(command);
    return command;
}

void store_audit_heads(struct store *store, store_audit_heads_fn *on_answer, void *context)
{
    (void)begin_heads(store, "HGETALL");
    store_send(store, STORE_LINK_READ, on_heads,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void on_forgotten(void *object, int error, const redisReply *reply)
{
    (void)object;
    (void)error;
    (void)reply;
}

void store_audit_forget(struct store *store, struct text session)
{
    store_command_add(begin_heads(store, "HDEL"), session);
    store_send(store, STORE_LINK_WRITE, on_forgotten, NULL);
}

/* ------------------------------------------------------------------ reading */

/* "1800000000000-0" */
static bool read_place(struct text id, struct store_audit_found *found)
{
    struct text ms;
    return text_next_part(&id, '-', &ms) && text_to_u64(ms, UINT64_MAX, &found->ms) == 0 &&
           text_to_u64(id, UINT64_MAX, &found->sequence) == 0;
}

static struct text *field_of(struct store_audit_line *line, struct text name)
{
    switch (name.size == 1 ? name.data[0] : '\0') {
    case 'l':
        return &line->line;
    case 'p':
        return &line->principal;
    case 'c':
        return &line->call;
    case 'r':
        return &line->result;
    default:
        return NULL;
    }
}

static bool read_entry(const redisReply *entry, struct store_audit_found *ret_found)
{
    const redisReply *values = store_reply_at(entry, 1);
    *ret_found = (struct store_audit_found){.ms = 0};
    for (size_t i = 0; i + 1 < store_reply_count(values); i += 2) {
        struct text *field =
            field_of(&ret_found->line, store_reply_text(store_reply_at(values, i)));
        if (field != NULL) {
            *field = store_reply_text(store_reply_at(values, i + 1));
        }
    }
    return read_place(store_reply_text(store_reply_at(entry, 0)), ret_found);
}

static void on_entries(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    /* [[key, entries]], or nil when there is nothing behind the place */
    const redisReply *entries = store_reply_at(store_reply_at(reply, 0), 1);
    size_t given = error == 0 ? store_reply_count(entries) : 0;
    size_t count = 0;
    given = given > ENTRIES_MAX ? ENTRIES_MAX : given;
    struct store_audit_found *found = xalloc_zero(given + 1, sizeof *found);
    for (size_t i = 0; i < given; i++) {
        count += read_entry(store_reply_at(entries, i), &found[count]) ? 1 : 0;
    }
    ((store_audit_read_fn *)call->on_answer)(call->context, error, found, count);
    free(found);
    free(call);
}

void store_audit_read(struct store *store, const struct store_audit_read *read,
                      store_audit_read_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    assert(read->limit > 0 && read->limit <= ENTRIES_MAX);
    store_command_begin(command, "XREAD");
    store_command_add_string(command, "COUNT");
    store_command_add_unsigned(command, read->limit);
    store_command_add_string(command, "STREAMS");
    store_keys_audit(store_command_scratch(command), store_prefix(store), "log");
    store_command_add_scratch(command);
    buffer_printf(store_command_scratch(command), "%" PRIu64 "-%" PRIu64, read->ms, read->sequence);
    store_command_add_scratch(command);
    store_send(store, STORE_LINK_READ, on_entries,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
