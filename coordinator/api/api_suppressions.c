/* CheckSuppressions, ListSuppressions. */
#include "common/base/bytes.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/suppression/suppression.h"

#include <string.h>

/* Addresses of a page. */
#define PAGE_ENTRIES 500

struct list_of_records {
    Hikyaku__V1__Suppression **items; /* in the arena */
    size_t count;
    size_t room;
};

static void append(struct arena *arena, struct list_of_records *list,
                   Hikyaku__V1__Suppression *item)
{
    if (list->count == list->room) {
        size_t room = list->room * 2 + 64;
        Hikyaku__V1__Suppression **items = arena_zero(arena, room, sizeof(void *));
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof(void *));
        }
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = item;
}

/* Where an entry stands, and what stands there. */
struct entry {
    uint32_t index;
    const char *stream;
    const unsigned char *hash;
    struct text value;
};

static void append_records(struct arena *arena, struct list_of_records *list,
                           const struct entry *entry)
{
    struct text rest = entry->value;
    struct suppression_record record;
    char hash[ADDRESS_HASH_LENGTH + 1];
    bytes_to_hex(entry->hash, ADDRESS_HASH_BYTES, hash);
    while (suppression_record_next(&rest, &record) == 0) {
        Hikyaku__V1__Suppression *one = arena_alloc(arena, sizeof *one);
        hikyaku__v1__suppression__init(one);
        one->index = entry->index;
        one->stream = arena_printf(arena, "%s", entry->stream);
        one->address_hash = arena_printf(arena, "%s", hash);
        one->reason = (Hikyaku__V1__SuppressionReason)record.reason;
        one->source = (Hikyaku__V1__SuppressionSource)record.source;
        one->actor = arena_printf(arena, "%.*s", TEXT_PRINT(record.actor));
        one->at_unix_ms = (int64_t)record.at_unix_s * 1000;
        one->expires_unix_ms = (int64_t)record.expires_unix_s * 1000;
        one->lifted = record.is_lifted;
        append(arena, list, one);
    }
}

/* ------------------------------------------------------------------ check */

struct checking {
    struct api_call *call;
    Hikyaku__V1__CheckSuppressionsResponse response;
    unsigned char (*kept)[ADDRESS_HASH_BYTES];
    uint32_t *places; /* hash -> place in the question */
    size_t count;
    const char *stream;
    struct list_of_records records;
};

static void reject(struct checking *checking, size_t index, const char *field,
                   const struct problem *problem)
{
    struct arena *arena = checking->call->arena;
    Hikyaku__V1__Rejected *rejected = arena_alloc(arena, sizeof *rejected);
    hikyaku__v1__rejected__init(rejected);
    rejected->index = (uint32_t)index;
    rejected->field = arena_printf(arena, "%s", field);
    rejected->rule = arena_printf(arena, "%s", problem->rule);
    rejected->message = arena_printf(arena, "%s", problem->message);
    checking->response.rejected[checking->response.n_rejected++] = rejected;
}

static void take(struct checking *checking, size_t index)
{
    const Hikyaku__V1__CheckSuppressionsRequest *request = (const void *)checking->call->request;
    struct api_call *call = checking->call;
    struct problem problem = {.message = ""};
    unsigned char *hash = checking->kept[checking->count];
    bool is_address = index < request->n_addresses;
    int error;
    if (is_address) {
        error = suppression_hash(call->api->settings.suppression, call->tenant,
                                 text_of(request->addresses[index]), hash, &problem);
    } else {
        const char *given = request->address_hashes[index - request->n_addresses];
        problem_set(&problem, "", "address_hash", "must be 32 hex digits");
        error = bytes_from_hex(text_of(given), hash, ADDRESS_HASH_BYTES);
    }
    if (error != 0) {
        reject(checking, index, is_address ? "addresses" : "address_hashes", &problem);
        return;
    }
    checking->places[checking->count++] = (uint32_t)index;
}

static void on_found(void *context, int error, uint64_t number,
                     const struct store_suppression_hit *hits, size_t count)
{
    struct checking *checking = context;
    (void)number;
    if (error != 0) {
        api_call_refuse_error(checking->call, error);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct entry entry = {.index = checking->places[hits[i].position],
                                    .stream = hits[i].is_of_all ? STORE_SUPPRESSION_ALL
                                                                : checking->stream,
                                    .hash = checking->kept[hits[i].position],
                                    .value = hits[i].value};
        append_records(checking->call->arena, &checking->records, &entry);
    }
    checking->response.suppressions = checking->records.items;
    checking->response.n_suppressions = checking->records.count;
    api_call_answer(checking->call, &checking->response.base);
}

void api_suppressions_handle_check(struct api_call *call)
{
    const Hikyaku__V1__CheckSuppressionsRequest *request = (const void *)call->request;
    size_t count = request->n_addresses + request->n_address_hashes;
    struct checking *checking = arena_zero(call->arena, 1, sizeof *checking);
    checking->call = call;
    checking->stream = request->stream[0] != '\0' ? request->stream : SUPPRESSION_STREAM_DEFAULT;
    hikyaku__v1__check_suppressions_response__init(&checking->response);
    if (count > STORE_SUPPRESSIONS_MAX) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "addresses", "too_many",
                             "must be %d at most, hashes included", STORE_SUPPRESSIONS_MAX);
        return;
    }
    checking->kept = arena_zero(call->arena, count + 1, sizeof *checking->kept);
    checking->places = arena_zero(call->arena, count + 1, sizeof *checking->places);
    checking->response.rejected = arena_zero(call->arena, count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        take(checking, i);
    }
    call->about = arena_printf(call->arena, "addresses=%zu", count);
    if (checking->count == 0) {
        api_call_answer(call, &checking->response.base);
        return;
    }
    const struct store_suppression_list list = {call->tenant, text_of(checking->stream)};
    store_suppression_find(
        call->api->settings.store, &list,
        (struct text){(const char *)checking->kept, checking->count * ADDRESS_HASH_BYTES}, on_found,
        checking);
}

/* ------------------------------------------------------------------ list */

struct listing {
    struct api_call *call;
    Hikyaku__V1__ListSuppressionsResponse response;
    struct list_of_records records;
};

static void on_page(void *context, int error, uint32_t next,
                    const struct store_suppression_entry *entries, size_t count)
{
    struct listing *listing = context;
    struct api_call *call = listing->call;
    const Hikyaku__V1__ListSuppressionsRequest *request = (const void *)call->request;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct entry entry = {
            .stream = request->stream, .hash = entries[i].hash, .value = entries[i].value};
        append_records(call->arena, &listing->records, &entry);
    }
    listing->response.suppressions = listing->records.items;
    listing->response.n_suppressions = listing->records.count;
    if (next < STORE_SUPPRESSION_BUCKETS) {
        listing->response.next_page_token = arena_printf(call->arena, "%u", next);
    }
    api_call_answer(call, &listing->response.base);
}

static void on_counts(void *context, int error, const struct store_suppression_count *counts,
                      size_t count)
{
    struct listing *listing = context;
    struct arena *arena = listing->call->arena;
    if (error != 0) {
        api_call_refuse_error(listing->call, error);
        return;
    }
    listing->response.lists = arena_zero(arena, count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        Hikyaku__V1__SuppressionList *list = arena_alloc(arena, sizeof *list);
        hikyaku__v1__suppression_list__init(list);
        list->stream = arena_printf(arena, "%.*s", TEXT_PRINT(counts[i].stream));
        list->addresses = counts[i].entries;
        listing->response.lists[listing->response.n_lists++] = list;
    }
    api_call_answer(listing->call, &listing->response.base);
}

void api_suppressions_handle_list(struct api_call *call)
{
    const Hikyaku__V1__ListSuppressionsRequest *request = (const void *)call->request;
    struct store *store = call->api->settings.store;
    struct listing *listing = arena_zero(call->arena, 1, sizeof *listing);
    uint64_t bucket = 0;
    listing->call = call;
    hikyaku__v1__list_suppressions_response__init(&listing->response);
    if (request->stream[0] == '\0') {
        store_suppression_counts(store, call->tenant, on_counts, listing);
        return;
    }
    if (request->page_token[0] != '\0' &&
        text_to_u64(text_of(request->page_token), STORE_SUPPRESSION_BUCKETS - 1, &bucket) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "page_token", "page_token",
                             "is not one of ours");
        return;
    }
    const struct store_suppression_list list = {call->tenant, text_of(request->stream)};
    store_suppression_page(store, &list, (uint32_t)bucket, PAGE_ENTRIES, on_page, listing);
}
