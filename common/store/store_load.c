#include "common/store/store_load.h"

#include "common/base/bytes.h"
#include "common/store/store_direct_inside.h"
#include "common/store/store_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Keys sent before their answers are looked at: enough for one sync of Redis' file for many, and
 * bounded by bytes, for values may be large. */
#define AHEAD_MAX 256
#define AHEAD_BYTES_MAX ((size_t)8 << 20)
#define PARTITIONS 64
#define PAGE 512
#define FORMAT "1"
#define ID_BYTES 16

struct store_load {
    struct store_direct *direct; /* borrowed */
    struct store_load_settings settings;
    bool is_repeated; /* half of it is there */
    unsigned int ahead;
    size_t ahead_bytes;
};

static struct store_command *begin(struct store_load *load, const char *name)
{
    struct store_command *command = store_direct_command(load->direct);
    store_command_begin(command, name);
    return command;
}

static void add_mark_key(struct store_load *load, struct store_command *command)
{
    store_keys_restored(store_command_scratch(command), load->settings.prefix);
    store_command_add_scratch(command);
}

/* Send, wait, throw the answer away. */
static int call(struct store_load *load, struct problem *problem)
{
    redisReply *reply = NULL;
    int error = store_direct_call(load->direct, &reply, problem);
    if (error == 0) {
        freeReplyObject(reply);
    }
    return error;
}

/* ---------------------------------------------------------------- the beginning */

static void add_id(struct store_command *command, const unsigned char id[ID_BYTES])
{
    char hex[2 * ID_BYTES + 1];
    bytes_to_hex(id, ID_BYTES, hex);
    store_command_add_string(command, hex);
}

static int count_keys(struct store_load *load, uint64_t *ret_count, struct problem *problem)
{
    redisReply *reply = NULL;
    (void)begin(load, "DBSIZE");
    int error = store_direct_call(load->direct, &reply, problem);
    if (error == 0) {
        *ret_count = store_reply_number(reply);
        freeReplyObject(reply);
    }
    return error;
}

/* @param ret_is_ours  the same backup, half loaded */
static int read_mark(struct store_load *load, bool *ret_is_ours, struct problem *problem)
{
    char hex[2 * ID_BYTES + 1];
    redisReply *reply = NULL;
    struct store_command *command = begin(load, "HMGET");
    add_mark_key(load, command);
    store_command_add_string(command, "s");
    store_command_add_string(command, "id");
    int error = store_direct_call(load->direct, &reply, problem);
    if (error != 0) {
        return error;
    }
    bytes_to_hex(load->settings.id, ID_BYTES, hex);
    *ret_is_ours = text_equal(store_reply_text(store_reply_at(reply, 0)), TEXT("loading")) &&
                   text_equal(store_reply_text(store_reply_at(reply, 1)), text_of(hex));
    freeReplyObject(reply);
    return 0;
}

static int look(struct store_load *load, struct problem *problem)
{
    uint64_t count = 0;
    int error = count_keys(load, &count, problem);
    if (error != 0 || count == 0) {
        return error;
    }
    error = read_mark(load, &load->is_repeated, problem);
    if (error != 0 || load->is_repeated) {
        return error;
    }
    problem_set(problem, "redis", "store_not_empty",
                "Redis is not empty: it holds %llu keys. Restore into a new one, while no "
                "coordinator and no worker is connected to it",
                (unsigned long long)count);
    return -EEXIST;
}

static int mark(struct store_load *load, const char *state, int64_t restored_unix_ms,
                struct problem *problem)
{
    struct store_command *command = begin(load, "HSET");
    add_mark_key(load, command);
    store_command_add_string(command, "v");
    store_command_add_string(command, FORMAT);
    store_command_add_string(command, "s");
    store_command_add_string(command, state);
    store_command_add_string(command, "id");
    add_id(command, load->settings.id);
    store_command_add_string(command, "taken");
    store_command_add_number(command, load->settings.taken_unix_ms);
    store_command_add_string(command, "restored");
    store_command_add_number(command, restored_unix_ms);
    return call(load, problem);
}

int store_load_begin(struct store_direct *direct, const struct store_load_settings *settings,
                     struct store_load **ret_load, struct problem *problem)
{
    struct store_load *load = xalloc_zero(1, sizeof *load);
    load->direct = direct;
    load->settings = *settings;
    int error = look(load, problem);
    if (error == 0) {
        error = mark(load, "loading", 0, problem);
    }
    if (error != 0) {
        store_load_close(&load);
        return error;
    }
    *ret_load = load;
    return 0;
}

void store_load_close(struct store_load **load)
{
    free(*load);
    *load = NULL;
}

/* ---------------------------------------------------------------- keys */

static int take_answers(struct store_load *load, struct problem *problem)
{
    int error = 0;
    for (; error == 0 && load->ahead > 0; load->ahead--) {
        redisReply *reply = NULL;
        error = store_direct_take(load->direct, &reply, problem);
        freeReplyObject(reply);
    }
    load->ahead_bytes = 0;
    return error;
}

int store_load_key(struct store_load *load, struct text key, int64_t expires_unix_ms,
                   struct text payload, bool *ret_is_loaded, struct problem *problem)
{
    *ret_is_loaded = store_keys_judge(load->settings.prefix, key) == STORE_KEYS_KEPT;
    if (!*ret_is_loaded) {
        return 0;
    }
    struct store_command *command = begin(load, "RESTORE");
    store_command_add(command, key);
    store_command_add_number(command, expires_unix_ms);
    store_command_add(command, payload);
    store_command_add_string(command, "ABSTTL");
    if (load->is_repeated) {
        store_command_add_string(command, "REPLACE");
    }
    int error = store_direct_append(load->direct, problem);
    if (error != 0) {
        return error;
    }
    load->ahead++;
    load->ahead_bytes += key.size + payload.size;
    bool is_far = load->ahead == AHEAD_MAX || load->ahead_bytes > AHEAD_BYTES_MAX;
    return is_far ? take_answers(load, problem) : 0;
}

/* ---------------------------------------------------------------- the end */

/* Even should this be the same Redis: events go on in a new generation, so that readers whose
 * cursor lies behind the end of what was loaded are told. */
static int end_generation(struct store_load *load, unsigned int partition, struct problem *problem)
{
    redisReply *reply = NULL;
    struct store_command *command = begin(load, "EXISTS");
    store_keys_generation(store_command_scratch(command), load->settings.prefix, partition);
    store_command_add_scratch(command);
    int error = store_direct_call(load->direct, &reply, problem);
    if (error != 0) {
        return error;
    }
    bool exists = store_reply_number(reply) > 0;
    freeReplyObject(reply);
    if (!exists) {
        return 0;
    }
    command = begin(load, "HSET");
    store_keys_generation(store_command_scratch(command), load->settings.prefix, partition);
    store_command_add_scratch(command);
    store_command_add_string(command, "run");
    store_command_add_string(command, "");
    return call(load, problem);
}

int store_load_end(struct store_load *load, int64_t now_unix_ms, struct problem *problem)
{
    int error = take_answers(load, problem);
    for (unsigned int i = 0; error == 0 && i < PARTITIONS; i++) {
        error = end_generation(load, i, problem);
    }
    return error != 0 ? error : mark(load, "waiting", now_unix_ms, problem);
}

/* ---------------------------------------------------------------- month keys */

struct months {
    struct store_load_month *items; /* ascending */
    size_t count;
};

static int note_month(uint32_t month, struct months *months)
{
    size_t at = 0;
    while (at < months->count && months->items[at].month < month) {
        at++;
    }
    struct store_load_month *item = months->items + at;
    if (at == months->count || item->month != month) {
        if (months->count == STORE_LOAD_MONTHS_MAX) {
            return -EMSGSIZE;
        }
        memmove(item + 1, item, (months->count - at) * sizeof *item);
        *item = (struct store_load_month){.month = month};
        months->count++;
    }
    item->campaigns++;
    return 0;
}

/* A wrapped key begins with its month. */
static int take_months(struct store_load *load, struct months *months, struct problem *problem)
{
    int result = 0;
    for (; load->ahead > 0 && result == 0; load->ahead--) {
        redisReply *reply = NULL;
        result = store_direct_take(load->direct, &reply, problem);
        if (result == 0) {
            struct text key = store_reply_text(reply);
            result = key.size > 4 ? note_month(bytes_get_u32(key.data), months) : 0;
            freeReplyObject(reply);
        }
    }
    return result;
}

static int ask_keys(struct store_load *load, const redisReply *ids, struct problem *problem)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < store_reply_count(ids); i++) {
        struct text id = store_reply_text(store_reply_at(ids, i));
        if (id.size != ID_BYTES) {
            continue;
        }
        struct store_command *command = begin(load, "HGET");
        store_keys_campaign(store_command_scratch(command), load->settings.prefix,
                            (const unsigned char *)id.data, NULL);
        store_command_add_scratch(command);
        store_command_add_string(command, "key");
        error = store_direct_append(load->direct, problem);
        load->ahead += error == 0 ? 1 : 0;
    }
    return error;
}

/* @param ret_is_last  there are no more */
static int months_of_page(struct store_load *load, unsigned int partition, size_t first,
                          struct months *months, bool *ret_is_last, struct problem *problem)
{
    redisReply *ids = NULL;
    struct store_command *command = begin(load, "ZRANGE");
    store_keys_all(store_command_scratch(command), load->settings.prefix, partition);
    store_command_add_scratch(command);
    store_command_add_unsigned(command, first);
    store_command_add_unsigned(command, first + PAGE - 1);
    int error = store_direct_call(load->direct, &ids, problem);
    if (error != 0) {
        return error;
    }
    *ret_is_last = store_reply_count(ids) < PAGE;
    error = ask_keys(load, ids, problem);
    freeReplyObject(ids);
    return error != 0 ? error : take_months(load, months, problem);
}

int store_load_months(struct store_load *load, struct store_load_month *ret_months,
                      size_t *ret_count, struct problem *problem)
{
    struct months months = {.items = ret_months};
    for (unsigned int i = 0; i < PARTITIONS; i++) {
        bool is_last = false;
        for (size_t first = 0; !is_last; first += PAGE) {
            int error = months_of_page(load, i, first, &months, &is_last, problem);
            if (error != 0) {
                return error;
            }
        }
    }
    *ret_count = months.count;
    return 0;
}
