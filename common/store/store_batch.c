#include "common/store/store_batch.h"

#include "common/base/arena.h"
#include "common/base/bytes.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_KEYS (STORE_TRANSITION_KEYS + 6)
/* Deaths that make a batch suspect (scripts/shared/suspect.lua). */
#define SUSPECT_DEATHS 2
#define CHANGES_MAX 500

static struct store_command *begin(struct store *store, enum store_script_name script,
                                   const struct store_batch_name *name, struct text tenant,
                                   size_t keys)
{
    static const char parts[] = {'h', 'r', 'b'};
    unsigned int partition = store_keys_partition(name->campaign);
    struct store_command *command = store_begin(store, script, keys);
    store_add_transition_keys(store, name->campaign, tenant);
    for (size_t i = 0; i < sizeof(parts); i++) {
        store_add_batch_key(store, name->campaign, name->number, parts[i]);
    }
    store_add_campaign_key(store, name->campaign, "due");
    store_keys_claimed(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    store_keys_doubt(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    return command;
}

struct store_command *store_batch_begin(struct store *store, enum store_script_name script,
                                        const struct store_batch_name *name, struct text tenant)
{
    return begin(store, script, name, tenant, BATCH_KEYS);
}

struct store_command *store_batch_begin_quarantine(struct store *store,
                                                   enum store_script_name script,
                                                   const struct store_batch_name *name,
                                                   struct text tenant)
{
    struct store_command *command = begin(store, script, name, tenant, BATCH_KEYS + 1);
    store_keys_quarantine(store_command_scratch(command), store_prefix(store),
                          store_keys_partition(name->campaign));
    store_command_add_scratch(command);
    return command;
}

static void add_member(struct store_command *command, const struct store_batch_name *name)
{
    store_keys_member(store_command_scratch(command), name->campaign, name->number);
    store_command_add_scratch(command);
}

static void add_identity(struct store *store, struct store_command *command,
                         const struct store_batch_name *name)
{
    store_command_add_string(command, store_run_id(store));
    store_command_add(command, (struct text){(const char *)name->campaign, 16});
    store_command_add_unsigned(command, name->number);
}

void store_batch_add_identity(struct store *store, struct store_command *command,
                              const struct store_batch_name *name)
{
    add_identity(store, command, name);
    add_member(command, name);
}

/* Due batches: a list of numbers, then what each header says. */

struct due_call {
    struct store *store;
    store_batch_due_fn *on_answer;
    void *context;
    struct store_due *batches;
    size_t count;
    size_t answered;
    int64_t next_unix_s;
    int error;
    unsigned char campaign[16];
    struct arena *groups;
};

static void end_due(struct due_call *call)
{
    call->on_answer(call->context, call->error, call->batches, call->error == 0 ? call->count : 0,
                    call->next_unix_s);
    arena_destroy(&call->groups);
    free(call->batches);
    free(call);
}

static void on_due_header(void *object, int error, const redisReply *reply)
{
    struct due_call *call = object;
    struct store_due *due = &call->batches[call->answered++];
    if (error != 0) {
        call->error = error;
    } else {
        uint64_t rows = store_reply_number(store_reply_at(reply, 0));
        due->row_count = (uint32_t)(rows <= ROWS_PER_BATCH_MAX ? rows : ROWS_PER_BATCH_MAX);
        due->expires_unix_ms = (int64_t)store_reply_number(store_reply_at(reply, 1));
        due->is_suspect = store_reply_number(store_reply_at(reply, 2)) >= SUSPECT_DEATHS;
        struct text group = store_reply_text(store_reply_at(reply, 3));
        due->group = arena_text(
            call->groups, group.size > 0 ? group : store_reply_text(store_reply_at(reply, 4)));
    }
    if (call->answered == call->count) {
        end_due(call);
    }
}

static int64_t read_score(const redisReply *reply)
{
    struct text score = store_reply_text(reply);
    uint64_t number = 0;
    return text_to_u64(score, INT64_MAX, &number) == 0 ? (int64_t)number : 0;
}

/* One more than asked for tells when the next is due. */
static int read_due(struct due_call *call, const redisReply *reply, int64_t until_unix_s)
{
    size_t count = store_reply_count(reply) / 2;
    size_t limit = call->count;
    call->count = 0;
    if (count > limit + 1) {
        return -EPROTO;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;
        int64_t due = read_score(store_reply_at(reply, 2 * i + 1));
        if (due > until_unix_s || i == limit) {
            call->next_unix_s = due;
            break;
        }
        if (text_to_u64(store_reply_text(store_reply_at(reply, 2 * i)), UINT32_MAX, &number) != 0) {
            return -EPROTO;
        }
        call->batches[call->count++] =
            (struct store_due){.number = (uint32_t)number, .due_unix_s = due};
    }
    return 0;
}

struct due_list {
    struct due_call *call;
    int64_t until_unix_s;
    bool is_first;
};

/* Scores by batch number, nil where it is not free or has nothing open. */
static int read_first(struct due_call *call, const redisReply *reply, int64_t until_unix_s)
{
    size_t count = store_reply_count(reply);
    if (count != call->count) {
        return -EPROTO;
    }
    call->count = 0;
    for (size_t i = 0; i < count; i++) {
        const redisReply *score = store_reply_at(reply, i);
        int64_t due = read_score(score);
        if (!store_reply_is_nil(score) && due <= until_unix_s) {
            call->batches[call->count++] =
                (struct store_due){.number = (uint32_t)i, .due_unix_s = due};
        }
    }
    return 0;
}

static void take_due(struct due_list *list, int error, const redisReply *reply)
{
    struct due_call *call = list->call;
    if (error == 0) {
        error = list->is_first ? read_first(call, reply, list->until_unix_s)
                               : read_due(call, reply, list->until_unix_s);
    }
    call->error = error;
    free(list);
    if (call->error != 0 || call->count == 0) {
        end_due(call);
        return;
    }
    struct store_command *command = store_command_of(call->store);
    for (size_t i = 0; i < call->count; i++) {
        store_command_begin(command, "HMGET");
        store_add_batch_key(call->store, call->campaign, call->batches[i].number, 'h');
        store_command_add_string(command, "o");
        store_command_add_string(command, "x");
        store_command_add_string(command, "d");
        store_command_add_string(command, "g");
        store_command_add_string(command, "p");
        store_send(call->store, STORE_LINK_READ, on_due_header, call);
    }
}

static void on_due(void *object, int error, const redisReply *reply)
{
    take_due(object, error, reply);
}

static struct due_list *due_create(struct store *store, const unsigned char campaign[16],
                                   int64_t until_unix_s, size_t limit)
{
    struct due_call *call = xalloc_zero(1, sizeof(*call));
    struct due_list *list = xalloc_zero(1, sizeof(*list));
    call->store = store;
    call->batches = xalloc_zero(limit + 1, sizeof(*call->batches));
    call->count = limit;
    call->groups = arena_create(0);
    memcpy(call->campaign, campaign, sizeof(call->campaign));
    *list = (struct due_list){.call = call, .until_unix_s = until_unix_s};
    return list;
}

void store_batch_due_first(struct store *store, const unsigned char campaign[16],
                           int64_t until_unix_s, uint32_t batches, store_batch_due_fn *on_answer,
                           void *context)
{
    struct store_command *command = store_command_of(store);
    struct due_list *list = due_create(store, campaign, until_unix_s, batches);
    list->is_first = true;
    list->call->on_answer = on_answer;
    list->call->context = context;
    store_command_begin(command, "ZMSCORE");
    store_add_campaign_key(store, campaign, "due");
    for (uint32_t i = 0; i < batches; i++) {
        store_command_add_unsigned(command, i);
    }
    store_send(store, STORE_LINK_READ, on_due, list);
}

void store_batch_due(struct store *store, const unsigned char campaign[16], int64_t until_unix_s,
                     size_t limit, store_batch_due_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    struct due_list *list = due_create(store, campaign, until_unix_s, limit);
    list->call->on_answer = on_answer;
    list->call->context = context;
    store_command_begin(command, "ZRANGE");
    store_add_campaign_key(store, campaign, "due");
    store_command_add_string(command, "0");
    store_command_add_unsigned(command, limit);
    store_command_add_string(command, "WITHSCORES");
    store_send(store, STORE_LINK_READ, on_due, list);
}

static void on_later(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = error == 0 ? store_reply_count(reply) : 0;
    if (count > call->number) {
        error = -EPROTO;
        count = 0;
    }
    uint32_t *numbers = xalloc_zero(count + 1, sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;
        if (text_to_u64(store_reply_text(store_reply_at(reply, i)), UINT32_MAX, &number) != 0) {
            error = -EPROTO;
        }
        numbers[i] = (uint32_t)number;
    }
    ((store_batch_numbers_fn *)call->on_answer)(call->context, error, numbers,
                                                error == 0 ? count : 0);
    free(numbers);
    free(call);
}

void store_batch_later(struct store *store, const unsigned char campaign[16], int64_t from_unix_s,
                       size_t limit, store_batch_numbers_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "ZRANGE");
    store_add_campaign_key(store, campaign, "due");
    store_command_add_number(command, from_unix_s);
    store_command_add_string(command, "+inf");
    store_command_add_string(command, "BYSCORE");
    store_command_add_string(command, "LIMIT");
    store_command_add_string(command, "0");
    store_command_add_unsigned(command, limit);
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    call->number = (uint32_t)limit;
    store_send(store, STORE_LINK_READ, on_later, call);
}

/* Parts of a batch: the provider, then the part itself; both on one connection, in order. */

struct part_call {
    store_batch_sealed_fn *on_answer;
    void *context;
    struct buffer provider;
    int error;
};

static void on_provider(void *object, int error, const redisReply *reply)
{
    struct part_call *call = object;
    call->error = error;
    buffer_append_text(&call->provider, store_reply_text(reply));
}

static void on_part(void *object, int error, const redisReply *reply)
{
    struct part_call *call = object;
    error = error == 0 ? call->error : error;
    if (error == 0 && store_reply_is_nil(reply)) {
        error = -ENOENT;
    }
    call->on_answer(call->context, error, buffer_text(&call->provider), store_reply_text(reply));
    buffer_finish(&call->provider);
    free(call);
}

static void read_part(struct store *store, const struct store_batch_name *name, char part,
                      store_batch_sealed_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    struct part_call *call = xalloc_zero(1, sizeof(*call));
    call->on_answer = on_answer;
    call->context = context;
    store_command_begin(command, "HGET");
    store_add_batch_key(store, name->campaign, name->number, 'h');
    store_command_add_string(command, "p");
    store_send(store, STORE_LINK_READ, on_provider, call);
    store_command_begin(command, "GET");
    store_add_batch_key(store, name->campaign, name->number, part);
    store_send(store, STORE_LINK_READ, on_part, call);
}

void store_batch_recipients(struct store *store, const struct store_batch_name *name,
                            store_batch_sealed_fn *on_answer, void *context)
{
    read_part(store, name, 'b', on_answer, context);
}

void store_batch_refs(struct store *store, const struct store_batch_name *name,
                      store_batch_sealed_fn *on_answer, void *context)
{
    read_part(store, name, 'f', on_answer, context);
}

void store_batch_rows(struct store *store, const struct store_batch_name *name,
                      store_batch_sealed_fn *on_answer, void *context)
{
    read_part(store, name, 'r', on_answer, context);
}

/* Claim */

static const struct {
    int error;
    enum store_claim_status status;
} claim_statuses[] = {
    {0, STORE_CLAIMED},
    {-EALREADY, STORE_CLAIM_TAKEN},
    {-EBUSY, STORE_CLAIM_NOT_RUNNING},
    {-ETIME, STORE_CLAIM_EXPIRED},
    {-EDOM, STORE_CLAIM_NOT_DUE},
    {-ENOENT, STORE_CLAIM_GONE},
};

/* "-": no end. */
static uint64_t read_left(const redisReply *reply)
{
    uint64_t left = 0;
    return text_to_u64(store_reply_text(reply), UINT64_MAX, &left) == 0 ? left : UINT64_MAX;
}

static enum store_word read_word(const redisReply *reply)
{
    uint64_t word = store_reply_number(reply);
    return word == STORE_RUN || word == STORE_PAUSE ? (enum store_word)word : STORE_CANCEL;
}

static int read_claim(const redisReply *reply, struct store_claim_answer *ret_answer)
{
    int status = store_reply_status(reply);
    size_t i = 0;
    while (claim_statuses[i].error != status) {
        if (++i == sizeof(claim_statuses) / sizeof(claim_statuses[0])) {
            return -EPROTO;
        }
    }
    *ret_answer = (struct store_claim_answer){.status = claim_statuses[i].status};
    if (status != 0) {
        return 0;
    }
    ret_answer->epoch = store_reply_number(store_reply_at(reply, 1));
    ret_answer->word = read_word(store_reply_at(reply, 2));
    ret_answer->ms_left = read_left(store_reply_at(reply, 3));
    ret_answer->now_unix_ms = (int64_t)store_reply_number(store_reply_at(reply, 4));
    ret_answer->rows = store_reply_text(store_reply_at(reply, 5));
    ret_answer->is_hold = store_reply_number(store_reply_at(reply, 6)) == 1;
    ret_answer->deaths = (uint32_t)store_reply_number(store_reply_at(reply, 7));
    size_t size = ret_answer->rows.size;
    uint64_t first = store_reply_number(store_reply_at(reply, 8));
    uint64_t count = store_reply_number(store_reply_at(reply, 9));
    bool is_right = size > 0 && size % ROWS_SIZE == 0 && size <= ROWS_PER_BATCH_MAX * ROWS_SIZE &&
                    first <= ROWS_PER_BATCH_MAX && count <= size / ROWS_SIZE &&
                    first + count <= size / ROWS_SIZE;
    ret_answer->first_row = (uint16_t)(is_right ? first : 0);
    ret_answer->row_count = (uint16_t)(is_right ? count : 0);
    return is_right ? 0 : -EPROTO;
}

static void on_claimed(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_claim_answer answer;
    error = error == 0 ? read_claim(reply, &answer) : error;
    ((store_batch_claimed_fn *)call->on_answer)(call->context, error, error == 0 ? &answer : NULL);
    free(call);
}

void store_batch_claim(struct store *store, const struct store_claim_request *request,
                       store_batch_claimed_fn *on_answer, void *context)
{
    struct store_command *command =
        store_batch_begin(store, STORE_SCRIPT_CLAIM, &request->name, TEXT(""));
    store_command_add_unsigned(command, request->name.number);
    add_member(command, &request->name);
    store_command_add_string(command, store_session_id(store));
    store_command_add_unsigned(command, request->slack_s);
    store_command_add_string(command, request->is_alone ? "1" : "0");
    store_command_add_unsigned(command, request->ask);
    store_send(store, STORE_LINK_WRITE, on_claimed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* Mark and flush */

static void on_written(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    enum store_word word = error == 0 ? read_word(store_reply_at(reply, 1)) : STORE_RUN;
    uint64_t left = error == 0 ? read_left(store_reply_at(reply, 2)) : 0;
    ((store_batch_written_fn *)call->on_answer)(call->context, error, word, left);
    free(call);
}

static void on_marked(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_marked marked = {.word = STORE_RUN};
    error = error == 0 ? store_reply_status(reply) : error;
    if (error == 0) {
        struct text packed = store_reply_text(store_reply_at(reply, 3));
        marked.word = read_word(store_reply_at(reply, 1));
        marked.ms_left = read_left(store_reply_at(reply, 2));
        while (packed.size >= 2 && marked.refused_count < STORE_MARKS_MAX) {
            marked.refused[marked.refused_count++] = bytes_get_u16(packed.data);
            packed = text_skip(packed, 2);
        }
    }
    ((store_batch_marked_fn *)call->on_answer)(call->context, error, &marked);
    free(call);
}

void store_batch_mark(struct store *store, const struct store_claim *claim,
                      const uint16_t *positions, size_t count, store_batch_marked_fn *on_answer,
                      void *context)
{
    assert(count <= STORE_MARKS_MAX);
    struct store_command *command =
        store_batch_begin(store, STORE_SCRIPT_MARK, &claim->name, claim->tenant);
    store_command_add_string(command, store_session_id(store));
    store_command_add_unsigned(command, claim->epoch);
    struct buffer *packed = store_command_scratch(command);
    for (size_t i = 0; i < count; i++) {
        char bytes[2];
        bytes_put_u16(bytes, positions[i]);
        buffer_append(packed, bytes, sizeof(bytes));
    }
    store_command_add_scratch(command);
    store_send(store, STORE_LINK_WRITE, on_marked,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_batch_add_changes(struct store_command *command, const struct store_row_change *changes,
                             size_t count)
{
    struct buffer *packed = store_command_scratch(command);
    for (size_t i = 0; i < count; i++) {
        unsigned char bytes[2 + ROWS_SIZE];
        bytes_put_u16(bytes, changes[i].position);
        rows_encode(&changes[i].row, bytes + 2);
        buffer_append(packed, bytes, sizeof(bytes));
    }
    store_command_add_scratch(command);
}

void store_batch_flush(struct store *store, const struct store_claim *claim,
                       const struct store_flush *flush, store_batch_written_fn *on_answer,
                       void *context)
{
    assert(flush->count <= CHANGES_MAX && flush->number > 0);
    struct store_command *command =
        store_batch_begin(store, STORE_SCRIPT_FLUSH, &claim->name, claim->tenant);
    store_batch_add_identity(store, command, &claim->name);
    store_command_add_string(command, store_session_id(store));
    store_command_add_unsigned(command, claim->epoch);
    store_command_add_unsigned(command, flush->number);
    store_command_add_string(command, flush->finishes ? "1" : "0");
    store_batch_add_changes(command, flush->changes, flush->count);
    store_command_add(command, flush->sealed_details);
    store_send(store, STORE_LINK_WRITE, on_written,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* Sweep */

void store_batch_on_changed(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    uint32_t changed = (uint32_t)store_reply_number(store_reply_at(reply, 1));
    uint8_t state = (uint8_t)store_reply_number(store_reply_at(reply, 2));
    ((store_batch_changed_fn *)call->on_answer)(call->context, error, changed, state);
    free(call);
}

void store_batch_sweep(struct store *store, const struct store_batch_name *name, struct text tenant,
                       enum outcome outcome, store_batch_changed_fn *on_answer, void *context)
{
    struct store_command *command =
        store_batch_begin_quarantine(store, STORE_SCRIPT_SWEEP, name, tenant);
    store_batch_add_identity(store, command, name);
    store_command_add_number(command, outcome);
    store_send(store, STORE_LINK_WRITE, store_batch_on_changed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_batch_hasten(struct store *store, const struct store_batch_name *name,
                        store_batch_changed_fn *on_answer, void *context)
{
    static const enum gate gates[] = {GATE_WARMUP_QUOTA, GATE_SITE_SUSPENDED};
    struct store_command *command = store_batch_begin(store, STORE_SCRIPT_HASTEN, name, TEXT(""));
    store_command_add_unsigned(command, name->number);
    for (size_t i = 0; i < sizeof gates / sizeof *gates; i++) {
        store_command_add_unsigned(command, gates[i]);
    }
    store_send(store, STORE_LINK_WRITE, store_batch_on_changed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
