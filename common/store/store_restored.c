#include "common/store/store_restored.h"

#include "common/base/bytes.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far counters of events jump: more than a campaign has batches. */
#define EVENTS_APART 1048576
#define SCAN_COUNT 512
#define NUMBERS_MAX 65536

static void add_mark_key(struct store *store, struct store_command *command)
{
    store_keys_restored(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
}

/* ---------------------------------------------------------------- the mark */

static const struct {
    const char *word;
    enum store_restored_state state;
} states[] = {
    {"loading", STORE_RESTORED_LOADING},
    {"waiting", STORE_RESTORED_WAITING},
    {"decided", STORE_RESTORED_DECIDED},
};

static void read_state(struct text word, struct store_restored *restored)
{
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (text_equal(word, text_of(states[i].word))) {
            restored->state = states[i].state;
        }
    }
}

static void read_done(struct text name, struct store_restored *restored)
{
    uint64_t partition = 0;
    if (name.size == 3 && name.data[0] == 'p' &&
        text_to_u64(text_skip(name, 1), 63, &partition) == 0) {
        restored->done |= (uint64_t)1 << partition;
    }
}

static int64_t read_time(struct text value)
{
    uint64_t time = 0;
    return text_to_u64(value, INT64_MAX, &time) == 0 ? (int64_t)time : 0;
}

static void read_field(struct text name, struct text value, struct store_restored *restored)
{
    if (text_equal(name, TEXT("s"))) {
        read_state(value, restored);
    } else if (text_equal(name, TEXT("id")) && value.size == STORE_RESTORED_ID_LENGTH) {
        memcpy(restored->id, value.data, value.size);
    } else if (text_equal(name, TEXT("taken"))) {
        restored->taken_unix_ms = read_time(value);
    } else if (text_equal(name, TEXT("restored"))) {
        restored->restored_unix_ms = read_time(value);
    } else if (text_equal(name, TEXT("lost"))) {
        restored->decision.lost_unix_ms = read_time(value);
    } else if (text_equal(name, TEXT("assume"))) {
        restored->decision.assume = (uint8_t)read_time(value);
    } else if (text_equal(name, TEXT("drafts"))) {
        restored->decision.keeps_drafts = text_equal(value, TEXT("1"));
    } else {
        read_done(name, restored);
    }
}

/* A mark that cannot be read is one all the same: nothing is driven. */
static int read_mark(const redisReply *reply, struct store_restored *restored)
{
    bool is_known = false;
    size_t count = store_reply_count(reply);
    for (size_t i = 0; i + 1 < count; i += 2) {
        struct text name = store_reply_text(store_reply_at(reply, i));
        struct text value = store_reply_text(store_reply_at(reply, i + 1));
        is_known = is_known || (text_equal(name, TEXT("v")) && text_equal(value, TEXT("1")));
        read_field(name, value, restored);
    }
    bool is_right = is_known && restored->state != STORE_RESTORED_NONE && restored->id[0] != '\0';
    return count == 0 || is_right ? 0 : -EPROTO;
}

static void on_mark(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_restored restored = {.state = STORE_RESTORED_NONE};
    error = error == 0 ? read_mark(reply, &restored) : error;
    ((store_restored_fn *)call->on_answer)(call->context, error, error == 0 ? &restored : NULL);
    free(call);
}

void store_restored_read(struct store *store, store_restored_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "HGETALL");
    add_mark_key(store, command);
    store_send(store, STORE_LINK_READ, on_mark,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void on_done(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    ((store_restored_done_fn *)call->on_answer)(call->context, error);
    free(call);
}

static void send(struct store *store, store_restored_done_fn *on_answer, void *context)
{
    store_send(store, STORE_LINK_WRITE, on_done,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_restored_decide(struct store *store, const char *id,
                           const struct store_restored_decision *decision,
                           store_restored_done_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_RESTORED, 1);
    add_mark_key(store, command);
    store_command_add_string(command, "decide");
    store_command_add_string(command, id);
    store_command_add_unsigned(command, decision->assume);
    store_command_add_unsigned(command, decision->keeps_drafts ? 1 : 0);
    store_command_add_number(command, decision->lost_unix_ms);
    send(store, on_answer, context);
}

void store_restored_finish(struct store *store, unsigned int partition,
                           store_restored_done_fn *on_answer, void *context)
{
    char field[8];
    struct store_command *command = store_begin(store, STORE_SCRIPT_RESTORED, 1);
    add_mark_key(store, command);
    store_command_add_string(command, "finish");
    (void)snprintf(field, sizeof field, "p%02u", partition % 64);
    store_command_add_string(command, field);
    send(store, on_answer, context);
}

/* ---------------------------------------------------------------- steps */

void store_restored_batch(struct store *store, const struct store_restored_step *step,
                          store_batch_changed_fn *on_answer, void *context)
{
    struct store_command *command =
        store_batch_begin_quarantine(store, STORE_SCRIPT_RESTORED_BATCH, &step->name, step->tenant);
    store_batch_add_identity(store, command, &step->name);
    store_command_add_string(command, step->session);
    store_command_add_unsigned(command, step->may_all_be_sent ? 1 : 0);
    store_command_add_unsigned(command, step->holds ? 1 : 0);
    store_command_add_number(command, step->lost_unix_s);
    store_send(store, STORE_LINK_WRITE, store_batch_on_changed,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_restored_campaign(struct store *store, const unsigned char campaign[16],
                             store_restored_done_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_RESTORED_CAMPAIGN, 1);
    store_add_campaign_key(store, campaign, NULL);
    store_command_add_unsigned(command, EVENTS_APART);
    send(store, on_answer, context);
}

void store_restored_stream(struct store *store, unsigned int partition, struct text tenant,
                           store_restored_done_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_RESTORED_STREAM, 2);
    store_keys_events(store_command_scratch(command), store_prefix(store), partition, tenant);
    store_command_add_scratch(command);
    store_keys_generation(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    store_command_add_string(command, store_run_id(store));
    send(store, on_answer, context);
}

/* ---------------------------------------------------------------- batches */

/* [next cursor, [member, score, member, score, ...]] */
static int read_numbers(const redisReply *reply, uint32_t *ret_numbers, size_t count)
{
    const redisReply *pairs = store_reply_at(reply, 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;
        if (text_to_u64(store_reply_text(store_reply_at(pairs, 2 * i)), UINT32_MAX, &number) != 0) {
            return -EPROTO;
        }
        ret_numbers[i] = (uint32_t)number;
    }
    return 0;
}

static void on_batches(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = error == 0 ? store_reply_count(store_reply_at(reply, 1)) / 2 : 0;
    uint64_t next = error == 0 ? store_reply_number(store_reply_at(reply, 0)) : 0;
    if (count > NUMBERS_MAX) {
        error = -EPROTO;
        count = 0;
    }
    uint32_t *numbers = xalloc_zero(count + 1, sizeof *numbers);
    error = error == 0 ? read_numbers(reply, numbers, count) : error;
    ((store_restored_batches_fn *)call->on_answer)(call->context, error, numbers,
                                                   error == 0 ? count : 0, next);
    free(numbers);
    free(call);
}

void store_restored_batches(struct store *store, const unsigned char campaign[16], uint64_t cursor,
                            store_restored_batches_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "ZSCAN");
    store_add_campaign_key(store, campaign, "due");
    store_command_add_unsigned(command, cursor);
    store_command_add_string(command, "COUNT");
    store_command_add_unsigned(command, SCAN_COUNT);
    store_send(store, STORE_LINK_READ, on_batches,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
