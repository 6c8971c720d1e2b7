#include "common/store/store_access.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define HOUR_MS INT64_C(3600000)
/* A key that is not used for 90 days is refused; then its networks may be forgotten. */
#define SEEN_S (INT64_C(400) * 24 * 3600)

static const char letters[] = {[STORE_ACCESS_PRINCIPAL] = 'p', [STORE_ACCESS_KEY] = 'k'};

static void on_done(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    ((store_access_done_fn *)call->on_answer)(call->context, error);
    free(call);
}

static void add_change(struct store_command *command, const struct store_access_change *change)
{
    static const char *const words[] = {
        [STORE_ACCESS_NEW] = "new", [STORE_ACCESS_CHANGE] = "change", [STORE_ACCESS_DROP] = "drop"};
    store_command_add_string(command, words[change->what]);
    struct buffer *field = store_command_scratch(command);
    buffer_append_byte(field, letters[change->entry.kind]);
    buffer_append_text(field, change->entry.name);
    store_command_add_scratch(command);
    store_command_add(command, change->entry.packed);
    store_command_add(command, change->before);
}

void store_access_change(struct store *store, const struct store_access_change *changes,
                         size_t count, store_access_done_fn *on_answer, void *context)
{
    assert(count > 0 && count <= STORE_ACCESS_CHANGES_MAX);
    struct store_command *command = store_begin(store, STORE_SCRIPT_ACCESS, 2);
    store_keys_access(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_keys_access_used(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_command_add_unsigned(command, STORE_ACCESS_PRINCIPALS_MAX);
    store_command_add_unsigned(command, STORE_ACCESS_KEYS_MAX);
    for (size_t i = 0; i < count; i++) {
        add_change(command, &changes[i]);
    }
    store_send(store, store_durable_kind(store, STORE_LINK_WRITE), on_done,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* ------------------------------------------------------------------ reading */

static void on_look(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct text revision = error == 0 ? store_reply_text(reply) : TEXT("");
    ((store_access_read_fn *)call->on_answer)(call->context, error, revision, NULL, 0);
    free(call);
}

static void begin(struct store *store, const char *name)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, name);
    store_keys_access(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
}

void store_access_look(struct store *store, store_access_read_fn *on_answer, void *context)
{
    begin(store, "HGET");
    store_command_add_string(store_command_of(store), "n");
    store_send(store, STORE_LINK_READ, on_look,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* @return whether the field was an entry */
static bool read_entry(struct text field, struct text value, struct store_access_entry *ret_entry)
{
    for (size_t kind = 0; kind < sizeof letters; kind++) {
        if (field.size > 1 && field.data[0] == letters[kind]) {
            *ret_entry = (struct store_access_entry){
                .kind = (enum store_access_kind)kind, .name = text_skip(field, 1), .packed = value};
            return true;
        }
    }
    return false;
}

/* @return 0 or -EPROTO */
static int read_book(const redisReply *reply, struct store_access_entry *ret_entries,
                     size_t *ret_count, struct text *ret_revision)
{
    bool has_format = false;
    *ret_count = 0;
    *ret_revision = TEXT("");
    for (size_t i = 0; i + 1 < store_reply_count(reply); i += 2) {
        struct text field = store_reply_text(store_reply_at(reply, i));
        struct text value = store_reply_text(store_reply_at(reply, i + 1));
        if (text_equal(field, TEXT("v"))) {
            has_format = text_equal(value, TEXT("1"));
        } else if (text_equal(field, TEXT("n"))) {
            *ret_revision = value;
        } else if (read_entry(field, value, &ret_entries[*ret_count])) {
            *ret_count += 1;
        }
    }
    return *ret_count == 0 || has_format ? 0 : -EPROTO;
}

static void on_book(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t fields = error == 0 ? store_reply_count(reply) : 0;
    size_t count = 0;
    struct text revision = TEXT("");
    if (fields > STORE_REPLY_FIELDS_MAX * 2) {
        error = -EPROTO;
        fields = 0;
    }
    struct store_access_entry *entries = xalloc_zero(fields / 2 + 1, sizeof *entries);
    error = error == 0 ? read_book(reply, entries, &count, &revision) : error;
    ((store_access_read_fn *)call->on_answer)(call->context, error, revision, entries,
                                              error == 0 ? count : 0);
    free(entries);
    free(call);
}

void store_access_read(struct store *store, store_access_read_fn *on_answer, void *context)
{
    begin(store, "HGETALL");
    store_send(store, STORE_LINK_READ, on_book,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* ------------------------------------------------------------------ when keys were used */

static void on_noted(void *object, int error, const redisReply *reply)
{
    (void)object;
    (void)error;
    (void)reply;
}

void store_access_note_used(struct store *store, struct text key_id, int64_t unix_ms)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "HSET");
    store_keys_access_used(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_command_add(command, key_id);
    store_command_add_number(command, unix_ms / HOUR_MS);
    store_send(store, STORE_LINK_WRITE, on_noted, NULL);
}

static void on_used(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t fields = error == 0 ? store_reply_count(reply) : 0;
    size_t count = 0;
    fields = fields > STORE_REPLY_FIELDS_MAX * 2 ? STORE_REPLY_FIELDS_MAX * 2 : fields;
    struct store_access_used *used = xalloc_zero(fields / 2 + 1, sizeof *used);
    for (size_t i = 0; i + 1 < fields; i += 2) {
        uint64_t hour = store_reply_number(store_reply_at(reply, i + 1));
        if (hour > 0 && hour < INT64_MAX / HOUR_MS) {
            used[count++] =
                (struct store_access_used){.key_id = store_reply_text(store_reply_at(reply, i)),
                                           .unix_ms = (int64_t)hour * HOUR_MS};
        }
    }
    ((store_access_used_fn *)call->on_answer)(call->context, error, used, count);
    free(used);
    free(call);
}

void store_access_read_used(struct store *store, store_access_used_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "HGETALL");
    store_keys_access_used(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_send(store, STORE_LINK_READ, on_used,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* ------------------------------------------------------------------ where keys came from */

static void on_seen(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    bool is_new = error == 0 && store_reply_number(reply) > 0;
    ((store_access_see_fn *)call->on_answer)(call->context, error, is_new);
    free(call);
}

static void begin_seen(struct store *store, const char *name, struct text key_id)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, name);
    store_keys_access_seen(store_command_scratch(command), store_prefix(store), key_id);
    store_command_add_scratch(command);
}

void store_access_see(struct store *store, struct text key_id, struct text network,
                      store_access_see_fn *on_answer, void *context)
{
    begin_seen(store, "SADD", key_id);
    store_command_add(store_command_of(store), network);
    store_send(store, STORE_LINK_WRITE, on_seen,
               store_call_create(store, STORE_ANSWER(on_answer), context));
    begin_seen(store, "EXPIRE", key_id);
    store_command_add_number(store_command_of(store), SEEN_S);
    store_send(store, STORE_LINK_WRITE, on_noted, NULL);
}
