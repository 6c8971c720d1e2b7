/* AddSuppressions, RemoveSuppression. */
#include "common/base/bytes.h"
#include "common/mail/address.h"
#include "common/policy/provider_table.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/suppression/suppression.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static struct text stream_of(const char *stream)
{
    return stream[0] == '\0' ? TEXT(STORE_SUPPRESSION_ALL) : text_of(stream);
}

/* By address or by hash. @return 0, or -EINVAL with a problem */
static int read_person(const struct api_call *call, const char *address, const char *hash,
                       unsigned char ret_hash[ADDRESS_HASH_BYTES], struct problem *problem)
{
    if (address[0] != '\0' && hash[0] == '\0') {
        return suppression_hash(call->api->settings.suppression, call->tenant, text_of(address),
                                ret_hash, problem);
    }
    if (address[0] == '\0' && bytes_from_hex(text_of(hash), ret_hash, ADDRESS_HASH_BYTES) == 0) {
        return 0;
    }
    problem_set(problem, "address_hash", "address_hash",
                "must be 32 hex digits, and stand alone: an address or a hash");
    return -EINVAL;
}

static uint32_t seconds_of(int64_t unix_ms)
{
    return unix_ms <= 0 ? 0 : unix_ms / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(unix_ms / 1000);
}

/* ------------------------------------------------------------------ add */

struct adding {
    struct api_call *call;
    Hikyaku__V1__AddSuppressionsResponse response;
    struct store_suppression *entries;
    size_t *ends; /* of the records */
    size_t count;
    struct buffer records;
};

static const Hikyaku__V1__AddSuppressionsRequest *asked(const struct adding *adding)
{
    return (const void *)adding->call->request;
}

static void reject(struct adding *adding, size_t index, const struct problem *problem)
{
    struct arena *arena = adding->call->arena;
    Hikyaku__V1__Rejected *rejected = arena_alloc(arena, sizeof *rejected);
    hikyaku__v1__rejected__init(rejected);
    rejected->index = (uint32_t)index;
    rejected->field = arena_printf(arena, "%s", problem->field);
    rejected->rule = arena_printf(arena, "%s", problem->rule);
    rejected->message = arena_printf(arena, "%s", problem->message);
    adding->response.rejected[adding->response.n_rejected++] = rejected;
}

static int check_entry(const struct adding *adding, const Hikyaku__V1__NewSuppression *entry,
                       struct problem *problem)
{
    int64_t now_ms = store_now_unix_ms(adding->call->api->settings.store);
    enum suppression_reason reason = (enum suppression_reason)entry->reason;
    if (!suppression_record_is_callable(reason)) {
        problem_set(problem, "reason", "reason",
                    "must be HARD_BOUNCE, COMPLAINT, UNSUBSCRIBE or "
                    "MANUAL; ERASED is for ErasePerson");
        return -EINVAL;
    }
    if (entry->expires_unix_ms != 0 &&
        (!suppression_record_may_expire(reason) || entry->expires_unix_ms <= now_ms)) {
        problem_set(problem, "expires_unix_ms", "expires",
                    "must lie ahead, and only MANUAL has an end");
        return -EINVAL;
    }
    if (entry->at_unix_ms < 0 || entry->at_unix_ms > now_ms + 60000) {
        problem_set(problem, "at_unix_ms", "out_of_range", "must not lie ahead");
        return -EINVAL;
    }
    return 0;
}

static void take_entry(struct adding *adding, size_t index)
{
    const Hikyaku__V1__NewSuppression *entry = asked(adding)->entries[index];
    int64_t now_ms = store_now_unix_ms(adding->call->api->settings.store);
    struct problem problem = {.message = ""};
    int error = check_entry(adding, entry, &problem);
    if (error == 0) {
        error = read_person(adding->call, entry->address, entry->address_hash,
                            adding->entries[adding->count].hash, &problem);
    }
    if (error != 0) {
        reject(adding, index, &problem);
        return;
    }
    suppression_record_append(
        &(struct suppression_record){
            .reason = (enum suppression_reason)entry->reason,
            .source = asked(adding)->is_import ? SUPPRESSION_BY_IMPORT : SUPPRESSION_BY_CALL,
            .at_unix_s = seconds_of(entry->at_unix_ms != 0 ? entry->at_unix_ms : now_ms),
            .expires_unix_s = seconds_of(entry->expires_unix_ms),
            .actor = text_of(adding->call->caller.principal)},
        &adding->records);
    adding->ends[adding->count++] = adding->records.size;
}

static void on_added(void *context, int error, struct text statuses)
{
    struct adding *adding = context;
    Hikyaku__V1__AddSuppressionsResponse *response = &adding->response;
    if (error == -ENOSPC) {
        api_call_refuse_with(adding->call, WIRE_CODE_RESOURCE_EXHAUSTED, "stream", "too_many",
                             "there are too many lists, or too many addresses on this one");
        return;
    }
    if (error != 0) {
        api_call_refuse_error(adding->call, error);
        return;
    }
    for (size_t i = 0; i < statuses.size; i++) {
        response->added += statuses.data[i] == STORE_SUPPRESSION_CHANGED;
        response->known += statuses.data[i] == STORE_SUPPRESSION_KNOWN;
        response->lifted += statuses.data[i] == STORE_SUPPRESSION_LIFTED;
    }
    api_call_answer(adding->call, &response->base);
}

void api_suppression_handle_add(struct api_call *call)
{
    const Hikyaku__V1__AddSuppressionsRequest *request = (const void *)call->request;
    struct adding *adding = arena_zero(call->arena, 1, sizeof *adding);
    adding->call = call;
    adding->entries = arena_zero(call->arena, request->n_entries, sizeof *adding->entries);
    adding->ends = arena_zero(call->arena, request->n_entries, sizeof *adding->ends);
    hikyaku__v1__add_suppressions_response__init(&adding->response);
    adding->response.rejected = arena_zero(call->arena, request->n_entries, sizeof(void *));
    for (size_t i = 0; i < request->n_entries; i++) {
        take_entry(adding, i);
    }
    call->about = arena_printf(call->arena, "entries=%zu", adding->count);
    for (size_t i = 0; i < adding->count; i++) { /* the buffer stands still now */
        size_t begin = i == 0 ? 0 : adding->ends[i - 1];
        adding->entries[i].record =
            (struct text){adding->records.data + begin, adding->ends[i] - begin};
    }
    if (adding->count == 0) {
        buffer_finish(&adding->records);
        api_call_answer(call, &adding->response.base);
        return;
    }
    const struct store_suppression_list list = {call->tenant, stream_of(request->stream)};
    struct buffer records = adding->records; /* the call, and all of it, may be gone behind this */
    store_suppression_add(call->api->settings.store, &list, adding->entries, adding->count,
                          on_added, adding);
    buffer_finish(&records);
}

/* ------------------------------------------------------------------ remove */

struct removing {
    struct api_call *call;
    unsigned char hash[ADDRESS_HASH_BYTES];
    bool may_be_another; /* who has the address now need not be who had it then */
};

static const Hikyaku__V1__RemoveSuppressionRequest *wish(const struct removing *removing)
{
    return (const void *)removing->call->request;
}

static void on_lifted(void *context, int error, struct text statuses)
{
    struct removing *removing = context;
    struct api_call *call = removing->call;
    char status = error == 0 ? statuses.data[0] : '\0';
    if (error != 0) {
        api_call_refuse_error(call, error);
    } else if (status == STORE_SUPPRESSION_ERASED) {
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "address", "erased",
                             "the person had everything erased: nobody lifts that");
    } else if (status != STORE_SUPPRESSION_CHANGED) {
        api_call_refuse_with(call, WIRE_CODE_NOT_FOUND, "address", "not_suppressed",
                             "nothing of this kind stands on this list");
    } else {
        Hikyaku__V1__RemoveSuppressionResponse response;
        hikyaku__v1__remove_suppression_response__init(&response);
        api_call_answer(call, &response.base);
    }
}

static void lift(struct removing *removing)
{
    const Hikyaku__V1__RemoveSuppressionRequest *request = wish(removing);
    struct api_call *call = removing->call;
    OWNED(buffer_finish) struct buffer record = {0};
    suppression_record_append(
        &(struct suppression_record){.reason = (enum suppression_reason)request->lifts,
                                     .source = SUPPRESSION_BY_CALL,
                                     .at_unix_s =
                                         seconds_of(store_now_unix_ms(call->api->settings.store)),
                                     .actor = text_of(call->caller.principal)},
        &record);
    struct store_suppression one = {.record = buffer_text(&record)};
    memcpy(one.hash, removing->hash, sizeof one.hash);
    const struct store_suppression_list list = {call->tenant, stream_of(request->stream)};
    store_suppression_lift(call->api->settings.store, &list, &one, 1, on_lifted, removing);
}

/* J14: the address bounced, and may be somebody else's since: who agreed later? */
static bool lacks_consent(const struct removing *removing, struct text value)
{
    const Hikyaku__V1__RemoveSuppressionRequest *request = wish(removing);
    bool lifts_bounce =
        request->lifts == 0 ||
        request->lifts == HIKYAKU__V1__SUPPRESSION_REASON__SUPPRESSION_REASON_HARD_BOUNCE;
    struct suppression_record record;
    while (suppression_record_next(&value, &record) == 0) {
        if (lifts_bounce && removing->may_be_another && !record.is_lifted &&
            record.reason == SUPPRESSION_HARD_BOUNCE &&
            request->consent_unix_ms / 1000 <= (int64_t)record.at_unix_s) {
            return true;
        }
    }
    return false;
}

static void on_found(void *context, int error, uint64_t number,
                     const struct store_suppression_hit *hits, size_t count)
{
    struct removing *removing = context;
    bool is_all = text_equal(stream_of(wish(removing)->stream), TEXT(STORE_SUPPRESSION_ALL));
    (void)number;
    if (error != 0) {
        api_call_refuse_error(removing->call, error);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (hits[i].is_of_all == is_all && lacks_consent(removing, hits[i].value)) {
            api_call_refuse_with(
                removing->call, WIRE_CODE_FAILED_PRECONDITION, "consent_unix_ms", "consent",
                "the address bounced and may be another person's now: a consent later than the "
                "bounce is needed (J14)");
            return;
        }
    }
    lift(removing);
}

static bool is_reissued(const char *address)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct address parsed;
    if (address_parse(text_of(address), NULL, arena, &parsed, NULL) != 0) {
        return true; /* named by its hash */
    }
    struct text provider = provider_table_find(NULL, parsed.domain);
    return text_equal(provider, TEXT("docomo")) || text_equal(provider, TEXT("au")) ||
           text_equal(provider, TEXT("softbank"));
}

void api_suppression_handle_remove(struct api_call *call)
{
    const Hikyaku__V1__RemoveSuppressionRequest *request = (const void *)call->request;
    struct removing *removing = arena_zero(call->arena, 1, sizeof *removing);
    struct problem problem = {.message = ""};
    char hash[ADDRESS_HASH_LENGTH + 1];
    removing->call = call;
    removing->may_be_another = is_reissued(request->address);
    if (read_person(call, request->address, request->address_hash, removing->hash, &problem) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT,
                             problem.field[0] != '\0' ? problem.field : "address", problem.rule,
                             "%s", problem.message);
        return;
    }
    bytes_to_hex(removing->hash, sizeof removing->hash, hash);
    if (request->consent_unix_ms > store_now_unix_ms(call->api->settings.store)) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "consent_unix_ms", "in_future",
                             "must not lie ahead: nobody has agreed yet");
        return;
    }
    call->about = arena_printf(call->arena, "address_hash=%s consent_unix_ms=%" PRId64, hash,
                               request->consent_unix_ms);
    const struct store_suppression_list list = {call->tenant, stream_of(request->stream)};
    store_suppression_find(call->api->settings.store, &list,
                           (struct text){(const char *)removing->hash, sizeof removing->hash},
                           on_found, removing);
}
