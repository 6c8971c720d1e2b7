#include "coordinator/events/event_reader.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/store_retention.h"
#include "coordinator/events/event_decode.h"
#include "coordinator/events/event_gaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Entries taken of each stream in one round: 65 x 4 of at most 500 rows bound the memory. */
#define ENTRIES_PER_STREAM 4
/* Rounds without an event that pass a filter, before the reader is sent on. */
#define ROUNDS_MAX 64
/* A call works so long at most and then answers with what it has: where Redis answers slowly, a
 * caller who gives up and repeats would never get on. */
#define WORK_MS 5000
/* How often a waiting reader looks: one pipelined read of empty streams. */
#define LOOK_AGAIN_MS 200
#define REFS_AGAIN_MS SECOND_MS

struct event_reader {
    struct event_reader_settings settings;
    struct event_batches *batches; /* owned */
    struct seal *seal;             /* owned */
    struct event_reading *readings;
};

struct event_reading {
    struct event_reader *reader; /* borrowed */
    struct event_reading_request request;
    event_reading_fn *on_answer;
    void *context;
    struct event_reading_answer answer;
    struct event_cursor cursor;
    struct loop_timer *timer; /* owned */
    uint64_t deadline_ms;
    uint64_t work_until_ms; /* 0: it waits */
    unsigned int rounds;
    struct arena *round; /* owned: the entries of one round */
    struct store_event_entry *entries;
    size_t entry_count;
    size_t first;                      /* where the round begins: at the entry that was cut */
    size_t at;                         /* entries done */
    struct catalog_campaign *campaign; /* of the entry in work; a reference */
    struct loop_timer *again;          /* owned: refs that were missing are looked for once more */
    bool is_again;
    bool is_full;     /* max_events reached */
    bool may_be_more; /* a stream gave as many entries as were asked for */
    bool is_hurried;
    struct event_reading *prev;
    struct event_reading *next;
};

static void start(void *context);
static void step(struct event_reading *reading);
static void read_round(struct event_reading *reading);

static void finish(struct event_reading *reading, int error)
{
    DL_DELETE(reading->reader->readings, reading);
    reading->answer.next = reading->cursor;
    reading->answer.has_more = reading->is_full || reading->may_be_more;
    reading->on_answer(reading->context, error, &reading->answer);
    catalog_release(&reading->campaign);
    loop_timer_destroy(&reading->timer);
    loop_timer_destroy(&reading->again);
    arena_destroy(&reading->round);
    free(reading);
}

/* All entries of this round are done. */
static void end_round(struct event_reading *reading)
{
    bool is_late = reading->is_hurried || clock_monotonic_ms() >= reading->deadline_ms;
    if (!reading->is_full && reading->may_be_more && ++reading->rounds < ROUNDS_MAX) {
        read_round(reading);
    } else if (reading->is_full || reading->may_be_more || reading->answer.count > 0 || is_late) {
        finish(reading, 0);
    } else {
        reading->work_until_ms = 0;
        loop_timer_start(reading->timer, LOOK_AGAIN_MS, 0);
    }
}

static void end_entry(struct event_reading *reading, const struct store_event_entry *entry)
{
    reading->cursor.places[entry->partition] = entry->place;
    if (reading->cursor.cut_partition == entry->partition) {
        reading->cursor.cut_partition = EVENT_CURSOR_UNCUT;
    }
    reading->at++;
}

static void decode_entry(struct event_reading *reading, const struct store_event_entry *entry,
                         const struct event_decode_input *input)
{
    size_t count = event_decode_count(entry);
    size_t place =
        reading->cursor.cut_partition == entry->partition ? reading->cursor.cut_offset : 0;
    for (; place < count; place++) {
        if (reading->answer.count >= reading->request.max_events) {
            reading->cursor.cut_partition = (uint8_t)entry->partition;
            reading->cursor.cut_offset = (uint16_t)place;
            reading->is_full = true;
            return;
        }
        Hikyaku__V1__Event *event = event_decode(input, place);
        if (event != NULL) {
            reading->answer.events[reading->answer.count++] = event;
        }
    }
    end_entry(reading, entry);
}

static const Hikyaku__V1__StoredEventDetails *open_details(struct event_reading *reading,
                                                           const struct store_event_entry *entry)
{
    Hikyaku__V1__StoredEventDetails *details = NULL;
    struct buffer plain = {NULL, 0, 0};
    struct seal_name name = {.kind = SEAL_EVENTS, .batch = entry->name.number};
    memcpy(name.campaign, entry->name.campaign, sizeof name.campaign);
    if (entry->sealed_details.size > 0 && reading->campaign != NULL &&
        seal_decrypt(reading->reader->seal, reading->campaign->data_key, &name,
                     entry->sealed_details, WIRE_STORE_PLAIN_BYTES_MAX, &plain) == 0 &&
        wire_store_read_event_details(buffer_text(&plain), reading->round, &details) != 0) {
        details = NULL;
    }
    seal_wipe_buffer(&plain);
    return details;
}

static const struct store_event_entry *entry_in_work(const struct event_reading *reading)
{
    return &reading->entries[(reading->first + reading->at) % reading->entry_count];
}

static bool is_of_store(int error)
{
    return error == -EAGAIN || error == -ECONNRESET || error == -ECANCELED;
}

static void tell_entry(struct event_reading *reading, const struct wire_store_ref *refs,
                       size_t count)
{
    const struct store_event_entry *entry = entry_in_work(reading);
    reading->is_again = false;
    struct event_decode_input input = {
        .entry = entry,
        .campaign = reading->campaign,
        .refs = refs,
        .ref_count = count,
        .details = open_details(reading, entry),
        .filter = reading->request.filter,
        .arena = reading->request.arena,
    };
    decode_entry(reading, entry, &input);
    catalog_release(&reading->campaign);
    step(reading);
}

static bool has_batch(const struct store_event_entry *entry)
{
    return entry->kind == STORE_EVENT_ROWS || entry->kind == STORE_EVENT_UNSUBSCRIBED;
}

static void on_header(void *context, int error, const struct store_campaign *header)
{
    struct event_reading *reading = context;
    if (is_of_store(error)) {
        finish(reading, error);
        return;
    }
    const struct store_event_entry *entry = entry_in_work(reading);
    bool is_shed = error != 0 || header->shed >= STORE_SHED_ROWS;
    if (is_shed || reading->is_again) {
        if (!is_shed) {
            LOG(LOG_EVENT_REFS_MISSING, NULL, log_string("campaign", reading->campaign->id_text),
                log_number("batch", entry->name.number));
        }
        tell_entry(reading, NULL, 0);
        return;
    }
    reading->is_again = true;
    loop_timer_start(reading->again, REFS_AGAIN_MS, 0);
}

static void on_refs(void *context, int error, const struct wire_store_ref *refs, size_t count)
{
    struct event_reading *reading = context;
    if (is_of_store(error)) {
        finish(reading, error);
    } else if (error == -ENOENT && reading->campaign != NULL && has_batch(entry_in_work(reading))) {
        /* Gone for good, by retention, or not there at this moment: a primary has just changed. */
        store_campaign_get(reading->reader->settings.store, reading->campaign->id, on_header,
                           reading);
    } else {
        tell_entry(reading, error == 0 ? refs : NULL, error == 0 ? count : 0);
    }
}

static void on_again(void *context)
{
    struct event_reading *reading = context;
    event_batches_find(reading->reader->batches, reading->campaign, &entry_in_work(reading)->name,
                       on_refs, reading);
}

static void on_campaign(void *context, int error, struct catalog_campaign *campaign)
{
    struct event_reading *reading = context;
    if (is_of_store(error)) {
        finish(reading, error);
        return;
    }
    const struct store_event_entry *entry = entry_in_work(reading);
    reading->campaign = campaign; /* NULL: it is gone, the events are told all the same */
    if (campaign != NULL && has_batch(entry)) {
        event_batches_find(reading->reader->batches, campaign, &entry->name, on_refs, reading);
    } else {
        on_refs(reading, -ENOENT, NULL, 0);
    }
}

/* At least one entry is done in a call, so that whoever repeats it gets on. */
static void note_work(struct event_reading *reading)
{
    if (reading->at == reading->entry_count) {
        return;
    }
    uint64_t now_ms = clock_monotonic_ms();
    if (reading->work_until_ms == 0) {
        reading->work_until_ms = now_ms + WORK_MS;
    } else if (now_ms >= reading->work_until_ms) {
        reading->is_full = true;
    }
}

static bool may_pass(const struct event_reading *reading, const struct store_event_entry *entry)
{
    bool is_hidden = reading->request.hides_fleet && entry->kind == STORE_EVENT_DECISION;
    return !is_hidden && event_decode_may_pass(entry, reading->request.filter);
}

/* Take the next entry in work; whoever finishes it comes back here. */
static void step_once(struct event_reading *reading)
{
    while (reading->at < reading->entry_count && !may_pass(reading, entry_in_work(reading))) {
        end_entry(reading, entry_in_work(reading));
    }
    note_work(reading);
    if (reading->is_full || reading->at == reading->entry_count) {
        end_round(reading);
        return;
    }
    if (entry_in_work(reading)->kind == STORE_EVENT_DECISION) {
        on_campaign(reading, -ENOENT, NULL); /* of none */
        return;
    }
    catalog_load(reading->reader->settings.catalog, entry_in_work(reading)->name.campaign,
                 on_campaign, reading);
}

static void on_deferred_step(void *context)
{
    step_once(context);
}

/* Answers often come at once (all is in memory): the loop's queue takes the place of recursion. */
static void step(struct event_reading *reading)
{
    loop_defer(reading->reader->settings.loop, on_deferred_step, reading);
}

static void copy_entry(struct arena *arena, const struct store_event_entry *from,
                       struct store_event_entry *to)
{
    *to = *from;
    struct store_row_change *changes = arena_zero(arena, from->count, sizeof *changes);
    if (from->count > 0) {
        memcpy(changes, from->changes, from->count * sizeof *changes);
    }
    to->changes = changes;
    to->sealed_details = arena_text(arena, from->sealed_details);
    to->reason = arena_text(arena, from->reason);
    to->decision = arena_text(arena, from->decision);
}

/* Redis came back with another history while we read: this is told before what is new is. */
static bool has_untold(const struct event_reading *reading, const struct store_event_entry *entries,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (event_gaps_is_untold(&reading->cursor, entries[i].partition,
                                 entries[i].place.generation)) {
            return true;
        }
    }
    return false;
}

static void look_for_gaps(struct event_reading *reading)
{
    if (reading->answer.count > reading->request.max_events) {
        reading->is_full = true; /* the next call looks */
        finish(reading, 0);
        return;
    }
    start(reading);
}

/* The entry that was cut goes first: a cursor can hold one cut only. */
static size_t first_of_round(const struct event_reading *reading)
{
    for (size_t i = 0; i < reading->entry_count; i++) {
        if (reading->entries[i].partition == reading->cursor.cut_partition) {
            return i;
        }
    }
    return 0;
}

static void on_entries(void *context, int error, const struct store_event_entry *entries,
                       size_t count)
{
    struct event_reading *reading = context;
    if (error != 0) {
        finish(reading, error);
        return;
    }
    if (has_untold(reading, entries, count)) {
        look_for_gaps(reading);
        return;
    }
    arena_reset(reading->round);
    reading->entries = arena_zero(reading->round, count, sizeof *reading->entries);
    reading->entry_count = count;
    reading->at = 0;
    reading->may_be_more = false;
    for (size_t i = 0; i < count; i++) {
        copy_entry(reading->round, &entries[i], &reading->entries[i]);
        size_t back = ENTRIES_PER_STREAM - 1;
        reading->may_be_more = reading->may_be_more ||
                               (i >= back && entries[i - back].partition == entries[i].partition);
    }
    reading->first = first_of_round(reading);
    bool has_cut =
        count > 0 && reading->entries[reading->first].partition == reading->cursor.cut_partition;
    if (!has_cut) {
        reading->cursor.cut_partition = EVENT_CURSOR_UNCUT;
    }
    step(reading);
}

static void read_round(struct event_reading *reading)
{
    store_events_read(reading->reader->settings.store, reading->request.tenant,
                      reading->cursor.places, ENTRIES_PER_STREAM, on_entries, reading);
}

static void on_timer(void *context)
{
    read_round(context);
}

static void on_ranges(void *context, int error,
                      const struct store_events_range ranges[EVENT_CURSOR_PARTITIONS])
{
    struct event_reading *reading = context;
    if (error != 0) {
        finish(reading, error);
        return;
    }
    for (size_t i = 0; i < EVENT_CURSOR_PARTITIONS; i++) {
        int64_t oldest_ms = ranges[i].oldest_unix_ms;
        if (oldest_ms > 0 &&
            (reading->answer.oldest_unix_ms == 0 || oldest_ms < reading->answer.oldest_unix_ms)) {
            reading->answer.oldest_unix_ms = oldest_ms;
        }
        if (reading->request.from_latest) {
            reading->cursor.places[i] = ranges[i].last;
        }
    }
    reading->request.from_latest = false;
    reading->answer.count += event_gaps_find(&reading->cursor, ranges, reading->request.arena,
                                             reading->answer.events + reading->answer.count);
    read_round(reading);
}

static void start(void *context)
{
    struct event_reading *reading = context;
    store_events_ranges(reading->reader->settings.store, reading->request.tenant, on_ranges,
                        reading);
}

struct event_reading *event_reader_read(struct event_reader *reader,
                                        const struct event_reading_request *request,
                                        event_reading_fn *on_answer, void *context)
{
    struct event_reading *reading = xalloc_zero(1, sizeof *reading);
    reading->reader = reader;
    reading->request = *request;
    reading->on_answer = on_answer;
    reading->context = context;
    reading->cursor = request->cursor;
    if (request->from_latest) {
        event_cursor_init(&reading->cursor);
    }
    /* Gaps of every stream fit beside the events asked for. */
    reading->answer.events =
        arena_zero(request->arena, request->max_events + (size_t)2 * EVENT_CURSOR_PARTITIONS,
                   sizeof(Hikyaku__V1__Event *));
    reading->round = arena_create(0);
    reading->timer = loop_timer_create(reader->settings.loop, on_timer, reading);
    reading->again = loop_timer_create(reader->settings.loop, on_again, reading);
    reading->deadline_ms = clock_monotonic_ms() + request->wait_ms;
    DL_APPEND(reader->readings, reading);
    loop_defer(reader->settings.loop, start, reading);
    return reading;
}

void event_reader_hurry(struct event_reading *reading)
{
    reading->is_hurried = true;
    if (loop_timer_is_active(reading->timer)) {
        loop_timer_start(reading->timer, 0, 0);
    }
}

struct event_reader *event_reader_create(const struct event_reader_settings *settings)
{
    struct event_reader *reader = xalloc_zero(1, sizeof *reader);
    reader->settings = *settings;
    reader->batches = event_batches_create(settings->store);
    reader->seal = seal_create(0);
    return reader;
}

void event_reader_destroy(struct event_reader **reader)
{
    if (*reader == NULL) {
        return;
    }
    struct event_reading *reading = NULL;
    struct event_reading *next = NULL;
    DL_FOREACH_SAFE((*reader)->readings, reading, next)
    {
        finish(reading, -ECANCELED);
    }
    event_batches_destroy(&(*reader)->batches);
    seal_destroy(&(*reader)->seal);
    free(*reader);
    *reader = NULL;
}

struct event_batches *event_reader_batches(struct event_reader *reader)
{
    return reader->batches;
}
