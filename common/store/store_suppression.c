#include "common/store/store_suppression.h"

#include "common/store/store_entry.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BYTES STORE_SUPPRESSION_HASH_BYTES
/* Buckets of one answer, and its values at most. */
#define BUCKETS_AT_ONCE 256
#define VALUES_MAX 200000

static void add_key(struct store *store, struct text tenant, const char *part)
{
    struct store_command *command = store_command_of(store);
    store_keys_suppression(store_command_scratch(command), store_prefix(store), tenant, part);
    store_command_add_scratch(command);
}

static void add_bucket(struct store *store, const struct store_suppression_list *list,
                       uint32_t bucket)
{
    struct store_command *command = store_command_of(store);
    store_keys_suppression_bucket(store_command_scratch(command), store_prefix(store), list->tenant,
                                  list->stream, bucket);
    store_command_add_scratch(command);
}

/* ------------------------------------------------------------------ changes */

static void on_done(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    struct text statuses = error == 0 ? store_reply_text(store_reply_at(reply, 1)) : TEXT("");
    if (error == 0 && statuses.size != call->number) {
        error = -EPROTO;
    }
    ((store_suppression_done_fn *)call->on_answer)(call->context, error, statuses);
    free(call);
}

static void change(struct store *store, const char *what, const struct store_suppression_list *list,
                   const struct store_suppression *entries, size_t count, struct store_call *call)
{
    assert(count > 0 && count <= STORE_SUPPRESSIONS_MAX);
    struct store_command *command = store_begin(store, STORE_SCRIPT_SUPPRESS, 2 + count);
    add_key(store, list->tenant, "");
    add_key(store, list->tenant, ":log");
    for (size_t i = 0; i < count; i++) {
        add_bucket(store, list, store_keys_suppression_nth(entries[i].hash));
    }
    store_command_add_string(command, what);
    store_command_add(command, list->stream);
    store_command_add_unsigned(command, STORE_SUPPRESSION_ENTRIES_MAX);
    store_command_add_unsigned(command, STORE_SUPPRESSION_LISTS_MAX);
    for (size_t i = 0; i < count; i++) {
        store_command_add(command, (struct text){(const char *)entries[i].hash, HASH_BYTES});
        store_command_add(command, entries[i].record);
    }
    call->number = (uint32_t)count;
    store_send(store, store_durable_kind(store, STORE_LINK_WRITE), on_done, call);
}

/* NOLINTNEXTLINE(readability-function-size): a list, entries, and who is to be answered */
void store_suppression_add(struct store *store, const struct store_suppression_list *list,
                           const struct store_suppression *entries, size_t count,
                           store_suppression_done_fn *on_answer, void *context)
{
    change(store, "add", list, entries, count,
           store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* NOLINTNEXTLINE(readability-function-size): as above */
void store_suppression_lift(struct store *store, const struct store_suppression_list *list,
                            const struct store_suppression *entries, size_t count,
                            store_suppression_done_fn *on_answer, void *context)
{
    change(store, "lift", list, entries, count,
           store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* ------------------------------------------------------------------ look-ups */

static int read_hits(const redisReply *reply, size_t asked, struct store_suppression_hit *ret_hits,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t position = store_reply_number(store_reply_at(reply, 2 + 3 * i));
        if (position >= asked) {
            return -EPROTO;
        }
        ret_hits[i] = (struct store_suppression_hit){
            .position = position,
            .is_of_all = store_reply_number(store_reply_at(reply, 3 + 3 * i)) == 0,
            .value = store_reply_text(store_reply_at(reply, 4 + 3 * i))};
    }
    return 0;
}

static void on_found(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    size_t values = error == 0 ? store_reply_count(reply) : 0;
    size_t count = values > 2 ? (values - 2) / 3 : 0;
    if (count > 2 * (size_t)STORE_SUPPRESSIONS_MAX || (error == 0 && values != 2 + 3 * count)) {
        error = -EPROTO;
        count = 0;
    }
    struct store_suppression_hit *hits = xalloc_zero(count + 1, sizeof *hits);
    error = error == 0 ? read_hits(reply, call->number, hits, count) : error;
    uint64_t number = error == 0 ? store_reply_number(store_reply_at(reply, 1)) : 0;
    ((store_suppression_found_fn *)call->on_answer)(call->context, error, number, hits,
                                                    error == 0 ? count : 0);
    free(hits);
    free(call);
}

static void add_buckets(struct store *store, const struct store_suppression_list *list,
                        struct text hashes)
{
    for (size_t at = 0; at < hashes.size; at += HASH_BYTES) {
        add_bucket(store, list, store_keys_suppression_nth(hashes.data + at));
    }
}

void store_suppression_find(struct store *store, const struct store_suppression_list *list,
                            struct text hashes, store_suppression_found_fn *on_answer,
                            void *context)
{
    size_t count = hashes.size / HASH_BYTES;
    bool is_all = text_equal(list->stream, TEXT(STORE_SUPPRESSION_ALL));
    const struct store_suppression_list all = {list->tenant, TEXT(STORE_SUPPRESSION_ALL)};
    assert(count > 0 && count <= STORE_SUPPRESSIONS_MAX && hashes.size % HASH_BYTES == 0);
    struct store_command *command =
        store_begin_reading(store, STORE_SCRIPT_SUPPRESS_FIND, 1 + (is_all ? 1 : 2) * count);
    add_key(store, list->tenant, "");
    add_buckets(store, &all, hashes);
    if (!is_all) {
        add_buckets(store, list, hashes);
    }
    store_command_add(command, is_all ? TEXT("") : list->stream);
    store_command_add(command, hashes);
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    call->number = (uint32_t)count;
    store_send(store, STORE_LINK_READ, on_found, call);
}

/* ------------------------------------------------------------------ news */

struct news_call {
    store_suppression_news_fn *on_answer;
    void *context;
    uint64_t after;
};

static int read_news(const redisReply *entry, struct store_suppression_news *ret_news)
{
    struct store_event_place place;
    const redisReply *values = store_reply_at(entry, 1);
    int error = store_entry_read_place(store_reply_text(store_reply_at(entry, 0)), &place);
    *ret_news = (struct store_suppression_news){.number = place.generation};
    for (size_t i = 0; i + 1 < store_reply_count(values); i += 2) {
        struct text name = store_reply_text(store_reply_at(values, i));
        struct text value = store_reply_text(store_reply_at(values, i + 1));
        if (text_equal(name, TEXT("s"))) {
            ret_news->stream = value;
        } else if (text_equal(name, TEXT("h"))) {
            ret_news->added = value;
        }
    }
    bool is_good = error == 0 && ret_news->added.size % STORE_SUPPRESSION_NEWS_BYTES == 0;
    return is_good ? 0 : -EPROTO;
}

static void on_news(void *object, int error, const redisReply *reply)
{
    struct news_call *call = object;
    size_t count = error == 0 ? store_reply_count(reply) : 0;
    bool is_whole = true;
    if (count > STORE_SUPPRESSION_NEWS_MAX) {
        error = -EPROTO;
    }
    count = error == 0 ? count : 0;
    struct store_suppression_news *news = xalloc_zero(count + 1, sizeof *news);
    for (size_t i = 0; i < count && error == 0; i++) {
        error = read_news(store_reply_at(reply, i), &news[i]);
        is_whole = is_whole && news[i].number == call->after + 1 + i;
    }
    call->on_answer(call->context, error, is_whole, news, error == 0 ? count : 0);
    free(news);
    free(call);
}

void store_suppression_read_news(struct store *store, struct text tenant, uint64_t after,
                                 store_suppression_news_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "XRANGE");
    add_key(store, tenant, ":log");
    buffer_printf(store_command_scratch(command), "(%" PRIu64 "-0", after);
    store_command_add_scratch(command);
    store_command_add_string(command, "+");
    store_command_add_string(command, "COUNT");
    store_command_add_unsigned(command, STORE_SUPPRESSION_NEWS_MAX);
    struct news_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct news_call){on_answer, context, after};
    store_send(store, STORE_LINK_READ, on_news, call);
}

/* ------------------------------------------------------------------ lists */

/* The bucket says the first 14 bits of a hash, the field the last 15 bytes. */
static int read_entry(uint64_t bucket, struct text field, struct store_suppression_entry *ret_entry)
{
    if (bucket >= STORE_SUPPRESSION_BUCKETS || field.size != HASH_BYTES - 1) {
        return -EPROTO;
    }
    ret_entry->hash[0] = (unsigned char)(bucket >> 6);
    memcpy(ret_entry->hash + 1, field.data, field.size);
    return store_keys_suppression_nth(ret_entry->hash) == bucket ? 0 : -EPROTO;
}

static void on_page(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    error = error == 0 ? store_reply_status(reply) : error;
    size_t values = error == 0 ? store_reply_count(reply) : 0;
    size_t count = values > 2 ? (values - 2) / 3 : 0;
    if (values > VALUES_MAX || (error == 0 && values != 2 + 3 * count)) {
        error = -EPROTO;
        count = 0;
    }
    struct store_suppression_entry *entries = xalloc_zero(count + 1, sizeof *entries);
    for (size_t i = 0; i < count && error == 0; i++) {
        uint64_t nth = store_reply_number(store_reply_at(reply, 2 + 3 * i));
        entries[i].value = store_reply_text(store_reply_at(reply, 4 + 3 * i));
        error = read_entry(call->number + nth, store_reply_text(store_reply_at(reply, 3 + 3 * i)),
                           &entries[i]);
    }
    uint64_t done = error == 0 ? store_reply_number(store_reply_at(reply, 1)) : 0;
    ((store_suppression_page_fn *)call->on_answer)(
        call->context, error, call->number + (uint32_t)done, entries, error == 0 ? count : 0);
    free(entries);
    free(call);
}

/* NOLINTNEXTLINE(readability-function-size): a list, where in it, and who is to be answered */
void store_suppression_page(struct store *store, const struct store_suppression_list *list,
                            uint32_t bucket, uint32_t enough, store_suppression_page_fn *on_answer,
                            void *context)
{
    assert(bucket < STORE_SUPPRESSION_BUCKETS);
    uint32_t count = STORE_SUPPRESSION_BUCKETS - bucket;
    count = count < BUCKETS_AT_ONCE ? count : BUCKETS_AT_ONCE;
    struct store_command *command = store_begin_reading(store, STORE_SCRIPT_SUPPRESS_LIST, count);
    for (uint32_t i = 0; i < count; i++) {
        add_bucket(store, list, bucket + i);
    }
    store_command_add_unsigned(command, enough);
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    call->number = bucket;
    store_send(store, STORE_LINK_READ, on_page, call);
}

static void on_counts(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t fields = error == 0 ? store_reply_count(reply) : 0;
    size_t count = 0;
    if (fields > STORE_REPLY_FIELDS_MAX) {
        error = -EPROTO;
        fields = 0;
    }
    struct store_suppression_count *counts = xalloc_zero(fields / 2 + 1, sizeof *counts);
    for (size_t i = 0; i + 1 < fields; i += 2) {
        struct text name = store_reply_text(store_reply_at(reply, i));
        if (name.size > 1 && name.data[0] == 's') {
            counts[count++] = (struct store_suppression_count){
                text_skip(name, 1), store_reply_number(store_reply_at(reply, i + 1))};
        }
    }
    ((store_suppression_counts_fn *)call->on_answer)(call->context, error, counts, count);
    free(counts);
    free(call);
}

void store_suppression_counts(struct store *store, struct text tenant,
                              store_suppression_counts_fn *on_answer, void *context)
{
    store_command_begin(store_command_of(store), "HGETALL");
    add_key(store, tenant, "");
    store_send(store, STORE_LINK_READ, on_counts,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
