#include "common/store/store_doubt.h"
#include "common/store/store_fleet.h"
#include "common/store/store_quarantine.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"
#include "coordinator/intake/intake_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Batches read from the index at once; then it is read again. */
#define BATCHES_MAX 4096

/* One row that is meant. */
struct target {
    uint32_t batch;
    uint16_t position;
};

/* What is decided about: rows in doubt, or under QUARANTINED. */
enum subject { SUBJECT_DOUBT, SUBJECT_QUARANTINE };

/* ResolveUncertain, ResolveQuarantine: the header says whose it is; the maps of the chunks, or the
 * index, say which batches; each is one transition, one after the other. */
struct resolve {
    struct api_call *call;
    enum subject subject;
    uint8_t as; /* ResolveAs or QuarantineAs */
    bool is_all;
    bool is_campaign; /* the campaign itself is released first */
    const char *reason;
    unsigned char id[16];
    uint32_t *indexes; /* ascending; in the call's arena, as all below */
    size_t index_count;
    struct target *targets; /* by index: ascending by chunk, not by batch */
    uint16_t *positions;    /* of the batch in work */
    size_t index_at;        /* the next one to look up */
    size_t target_count;
    size_t target_at;
    uint32_t *batches; /* all: those that the index names */
    size_t batch_count;
    size_t batch_at;
    bool is_cut; /* all: the index holds more */
    uint32_t resolved;
    uint8_t state;
};

static void next_chunk(struct resolve *resolve);
static void next_batch(void *context);
static void read_index(struct resolve *resolve);

static void finish(struct resolve *resolve)
{
    struct api_call *call = resolve->call;
    store_fleet_notify(call->api->settings.store, STORE_NOTICE_WORK, resolve->id);
    if (resolve->subject == SUBJECT_QUARANTINE) {
        Hikyaku__V1__ResolveQuarantineResponse decided;
        hikyaku__v1__resolve_quarantine_response__init(&decided);
        decided.resolved = resolve->resolved;
        decided.state = (Hikyaku__V1__CampaignState)resolve->state;
        api_call_answer(call, &decided.base);
        return;
    }
    Hikyaku__V1__ResolveUncertainResponse response;
    hikyaku__v1__resolve_uncertain_response__init(&response);
    response.resolved = resolve->resolved;
    response.state = (Hikyaku__V1__CampaignState)resolve->state;
    api_call_answer(call, &response.base);
}

static void refuse(struct resolve *resolve, int error)
{
    if (error == -EBUSY) {
        api_call_refuse_with(resolve->call, WIRE_CODE_FAILED_PRECONDITION, "as", "state",
                             "the campaign is cancelled: nothing of it is sent again");
    } else if (error == -ETIME) {
        api_call_refuse_with(resolve->call, WIRE_CODE_FAILED_PRECONDITION, "as", "expired",
                             "the campaign has expired: nothing of it is sent again");
    } else {
        api_call_refuse_error(resolve->call, error);
    }
}

static void on_resolved(void *context, int error, uint32_t changed, uint8_t campaign_state)
{
    struct resolve *resolve = context;
    if (error != 0 && error != -ENOENT) {
        refuse(resolve, error);
        return;
    }
    resolve->resolved += changed;
    resolve->state = error == 0 ? campaign_state : resolve->state;
    loop_defer(resolve->call->api->settings.loop, next_batch, resolve);
}

/* @param count  0: all of the batch */
static void resolve_batch(struct resolve *resolve, uint32_t number, size_t count)
{
    struct store *store = resolve->call->api->settings.store;
    struct store_batch_name name = {.number = number};
    memcpy(name.campaign, resolve->id, sizeof name.campaign);
    const uint16_t *positions = count > 0 ? resolve->positions : NULL;
    if (resolve->subject == SUBJECT_QUARANTINE) {
        const struct store_quarantine decision = {.name = name,
                                                  .tenant = resolve->call->tenant,
                                                  .as = (enum store_quarantine_as)resolve->as,
                                                  .reason = text_of(resolve->reason),
                                                  .positions = positions,
                                                  .count = count};
        store_quarantine_decide(store, &decision, on_resolved, resolve);
        return;
    }
    const struct store_resolve asked = {.name = name,
                                        .tenant = resolve->call->tenant,
                                        .as = resolve->as,
                                        .reason = text_of(resolve->reason),
                                        .positions = positions,
                                        .count = count};
    store_doubt_resolve(store, &asked, on_resolved, resolve);
}

static int by_batch(const void *a, const void *b)
{
    const struct target *left = a;
    const struct target *right = b;
    if (left->batch != right->batch) {
        return left->batch < right->batch ? -1 : 1;
    }
    return (int)left->position - (int)right->position;
}

static void next_batch(void *context)
{
    struct resolve *resolve = context;
    size_t count = 0;
    if (resolve->batch_at < resolve->batch_count) {
        resolve_batch(resolve, resolve->batches[resolve->batch_at++], 0);
        return;
    }
    if (resolve->target_at == resolve->target_count) {
        if (resolve->is_cut) {
            read_index(resolve);
        } else {
            finish(resolve);
        }
        return;
    }
    uint32_t batch = resolve->targets[resolve->target_at].batch;
    while (resolve->target_at < resolve->target_count &&
           resolve->targets[resolve->target_at].batch == batch && count < ROWS_PER_BATCH_MAX) {
        resolve->positions[count++] = resolve->targets[resolve->target_at++].position;
    }
    resolve_batch(resolve, batch, count);
}

/* ---------------------------------------------------------------- indexes */

static uint32_t chunk_at(const struct resolve *resolve, size_t at)
{
    return resolve->indexes[at] / ROWS_PER_CHUNK;
}

/* Indexes that have no row (rejected ones) are no mistake: nothing of them is in doubt. */
static int take_map(struct resolve *resolve, struct text map)
{
    uint32_t chunk = chunk_at(resolve, resolve->index_at);
    for (;
         resolve->index_at < resolve->index_count && chunk_at(resolve, resolve->index_at) == chunk;
         resolve->index_at++) {
        uint16_t ordinal = 0;
        uint32_t row = 0;
        int error = intake_map_find(map, resolve->indexes[resolve->index_at] % ROWS_PER_CHUNK,
                                    &ordinal, &row);
        if (error == -ENOENT) {
            continue;
        }
        if (error != 0 || row >= ROWS_PER_BATCH_MAX) {
            return -EPROTO;
        }
        resolve->targets[resolve->target_count++] =
            (struct target){chunk << 16 | ordinal, (uint16_t)row};
    }
    return 0;
}

static void skip_chunk(struct resolve *resolve)
{
    uint32_t chunk = chunk_at(resolve, resolve->index_at);
    while (resolve->index_at < resolve->index_count &&
           chunk_at(resolve, resolve->index_at) == chunk) {
        resolve->index_at++;
    }
}

static void on_map(void *context, int error, struct text map)
{
    struct resolve *resolve = context;
    if (error == 0) {
        error = take_map(resolve, map);
    } else if (error == -ENOENT) { /* no such chunk, or its rows are gone */
        skip_chunk(resolve);
        error = 0;
    }
    if (error != 0) {
        refuse(resolve, error);
        return;
    }
    next_chunk(resolve);
}

static void next_chunk(struct resolve *resolve)
{
    if (resolve->index_at == resolve->index_count) {
        qsort(resolve->targets, resolve->target_count, sizeof *resolve->targets, by_batch);
        next_batch(resolve);
        return;
    }
    store_campaign_map(resolve->call->api->settings.store, resolve->id,
                       chunk_at(resolve, resolve->index_at), on_map, resolve);
}

static int ascending(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* ---------------------------------------------------------------- all */

static void take_entry(struct resolve *resolve, const struct store_batch_name *name)
{
    if (memcmp(name->campaign, resolve->id, sizeof resolve->id) == 0 &&
        name->number != STORE_QUARANTINE_CAMPAIGN) {
        resolve->batches[resolve->batch_count++] = name->number;
    }
}

static void work_on_entries(struct resolve *resolve, size_t read)
{
    resolve->is_cut = read == BATCHES_MAX && resolve->batch_count > 0;
    next_batch(resolve);
}

static void on_doubts(void *context, int error, const struct store_doubt *doubts, size_t count)
{
    struct resolve *resolve = context;
    if (error != 0) {
        refuse(resolve, error);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        take_entry(resolve, &doubts[i].name);
    }
    work_on_entries(resolve, count);
}

static void on_quarantined(void *context, int error, const struct store_quarantined *entries,
                           size_t count)
{
    struct resolve *resolve = context;
    if (error != 0) {
        refuse(resolve, error);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        take_entry(resolve, &entries[i].name);
    }
    work_on_entries(resolve, count);
}

static void read_index(struct resolve *resolve)
{
    struct store *store = resolve->call->api->settings.store;
    unsigned int partition = identity_partition(resolve->id);
    resolve->batch_at = resolve->batch_count = 0;
    if (resolve->subject == SUBJECT_QUARANTINE) {
        const struct store_quarantine_range range = {.partition = partition, .limit = BATCHES_MAX};
        store_quarantine_list(store, &range, on_quarantined, resolve);
        return;
    }
    const struct store_doubt_range range = {
        .partition = partition, .to_unix_s = INT64_MAX, .limit = BATCHES_MAX};
    store_doubt_list(store, &range, on_doubts, resolve);
}

static void begin(struct resolve *resolve)
{
    if (resolve->is_all) {
        read_index(resolve);
    } else {
        next_chunk(resolve);
    }
}

static void on_released(void *context, int error, const struct store_campaign *campaign)
{
    struct resolve *resolve = context;
    if (error != 0) {
        api_call_refuse_error(resolve->call, error);
        return;
    }
    store_fleet_notify(resolve->call->api->settings.store, STORE_NOTICE_CONTROL, resolve->id);
    resolve->state = campaign->state;
    begin(resolve);
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct resolve *resolve = context;
    if (error == 0 && !text_equal(campaign->tenant, resolve->call->tenant)) {
        error = -ENOENT;
    }
    if (error != 0) {
        api_call_refuse_error(resolve->call, error);
        return;
    }
    resolve->state = campaign->state;
    if (resolve->is_campaign) {
        store_campaign_control(resolve->call->api->settings.store, resolve->id,
                               STORE_CONTROL_RELEASE, text_of(resolve->reason), on_released,
                               resolve);
        return;
    }
    begin(resolve);
}

static void start(struct resolve *resolve, const char *campaign_id, const uint32_t *indexes,
                  size_t count)
{
    struct api_call *call = resolve->call;
    if (api_view_parse_id(campaign_id, resolve->id) != 0) {
        api_call_refuse_error(call, -ENOENT);
        return;
    }
    resolve->batches = arena_zero(call->arena, resolve->is_all ? BATCHES_MAX : 1, sizeof(uint32_t));
    resolve->indexes = arena_zero(call->arena, count + 1, sizeof(uint32_t));
    resolve->targets = arena_zero(call->arena, count + 1, sizeof *resolve->targets);
    resolve->positions = arena_zero(call->arena, ROWS_PER_BATCH_MAX, sizeof(uint16_t));
    resolve->index_count = count;
    if (count > 0) {
        memcpy(resolve->indexes, indexes, count * sizeof(uint32_t));
        qsort(resolve->indexes, count, sizeof(uint32_t), ascending);
    }
    store_campaign_get(call->api->settings.store, resolve->id, on_header, resolve);
}

void api_resolve_handle(struct api_call *call)
{
    const Hikyaku__V1__ResolveUncertainRequest *request = (const void *)call->request;
    struct resolve *resolve = arena_zero(call->arena, 1, sizeof *resolve);
    resolve->call = call;
    resolve->subject = SUBJECT_DOUBT;
    resolve->as = (uint8_t)request->as;
    resolve->is_all = request->all;
    resolve->reason = request->reason;
    start(resolve, request->campaign_id, request->indexes, request->n_indexes);
}

void api_resolve_handle_quarantine(struct api_call *call)
{
    const Hikyaku__V1__ResolveQuarantineRequest *request = (const void *)call->request;
    bool releases = request->as == HIKYAKU__V1__QUARANTINE_AS__QUARANTINE_AS_RELEASE;
    struct resolve *resolve = arena_zero(call->arena, 1, sizeof *resolve);
    resolve->call = call;
    resolve->subject = SUBJECT_QUARANTINE;
    resolve->as = releases ? STORE_QUARANTINE_RELEASE : STORE_QUARANTINE_BOUNCE;
    resolve->is_all = request->all;
    resolve->is_campaign = request->campaign;
    resolve->reason = request->reason;
    start(resolve, request->campaign_id, request->indexes, request->n_indexes);
}
