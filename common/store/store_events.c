#include "common/store/store_events.h"

#include "common/store/store_entry.h"
#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 100000 /* of one answer */

/* Entries under way to the caller: all rows of all entries in one block. */
struct reading {
    struct store_event_entry *entries;
    struct store_row_change *changes;
    size_t count;
    size_t change_count;
};

static void count_rows(const redisReply *streams, size_t *ret_entries)
{
    *ret_entries = 0;
    for (size_t i = 0; i < store_reply_count(streams); i++) {
        *ret_entries += store_reply_count(store_reply_at(store_reply_at(streams, i), 1));
    }
}

/* "<prefix>:{pNN}:ev:<tenant>", "<prefix>:{fleet}:ev": which of the streams is it? */
static int read_partition(struct text key, unsigned int *ret_partition)
{
    size_t brace = text_find(key, '{');
    uint64_t partition = 0;
    if (text_starts_with(text_skip(key, brace), TEXT("{fleet}"))) {
        *ret_partition = STORE_EVENT_FLEET;
        return 0;
    }
    if (key.size < brace + 5 || key.data[brace + 1] != 'p' ||
        text_to_u64((struct text){key.data + brace + 2, 2}, STORE_EVENT_FLEET - 1, &partition) !=
            0) {
        return -EPROTO;
    }
    *ret_partition = (unsigned int)partition;
    return 0;
}

static int read_entry(struct reading *reading, const redisReply *reply, unsigned int partition)
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
    struct store_event_entry *entry = &reading->entries[reading->count];
    entry->partition = partition;
    reading->changes = xalloc_resize(reading->changes, reading->change_count + ROWS_PER_BATCH_MAX,
                                     sizeof(*reading->changes));
    if (store_entry_read_place(store_reply_text(store_reply_at(reply, 0)), &entry->place) != 0 ||
        store_entry_read(fields, count, reading->changes + reading->change_count, entry) != 0) {
        return -EPROTO;
    }
    reading->change_count += entry->count;
    reading->count++;
    return 0;
}

static int read_streams(struct reading *reading, const redisReply *streams)
{
    for (size_t i = 0; i < store_reply_count(streams); i++) {
        const redisReply *stream = store_reply_at(streams, i);
        const redisReply *entries = store_reply_at(stream, 1);
        unsigned int partition = 0;
        if (read_partition(store_reply_text(store_reply_at(stream, 0)), &partition) != 0) {
            return -EPROTO;
        }
        for (size_t k = 0; k < store_reply_count(entries); k++) {
            if (read_entry(reading, store_reply_at(entries, k), partition) != 0) {
                return -EPROTO;
            }
        }
    }
    return 0;
}

/* The block of rows moved while it grew: point into it now. */
static void place_changes(struct reading *reading)
{
    size_t at = 0;
    for (size_t i = 0; i < reading->count; i++) {
        reading->entries[i].changes = reading->changes + at;
        at += reading->entries[i].count;
    }
}

static void on_entries(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct reading reading = {0};
    size_t count = 0;
    count_rows(reply, &count);
    if (error == 0 && count > ENTRIES_MAX) {
        error = -EPROTO;
    }
    if (error == 0) {
        reading.entries = xalloc_zero(count + 1, sizeof(*reading.entries));
        error = read_streams(&reading, reply);
        place_changes(&reading);
    }
    ((store_events_fn *)call->on_answer)(call->context, error, reading.entries,
                                         error == 0 ? reading.count : 0);
    free(reading.entries);
    free(reading.changes);
    free(call);
}

static void add_stream_key(struct store *store, unsigned int partition, struct text tenant)
{
    struct store_command *command = store_command_of(store);
    if (partition == STORE_EVENT_FLEET) {
        store_keys_decisions(store_command_scratch(command), store_prefix(store));
    } else {
        store_keys_events(store_command_scratch(command), store_prefix(store), partition, tenant);
    }
    store_command_add_scratch(command);
}

static void add_place(struct store_command *command, const struct store_event_place *place)
{
    buffer_printf(store_command_scratch(command), "%" PRIu64 "-%" PRIu64, place->generation,
                  place->sequence);
    store_command_add_scratch(command);
}

void store_events_read(struct store *store, struct text tenant,
                       const struct store_event_place after[STORE_EVENT_STREAMS], size_t limit,
                       store_events_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "XREAD");
    store_command_add_string(command, "COUNT");
    store_command_add_unsigned(command, limit);
    store_command_add_string(command, "STREAMS");
    for (unsigned int partition = 0; partition < STORE_EVENT_STREAMS; partition++) {
        add_stream_key(store, partition, tenant);
    }
    for (unsigned int partition = 0; partition < STORE_EVENT_STREAMS; partition++) {
        add_place(command, &after[partition]);
    }
    store_send(store, STORE_LINK_READ, on_entries,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_events_after(struct store *store, const struct store_events_next *next,
                        store_events_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "XREAD");
    store_command_add_string(command, "COUNT");
    store_command_add_unsigned(command, next->limit);
    store_command_add_string(command, "STREAMS");
    add_stream_key(store, next->partition, next->tenant);
    add_place(command, &next->after);
    store_send(store, STORE_LINK_READ, on_entries,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void on_before(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct reading reading = {0};
    size_t count = error == 0 ? store_reply_count(reply) : 0;
    if (count > ENTRIES_MAX) {
        error = -EPROTO;
        count = 0;
    }
    reading.entries = xalloc_zero(count + 1, sizeof(*reading.entries));
    for (size_t i = 0; i < count && error == 0; i++) {
        error = read_entry(&reading, store_reply_at(reply, i), call->number);
    }
    place_changes(&reading);
    ((store_events_fn *)call->on_answer)(call->context, error, reading.entries,
                                         error == 0 ? reading.count : 0);
    free(reading.entries);
    free(reading.changes);
    free(call);
}

void store_events_before(struct store *store, const struct store_events_back *back,
                         store_events_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "XREVRANGE");
    add_stream_key(store, back->partition, back->tenant);
    if (back->before == NULL) {
        store_command_add_string(command, "+");
    } else {
        buffer_printf(store_command_scratch(command), "(%" PRIu64 "-%" PRIu64,
                      back->before->generation, back->before->sequence);
        store_command_add_scratch(command);
    }
    store_command_add_string(command, "-");
    store_command_add_string(command, "COUNT");
    store_command_add_unsigned(command, back->limit);
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    call->number = back->partition;
    store_send(store, STORE_LINK_READ, on_before, call);
}

/* Ranges: an answer for each stream, then the caller's */

struct ranges_call {
    store_events_ranges_fn *on_answer;
    void *context;
    struct store_events_range ranges[STORE_EVENT_STREAMS];
    unsigned int answered;
    int error;
};

static int64_t read_time(const redisReply *entry)
{
    const redisReply *values = store_reply_at(entry, 1);
    for (size_t i = 0; i + 1 < store_reply_count(values); i += 2) {
        if (text_equal(store_reply_text(store_reply_at(values, i)), TEXT("t"))) {
            return (int64_t)(store_reply_number(store_reply_at(values, i + 1)) & INT64_MAX);
        }
    }
    return 0;
}

static int read_end(const redisReply *entry, struct store_event_place *ret_place)
{
    return store_reply_count(entry) == 0
               ? 0
               : store_entry_read_place(store_reply_text(store_reply_at(entry, 0)), ret_place);
}

static int read_range(const redisReply *reply, struct store_events_range *range)
{
    uint64_t added = 0;
    int result = 0;
    for (size_t i = 0; i + 1 < store_reply_count(reply); i += 2) {
        struct text name = store_reply_text(store_reply_at(reply, i));
        const redisReply *value = store_reply_at(reply, i + 1);
        if (text_equal(name, TEXT("length"))) {
            range->length = store_reply_number(value);
        } else if (text_equal(name, TEXT("entries-added"))) {
            added = store_reply_number(value);
        } else if (text_equal(name, TEXT("last-generated-id"))) {
            result |= store_entry_read_place(store_reply_text(value), &range->last);
        } else if (text_equal(name, TEXT("first-entry"))) {
            range->oldest_unix_ms = read_time(value);
            result |= read_end(value, &range->first);
        }
    }
    if (range->length == 0) { /* all trimmed: what comes next is the first */
        range->first = range->last;
        range->first.sequence++;
    }
    range->removed = added > range->length ? added - range->length : 0;
    return result == 0 ? 0 : -EPROTO;
}

static void on_range(void *object, int error, const redisReply *reply)
{
    struct ranges_call *call = object;
    struct store_events_range *range = &call->ranges[call->answered++];
    if (error == 0) {
        error = read_range(reply, range);
    }
    /* -ENOENT: nobody has written to it yet. */
    if (error != 0 && error != -ENOENT) {
        call->error = error;
    }
    if (call->answered == STORE_EVENT_STREAMS) {
        call->on_answer(call->context, call->error, call->ranges);
        free(call);
    }
}

void store_events_ranges(struct store *store, struct text tenant, store_events_ranges_fn *on_answer,
                         void *context)
{
    struct store_command *command = store_command_of(store);
    struct ranges_call *call = xalloc_zero(1, sizeof(*call));
    call->on_answer = on_answer;
    call->context = context;
    for (unsigned int partition = 0; partition < STORE_EVENT_STREAMS; partition++) {
        store_command_begin(command, "XINFO");
        store_command_add_string(command, "STREAM");
        add_stream_key(store, partition, tenant);
        store_send(store, STORE_LINK_READ, on_range, call);
    }
}
