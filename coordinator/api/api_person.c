#include "common/base/clock.h"
#include "common/mail/rows.h"
#include "coordinator/api/api_found.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/persons/person_walk.h"
#include "coordinator/suppression/suppression.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A page ends with the partition in which one of these is passed. */
#define PAGE_RECORDS 500
#define PAGE_MS 2000
/* Of one partition, so that an answer stays below its bound. */
#define RECORDS_MAX 2000

/* ExportPerson: all recipients of all campaigns that are this person, partition by partition. The
 * page token is the next partition. */
struct export
{
    struct api_call *call;
    struct person_set *people; /* owned */
    struct seal *seal;         /* owned */
    unsigned int partition;
    uint64_t began_ms;
    Hikyaku__V1__ExportPersonResponse response;
    /* The batch in work */
    struct person_walk *walk;
    const struct person_batch *batch;
    size_t first; /* of its records */
};

static void look(struct export *export);

static void finish(struct export *export, int error)
{
    struct api_call *call = export->call;
    char token[16] = "";
    person_set_destroy(&export->people);
    seal_destroy(&export->seal);
    if (error == -E2BIG) {
        api_call_refuse_with(call, WIRE_CODE_RESOURCE_EXHAUSTED, "address", "records",
                             "is more than %d recipients of one partition", RECORDS_MAX);
        return;
    }
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    if (export->partition < IDENTITY_PARTITIONS) {
        (void)snprintf(token, sizeof token, "%u", export->partition);
    }
    export->response.next_page_token = token;
    api_call_answer(call, &export->response.base);
}

/* ------------------------------------------------------------------ one batch */

static Hikyaku__V1__Consent *consent_of(struct api_call *call, const struct wire_store_ref *ref)
{
    Hikyaku__V1__StoredRef *own = NULL;
    return wire_store_read_ref(ref->packed, call->arena, &own) == 0 ? own->consent : NULL;
}

static Hikyaku__V1__PersonRecord *record_of(struct export *export,
                                            const struct catalog_campaign *campaign,
                                            const struct wire_store_ref *ref)
{
    struct api_call *call = export->call;
    Hikyaku__V1__PersonRecord *record = arena_alloc(call->arena, sizeof *record);
    Hikyaku__V1__FoundRecipient *found = arena_alloc(call->arena, sizeof *found);
    hikyaku__v1__person_record__init(record);
    hikyaku__v1__found_recipient__init(found);
    found->campaign_id = api_call_string(call, text_of(campaign->id_text));
    found->index = ref->index;
    found->ref = api_call_string(call, ref->ref);
    api_found_add_labels(call, ref, found);
    record->recipient = found;
    record->campaign_name = api_call_string(call, campaign->name);
    record->from_domain = api_call_string(call, campaign->from_domain);
    record->created_unix_ms = campaign->created_unix_ms;
    record->consent = consent_of(call, ref);
    return record;
}

static void add_sealed(struct export *export, Hikyaku__V1__PersonRecord *record,
                       const struct wire_store_recipient *recipient)
{
    struct api_call *call = export->call;
    record->address = api_call_string(call, recipient->address);
    record->display_name = api_call_string(call, recipient->display_name);
    record->fields = api_call_string(call, recipient->fields);
    record->lang = api_call_string(call, recipient->lang);
}

/* @return 0, -EBADMSG, -EPROTO */
static int open_recipients(struct export *export, struct text sealed)
{
    const struct person_batch *batch = export->batch;
    struct seal_name name = {.kind = SEAL_RECIPIENTS, .batch = batch->name.number};
    struct wire_store_recipient recipient;
    OWNED(seal_wipe_buffer) struct buffer plain = {.data = NULL};
    memcpy(name.campaign, batch->name.campaign, sizeof name.campaign);
    int error = seal_decrypt(export->seal, batch->campaign->data_key, &name, sealed,
                             WIRE_STORE_PLAIN_BYTES_MAX, &plain);
    struct text rest = buffer_text(&plain);
    size_t at = 0;
    for (size_t position = 0; error == 0 && at < batch->count; position++) {
        error = wire_store_next_recipient(&rest, &recipient);
        if (error == 0 && position == batch->positions[at]) {
            add_sealed(export, export->response.records[export->first + at], &recipient);
            at++;
        }
    }
    return error == -ENODATA ? -EPROTO : error;
}

static void on_recipients(void *context, int error, struct text provider, struct text sealed)
{
    struct export *export = context;
    (void)provider;
    if (error == 0) {
        error = open_recipients(export, sealed);
    }
    /* All of the batch is final: what was sealed of it is gone. */
    person_walk_go_on(export->walk, error == -ENOENT ? 0 : error);
}

static void on_rows(void *context, int error, struct text provider, struct text rows)
{
    struct export *export = context;
    const struct person_batch *batch = export->batch;
    (void)provider;
    if (error != 0) {
        person_walk_go_on(export->walk, error == -ENOENT ? 0 : error);
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        size_t offset = (size_t)batch->positions[i] * ROWS_SIZE;
        if (offset + ROWS_SIZE <= rows.size) {
            struct row row;
            rows_decode((const unsigned char *)rows.data + offset, &row);
            api_found_fill_row(export->call, &row,
                               export->response.records[export->first + i]->recipient);
        }
    }
    store_batch_recipients(export->call->api->settings.store, &batch->name, on_recipients, export);
}

static void on_batch(void *context, struct person_walk *walk, const struct person_batch *batch)
{
    struct export *export = context;
    if (export->response.n_records + batch->count > PAGE_RECORDS + RECORDS_MAX) {
        person_walk_go_on(walk, -E2BIG);
        return;
    }
    export->walk = walk;
    export->batch = batch;
    export->first = export->response.n_records;
    for (size_t i = 0; i < batch->count; i++) {
        export->response.records[export->response.n_records++] =
            record_of(export, batch->campaign, &batch->refs[i]);
    }
    store_batch_rows(export->call->api->settings.store, &batch->name, on_rows, export);
}

/* ------------------------------------------------------------------ partition by partition */

static void on_done(void *context, int error, const struct person_walk_counts *counts)
{
    struct export *export = context;
    export->response.campaigns += (uint32_t)counts->campaigns;
    export->response.unreadable += (uint32_t)counts->unreadable;
    export->response.left_out += (uint32_t)counts->left_out;
    if (error != 0) {
        finish(export, error);
        return;
    }
    export->partition++;
    bool is_full = export->response.n_records >= PAGE_RECORDS ||
                   clock_boottime_ms() - export->began_ms >= PAGE_MS;
    if (is_full || export->partition == IDENTITY_PARTITIONS) {
        finish(export, 0);
    } else {
        look(export);
    }
}

static bool is_wanted(void *context)
{
    const struct export *export = context;
    return !export->call->is_gone;
}

static void look(struct export *export)
{
    const struct api_settings *settings = &export->call->api->settings;
    person_walk_start(&(struct person_walk_settings){.loop = settings->loop,
                                                     .store = settings->store,
                                                     .catalog = settings->catalog,
                                                     .set = export->people,
                                                     .tenant = export->call->tenant,
                                                     .partition = export->partition,
                                                     .is_wanted = is_wanted,
                                                     .on_batch = on_batch,
                                                     .on_done = on_done,
                                                     .context = export});
}

void api_person_handle_export(struct api_call *call)
{
    const Hikyaku__V1__ExportPersonRequest *request = (const void *)call->request;
    unsigned char person[ADDRESS_HASH_BYTES];
    struct problem problem = {.message = ""};
    uint64_t partition = 0;
    if (suppression_hash(call->api->settings.suppression, call->tenant, text_of(request->address),
                         person, &problem) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "address", problem.rule, "%s",
                             problem.message);
        return;
    }
    if (request->page_token[0] != '\0' &&
        text_to_u64(text_of(request->page_token), IDENTITY_PARTITIONS - 1, &partition) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "page_token", "page_token",
                             "is not one of ours");
        return;
    }
    struct export *export = arena_zero(call->arena, 1, sizeof *export);
    export->call = call;
    export->people = person_set_create();
    person_set_add(export->people, person);
    export->seal = seal_create(0);
    export->partition = (unsigned int)partition;
    export->began_ms = clock_boottime_ms();
    hikyaku__v1__export_person_response__init(&export->response);
    export->response.records = arena_zero(call->arena, PAGE_RECORDS + RECORDS_MAX, sizeof(void *));
    look(export);
}
