#include "common/store/store_look.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As tokens.v1.lua has them. */
#define TOKENS_STEP_MS 100
#define TOKENS_HOLD_MS 90000

/* ---------------------------------------------------------------- a row */

/* Three reads, pipelined. */
struct row_call {
    store_look_row_fn *on_answer;
    void *context;
    struct store_look_row look;
    struct buffer provider;
    struct buffer group;
    int error;
};

static void read_session(const redisReply *reply, struct store_look_row *look)
{
    struct text session = store_reply_text(reply);
    if (session.size < sizeof look->session) {
        memcpy(look->session, session.data == NULL ? "" : session.data, session.size);
    }
}

static void on_header(void *object, int error, const redisReply *reply)
{
    struct row_call *call = object;
    call->error = error;
    if (error != 0) {
        return;
    }
    if (store_reply_is_nil(store_reply_at(reply, 0))) {
        call->error = -ENOENT;
        return;
    }
    call->look.rows = (uint32_t)store_reply_number(store_reply_at(reply, 0));
    buffer_append_text(&call->provider, store_reply_text(store_reply_at(reply, 1)));
    read_session(store_reply_at(reply, 2), &call->look);
    call->look.claimed_unix_s = (int64_t)store_reply_number(store_reply_at(reply, 3));
    call->look.deaths = (uint32_t)store_reply_number(store_reply_at(reply, 4));
    call->look.expires_unix_ms = (int64_t)store_reply_number(store_reply_at(reply, 5));
    struct text group = store_reply_text(store_reply_at(reply, 6));
    buffer_append_text(&call->group, group.size > 0 ? group : buffer_text(&call->provider));
}

static void on_row(void *object, int error, const redisReply *reply)
{
    struct row_call *call = object;
    struct text bytes = store_reply_text(reply);
    call->error = call->error != 0 ? call->error : error;
    if (call->error == 0 && bytes.size != ROWS_SIZE) {
        call->error = -ENOENT;
    }
    if (call->error == 0) {
        rows_decode((const unsigned char *)bytes.data, &call->look.row);
    }
}

static void on_due(void *object, int error, const redisReply *reply)
{
    struct row_call *call = object;
    call->error = call->error != 0 ? call->error : error;
    call->look.due_unix_s = (int64_t)store_reply_number(reply);
    call->look.provider = buffer_text(&call->provider);
    call->look.group = buffer_text(&call->group);
    call->on_answer(call->context, call->error, &call->look);
    buffer_finish(&call->provider);
    buffer_finish(&call->group);
    free(call);
}

void store_look_row(struct store *store, const struct store_batch_name *name, uint32_t position,
                    store_look_row_fn *on_answer, void *context)
{
    static const char *const fields[] = {"n", "p", "s", "t", "d", "x", "g"};
    struct store_command *command = store_command_of(store);
    struct row_call *call = xalloc_zero(1, sizeof *call);
    call->on_answer = on_answer;
    call->context = context;
    store_command_begin(command, "HMGET");
    store_add_batch_key(store, name->campaign, name->number, 'h');
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        store_command_add_string(command, fields[i]);
    }
    store_send(store, STORE_LINK_READ, on_header, call);
    store_command_begin(command, "GETRANGE");
    store_add_batch_key(store, name->campaign, name->number, 'r');
    store_command_add_unsigned(command, (uint64_t)position * ROWS_SIZE);
    store_command_add_unsigned(command, (uint64_t)position * ROWS_SIZE + ROWS_SIZE - 1);
    store_send(store, STORE_LINK_READ, on_row, call);
    store_command_begin(command, "ZSCORE");
    store_add_campaign_key(store, name->campaign, "due");
    store_command_add_unsigned(command, name->number);
    store_send(store, STORE_LINK_READ, on_due, call);
}

/* ---------------------------------------------------------------- shared limits */

/* "<transactional> <bulk>[ <seen ms>]" */
static bool read_counts(struct text value, uint64_t ret_counts[3])
{
    struct text part;
    size_t count = 0;
    ret_counts[2] = 0;
    while (count < 3 && text_next_part(&value, ' ', &part)) {
        if (text_to_u64(part, INT64_MAX / 4, &ret_counts[count]) != 0) {
            return false;
        }
        count++;
    }
    return count >= 2;
}

/* When what a field tells stops counting; 0: it says nothing of messages. */
static int64_t end_of(struct text name, const uint64_t counts[3], uint64_t window_ms)
{
    uint64_t step = 0;
    if (name.size > 1 && name.data[0] == 'd' &&
        text_to_u64(text_skip(name, 1), INT64_MAX / TOKENS_STEP_MS / 2, &step) == 0) {
        return (int64_t)(step * TOKENS_STEP_MS + window_ms);
    }
    bool is_on_way = name.size > 1 && name.data[0] == 'o';
    return is_on_way ? (int64_t)(counts[2] + TOKENS_HOLD_MS + window_ms) : 0;
}

int store_look_tokens_count(const struct text *fields, size_t count, uint64_t window_ms,
                            int64_t now_unix_ms, struct store_look_tokens *ret_look)
{
    struct store_look_tokens look = {0};
    count = fields == NULL ? 0 : count; /* nobody has used it yet */
    for (size_t i = 0; i + 1 < count; i += 2) {
        uint64_t counts[3];
        if (text_equal(fields[i], TEXT("v")) && !text_equal(fields[i + 1], TEXT("1"))) {
            return -EINVAL;
        }
        if (!read_counts(fields[i + 1], counts)) {
            continue;
        }
        int64_t ends_ms = end_of(fields[i], counts, window_ms);
        if (ends_ms <= now_unix_ms || counts[0] + counts[1] == 0) {
            continue;
        }
        look.used[STORE_TOKENS_TRANSACTIONAL] += counts[0];
        look.used[STORE_TOKENS_BULK] += counts[1];
        if (fields[i].data[0] == 'd' && (look.frees_unix_ms == 0 || ends_ms < look.frees_unix_ms)) {
            look.frees_unix_ms = ends_ms;
        }
    }
    *ret_look = look;
    return 0;
}

struct tokens_call {
    struct store *store;
    store_look_tokens_fn *on_answer;
    void *context;
    uint64_t window_ms;
};

static void on_tokens(void *object, int error, const redisReply *reply)
{
    struct tokens_call *call = object;
    struct store_look_tokens look = {0};
    size_t count = 0;
    struct text *fields = error == 0 ? store_reply_texts(reply, &count) : NULL;
    if (error == 0 && fields == NULL && store_reply_count(reply) > 0) {
        error = -EPROTO;
    }
    if (error == 0) {
        error = store_look_tokens_count(fields, count, call->window_ms,
                                        store_now_unix_ms(call->store), &look);
    }
    call->on_answer(call->context, error, &look);
    free(fields);
    free(call);
}

void store_look_tokens(struct store *store, const struct store_tokens_name *name,
                       uint64_t window_ms, store_look_tokens_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    struct tokens_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct tokens_call){store, on_answer, context, window_ms};
    store_command_begin(command, "HGETALL");
    if (name->campaign != NULL) {
        store_add_campaign_key(store, name->campaign, "tok");
    } else {
        store_keys_tokens(store_command_scratch(command), store_prefix(store), name->tenant,
                          name->name);
        store_command_add_scratch(command);
    }
    store_send(store, STORE_LINK_READ, on_tokens, call);
}

/* ---------------------------------------------------------------- sites of an IP */

struct sites_call {
    store_ip_sites_fn *on_answer;
    void *context;
    size_t count;
};

static void on_sites(void *object, int error, const redisReply *reply)
{
    struct sites_call *call = object;
    struct store_ip_site sites[STORE_LOOK_SITES_MAX];
    if (error == 0 && store_reply_count(reply) != call->count) {
        error = -EPROTO;
    }
    for (size_t i = 0; i < call->count; i++) {
        sites[i] = (struct store_ip_site){.state = store_reply_text(store_reply_at(reply, i))};
    }
    call->on_answer(call->context, error, sites, error == 0 ? call->count : 0);
    free(call);
}

void store_look_sites(struct store *store, const struct store_look_sites *look,
                      store_ip_sites_fn *on_answer, void *context)
{
    assert(look->count > 0 && look->count <= STORE_LOOK_SITES_MAX);
    struct store_command *command = store_command_of(store);
    struct sites_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct sites_call){on_answer, context, look->count};
    store_command_begin(command, "HMGET");
    store_ip_sites_add_key(store, look->ip, look->part);
    for (size_t i = 0; i < look->count; i++) {
        store_command_add(command, look->sites[i]);
    }
    store_send(store, STORE_LINK_READ, on_sites, call);
}
