/* The events of one recipient, from the newest back: its row's `seq` says how many there are. */
#include "coordinator/explain/explain_inside.h"

#include "common/base/clock.h"
#include "coordinator/events/event_decode.h"

#include <string.h>

/* Flushes at a time, and how long to look for: the streams hold days of other recipients' mail. */
#define ENTRIES 64
#define WORK_MS 2000

static void read_more(struct explain_ask *ask);

static bool is_about(const struct explain_ask *ask, const struct store_event_entry *entry,
                     size_t *ret_place)
{
    if (entry->kind != STORE_EVENT_ROWS || entry->name.number != ask->batch.number ||
        memcmp(entry->name.campaign, ask->batch.campaign, sizeof entry->name.campaign) != 0) {
        return false;
    }
    for (size_t i = 0; i < entry->count; i++) {
        if (entry->changes[i].position == ask->position) {
            *ret_place = i;
            return true;
        }
    }
    return false;
}

static const Hikyaku__V1__StoredEventDetails *open_details(struct explain_ask *ask,
                                                           const struct store_event_entry *entry)
{
    Hikyaku__V1__StoredEventDetails *details = NULL;
    struct buffer plain = {0};
    struct seal_name name = {.kind = SEAL_EVENTS, .batch = entry->name.number};
    memcpy(name.campaign, entry->name.campaign, sizeof name.campaign);
    if (ask->content != NULL && entry->sealed_details.size > 0 &&
        seal_decrypt(ask->explain->seal, ask->content->data_key, &name, entry->sealed_details,
                     WIRE_STORE_PLAIN_BYTES_MAX, &plain) == 0 &&
        wire_store_read_event_details(buffer_text(&plain), ask->arena, &details) != 0) {
        details = NULL;
    }
    seal_wipe_buffer(&plain);
    return details;
}

static void take(struct explain_ask *ask, const struct store_event_entry *entry, size_t place)
{
    const struct event_decode_input input = {.entry = entry,
                                             .campaign = ask->content,
                                             .details = open_details(ask, entry),
                                             .arena = ask->arena};
    Hikyaku__V1__Event *event = event_decode(&input, place);
    if (event != NULL && ask->try_count < EXPLAIN_TRIES_MAX) {
        event->index = ask->question.index;
        event->ref = explain_text(ask, text_of(ask->ref));
        ask->tries[ask->try_count++] = event;
    }
}

static bool wants_state(const struct explain_ask *ask)
{
    return ask->state_event == NULL &&
           ask->campaign.state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_PAUSED;
}

/* Who paused it, and why. */
static void take_state(struct explain_ask *ask, const struct store_event_entry *entry)
{
    if (!wants_state(ask) || entry->kind != STORE_EVENT_STATE ||
        entry->state != ask->campaign.state ||
        memcmp(entry->name.campaign, ask->batch.campaign, sizeof entry->name.campaign) != 0) {
        return;
    }
    const struct event_decode_input input = {.entry = entry, .arena = ask->arena};
    const Hikyaku__V1__Event *event = event_decode(&input, 0);
    if (event != NULL) {
        ask->state_reason = event->reason;
        ask->state_event = event->event_id;
        ask->state_since_unix_ms = event->recorded_unix_ms;
    }
}

/* What was before it was submitted is not about it. */
static bool is_through(const struct explain_ask *ask, const struct store_event_entry *entry)
{
    uint8_t seq = ask->look.row.seq;
    int64_t since_ms = ask->campaign.submitted_unix_ms != 0 ? ask->campaign.submitted_unix_ms
                                                            : ask->campaign.created_unix_ms;
    return (ask->try_count >= seq && !wants_state(ask)) || entry->recorded_unix_ms < since_ms;
}

static void on_entries(void *context, int error, const struct store_event_entry *entries,
                       size_t count)
{
    struct explain_ask *ask = context;
    bool is_through_all = count < ENTRIES;
    if (explain_is_broken(error)) {
        explain_end(ask, error, NULL);
        return;
    }
    for (size_t i = 0; error == 0 && i < count; i++) {
        size_t place = 0;
        take_state(ask, &entries[i]);
        if (ask->question.has_index && is_about(ask, &entries[i], &place)) {
            take(ask, &entries[i], place);
        }
        if (is_through(ask, &entries[i])) {
            is_through_all = true;
            break;
        }
        ask->tries_before = entries[i].place;
    }
    if (is_through_all || error != 0 || clock_monotonic_ms() >= ask->tries_until_ms) {
        ask->tries_cut = ask->try_count < ask->look.row.seq;
        explain_next(ask);
        return;
    }
    read_more(ask);
}

static void read_more(struct explain_ask *ask)
{
    const struct store_events_back back = {
        .tenant = ask->campaign.tenant,
        .partition = identity_partition(ask->batch.campaign),
        .before = ask->tries_before.generation == 0 ? NULL : &ask->tries_before,
        .limit = ENTRIES};
    store_events_before(ask->explain->settings.store, &back, on_entries, ask);
}

void explain_tries_read(struct explain_ask *ask)
{
    if (ask->look.row.seq == 0 && !wants_state(ask)) {
        explain_next(ask);
        return;
    }
    ask->tries_until_ms = clock_monotonic_ms() + WORK_MS;
    read_more(ask);
}

void explain_tries_answer(struct explain_ask *ask)
{
    Hikyaku__V1__TraceResponse answer;
    hikyaku__v1__trace_response__init(&answer);
    answer.events = explain_tries_oldest_first(ask);
    answer.n_events = ask->try_count;
    answer.cut = ask->tries_cut;
    explain_end(ask, 0, &answer.base);
}

Hikyaku__V1__Event **explain_tries_oldest_first(const struct explain_ask *ask)
{
    Hikyaku__V1__Event **events = arena_zero(ask->arena, ask->try_count + 1, sizeof(void *));
    for (size_t i = 0; i < ask->try_count; i++) {
        events[i] = ask->tries[ask->try_count - 1 - i];
    }
    return events;
}
