#include "common/store/store_doubt.h"
#include "common/store/store_quarantine.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"
#include "coordinator/events/event_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE_DEFAULT 100
/* Batches read from the index at once. */
#define BATCHES_MAX 4096
#define MEMBER_BYTES (IDENTITY_CAMPAIGN_LENGTH + 12)

/* Where a page begins: behind this row of this batch. The index is ordered by time, then by name.
 */
struct place {
    unsigned int partition;
    int64_t time_unix_s;
    char member[MEMBER_BYTES]; /* ""; before all of this time */
    unsigned int position;
};

/* An entry of an index: a batch and the time it stands under. */
struct entry {
    struct store_batch_name name;
    int64_t time_unix_s;
};

/* ListUncertain, ListQuarantine: the index of each partition, then its batches one after the other:
 * rows and refs. */
struct list {
    struct api_call *call;
    unsigned char id[16]; /* of the one campaign that is asked for */
    bool is_one;
    bool is_quarantine;
    bool has_found; /* something in the batch in work; else its entry is out of date */
    struct place after;
    struct entry *entries; /* of the partition in work; in the call's arena */
    size_t entry_count;
    size_t entry_at;
    struct catalog_campaign *campaign; /* a reference, of the batch in work */
    unsigned char rows[ROWS_PER_BATCH_MAX * ROWS_SIZE];
    size_t row_count;
    Hikyaku__V1__UncertainRecipient **uncertain;
    Hikyaku__V1__QuarantinedRecipient **quarantined;
    size_t count;
    Hikyaku__V1__QuarantinedCampaign **campaigns;
    size_t campaign_count;
    size_t page_size;
};

static void next_batch(void *context);

static void finish(struct list *list, int error, bool is_more)
{
    struct api_call *call = list->call;
    char token[MEMBER_BYTES + 64] = "";
    catalog_release(&list->campaign);
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    if (is_more) {
        (void)snprintf(token, sizeof token, "%u.%" PRId64 ".%s.%u", list->after.partition,
                       list->after.time_unix_s, list->after.member, list->after.position);
    }
    if (list->is_quarantine) {
        Hikyaku__V1__ListQuarantineResponse found;
        hikyaku__v1__list_quarantine_response__init(&found);
        found.recipients = list->quarantined;
        found.n_recipients = list->count;
        found.campaigns = list->campaigns;
        found.n_campaigns = list->campaign_count;
        found.next_page_token = token;
        api_call_answer(call, &found.base);
        return;
    }
    Hikyaku__V1__ListUncertainResponse response;
    hikyaku__v1__list_uncertain_response__init(&response);
    response.recipients = list->uncertain;
    response.n_recipients = list->count;
    response.next_page_token = token;
    api_call_answer(call, &response.base);
}

static void add_uncertain(struct list *list, const struct row *row,
                          const struct wire_store_ref *ref)
{
    Hikyaku__V1__UncertainRecipient *found = arena_alloc(list->call->arena, sizeof *found);
    hikyaku__v1__uncertain_recipient__init(found);
    found->campaign_id = api_call_string(list->call, text_of(list->campaign->id_text));
    found->index = ref->index;
    found->ref = api_call_string(list->call, ref->ref);
    found->attempts = row->attempts;
    found->resolve_unix_ms = (int64_t)row->due * 1000;
    found->resolve_as = list->campaign->stored->settings->uncertain->resolve_as;
    list->uncertain[list->count++] = found;
}

static void add_quarantined(struct list *list, const struct row *row,
                            const struct wire_store_ref *ref)
{
    Hikyaku__V1__QuarantinedRecipient *found = arena_alloc(list->call->arena, sizeof *found);
    hikyaku__v1__quarantined_recipient__init(found);
    found->campaign_id = api_call_string(list->call, text_of(list->campaign->id_text));
    found->index = ref->index;
    found->ref = api_call_string(list->call, ref->ref);
    found->attempts = row->attempts;
    found->since_unix_ms = list->after.time_unix_s * 1000;
    list->quarantined[list->count++] = found;
}

static bool is_meant(const struct list *list, const struct row *row)
{
    if (list->is_quarantine) {
        return rows_is_open(row->state) && row->deaths >= ROWS_DEATHS_MAX;
    }
    return row->state == OUTCOME_UNCERTAIN;
}

static bool is_full(const struct list *list)
{
    return list->count + list->campaign_count == list->page_size;
}

static void on_tidied(void *context, int error, uint32_t changed, uint8_t campaign_state)
{
    (void)error; /* then the next list finds it again */
    (void)changed;
    (void)campaign_state;
    next_batch(context);
}

/* A late reply ended what stood there: its entry goes. */
static void leave_batch(struct list *list)
{
    const struct store_batch_name *name = &list->entries[list->entry_at - 1].name;
    catalog_release(&list->campaign);
    list->after.position = ROWS_PER_BATCH_MAX;
    if (list->is_quarantine && !list->has_found) {
        const struct store_quarantine tidy = {
            .name = *name, .tenant = list->call->tenant, .as = STORE_QUARANTINE_TIDY};
        store_quarantine_decide(list->call->api->settings.store, &tidy, on_tidied, list);
        return;
    }
    loop_defer(list->call->api->settings.loop, next_batch, list);
}

static void on_refs(void *context, int error, const struct wire_store_ref *refs, size_t count)
{
    struct list *list = context;
    if (error != 0 && error != -ENOENT) {
        finish(list, error, false);
        return;
    }
    for (size_t i = list->after.position; i < count && i < list->row_count; i++) {
        struct row row;
        rows_decode(list->rows + i * ROWS_SIZE, &row);
        if (!is_meant(list, &row)) {
            continue;
        }
        list->has_found = true;
        if (is_full(list)) {
            list->after.position = (unsigned int)i;
            finish(list, 0, true);
            return;
        }
        if (list->is_quarantine) {
            add_quarantined(list, &row, &refs[i]);
        } else {
            add_uncertain(list, &row, &refs[i]);
        }
    }
    leave_batch(list);
}

static void on_rows(void *context, int error, struct text provider, struct text rows)
{
    struct list *list = context;
    (void)provider;
    if (error != 0 && error != -ENOENT) {
        finish(list, error, false);
        return;
    }
    size_t bytes = rows.size < sizeof list->rows ? rows.size : sizeof list->rows;
    list->row_count = error == 0 ? bytes / ROWS_SIZE : 0;
    if (list->row_count > 0) {
        memcpy(list->rows, rows.data, bytes);
    }
    event_batches_find(event_reader_batches(list->call->api->events), list->campaign,
                       &list->entries[list->entry_at - 1].name, on_refs, list);
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct list *list = context;
    if (error == 0 && !text_equal(campaign->tenant, list->call->tenant)) {
        catalog_release(&campaign);
        error = -ENOENT;
    }
    if (error == -ENOENT) { /* not the caller's, or gone meanwhile */
        loop_defer(list->call->api->settings.loop, next_batch, list);
        return;
    }
    if (error != 0) {
        finish(list, error, false);
        return;
    }
    list->campaign = campaign;
    store_batch_rows(list->call->api->settings.store, &list->entries[list->entry_at - 1].name,
                     on_rows, list);
}

/* ---------------------------------------------------------------- a campaign itself */

static void add_campaign(struct list *list, const struct store_campaign *campaign)
{
    Hikyaku__V1__QuarantinedCampaign *found = arena_alloc(list->call->arena, sizeof *found);
    hikyaku__v1__quarantined_campaign__init(found);
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(campaign->id, id);
    found->campaign_id = api_call_string(list->call, text_of(id));
    found->name = api_call_string(list->call, campaign->name);
    found->since_unix_ms = list->after.time_unix_s * 1000;
    found->reason =
        api_call_string(list->call, campaign->quarantine == STORE_QUARANTINE_BATCHES
                                        ? TEXT("three of its batches killed workers")
                                        : TEXT("three coordinators died while they loaded it"));
    list->campaigns[list->campaign_count++] = found;
}

static void on_entry_left(void *context, int error, const struct store_campaign *campaign)
{
    (void)error; /* then the next list finds it again */
    (void)campaign;
    next_batch(context);
}

static void on_campaign(void *context, int error, const struct store_campaign *campaign)
{
    struct list *list = context;
    if (error != 0 && error != -ENOENT) {
        finish(list, error, false);
        return;
    }
    list->after.position = ROWS_PER_BATCH_MAX;
    bool is_ours = error == 0 && text_equal(campaign->tenant, list->call->tenant);
    bool has_ended = error == 0 && campaign->ended_unix_ms != 0;
    if (is_ours && campaign->quarantine != STORE_QUARANTINE_NONE && !has_ended) {
        add_campaign(list, campaign);
    } else if (is_ours) { /* it expired: its entry goes */
        store_campaign_control(list->call->api->settings.store, campaign->id, STORE_CONTROL_RELEASE,
                               TEXT(""), on_entry_left, list);
        return;
    }
    loop_defer(list->call->api->settings.loop, next_batch, list);
}

/* ---------------------------------------------------------------- the index */

/* @return false: it lies before the page. Else list->after stands in it. */
static bool enter(struct list *list, const struct entry *entry)
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    char member[MEMBER_BYTES];
    struct place *after = &list->after;
    identity_campaign_to_text(entry->name.campaign, id);
    (void)snprintf(member, sizeof member, "%s:%" PRIu32, id, entry->name.number);
    int order = strcmp(member, after->member);
    bool is_same_time = entry->time_unix_s == after->time_unix_s;
    if ((is_same_time && order < 0) ||
        (list->is_one && memcmp(entry->name.campaign, list->id, sizeof list->id) != 0)) {
        return false;
    }
    if (!is_same_time || order != 0) {
        after->time_unix_s = entry->time_unix_s;
        (void)snprintf(after->member, sizeof after->member, "%s", member);
        after->position = 0;
    }
    return after->position < ROWS_PER_BATCH_MAX;
}

static void make_entries(struct list *list, size_t count)
{
    list->entries = arena_zero(list->call->arena, count + 1, sizeof *list->entries);
    list->entry_count = count;
    list->entry_at = 0;
}

static void on_doubts(void *context, int error, const struct store_doubt *doubts, size_t count)
{
    struct list *list = context;
    if (error != 0) {
        finish(list, error, false);
        return;
    }
    make_entries(list, count);
    for (size_t i = 0; i < count; i++) {
        list->entries[i] = (struct entry){doubts[i].name, doubts[i].resolve_unix_s};
    }
    loop_defer(list->call->api->settings.loop, next_batch, list);
}

static void on_quarantined(void *context, int error, const struct store_quarantined *entries,
                           size_t count)
{
    struct list *list = context;
    if (error != 0) {
        finish(list, error, false);
        return;
    }
    make_entries(list, count);
    for (size_t i = 0; i < count; i++) {
        list->entries[i] = (struct entry){entries[i].name, entries[i].since_unix_s};
    }
    loop_defer(list->call->api->settings.loop, next_batch, list);
}

static void read_partition(struct list *list)
{
    struct store *store = list->call->api->settings.store;
    if (list->is_quarantine) {
        const struct store_quarantine_range range = {.partition = list->after.partition,
                                                     .from_unix_s = list->after.time_unix_s,
                                                     .limit = BATCHES_MAX};
        store_quarantine_list(store, &range, on_quarantined, list);
        return;
    }
    const struct store_doubt_range range = {.partition = list->after.partition,
                                            .from_unix_s = list->after.time_unix_s,
                                            .to_unix_s = INT64_MAX,
                                            .limit = BATCHES_MAX};
    store_doubt_list(store, &range, on_doubts, list);
}

/* The index is read to its end, or as far as fits: then from where that ended. */
static void next_part(struct list *list)
{
    bool is_cut = list->entry_count == BATCHES_MAX &&
                  list->entries[BATCHES_MAX - 1].time_unix_s != list->after.time_unix_s;
    if (is_cut) {
        list->after.time_unix_s = list->entries[BATCHES_MAX - 1].time_unix_s;
    } else {
        list->after = (struct place){.partition = list->after.partition + 1};
    }
    if (list->after.partition == IDENTITY_PARTITIONS || (list->is_one && !is_cut)) {
        finish(list, 0, false);
        return;
    }
    read_partition(list);
}

static void next_batch(void *context)
{
    struct list *list = context;
    if (list->call->is_gone) {
        finish(list, 0, false);
        return;
    }
    while (list->entry_at < list->entry_count) {
        const struct entry *entry = &list->entries[list->entry_at++];
        if (!enter(list, entry)) {
            continue;
        }
        if (entry->name.number == STORE_QUARANTINE_CAMPAIGN) {
            if (is_full(list)) {
                finish(list, 0, true);
                return;
            }
            store_campaign_get(list->call->api->settings.store, entry->name.campaign, on_campaign,
                               list);
            return;
        }
        list->has_found = false;
        catalog_load(list->call->api->settings.catalog, entry->name.campaign, on_loaded, list);
        return;
    }
    next_part(list);
}

/* "<partition>.<time>.<member>.<position>" @return 0 or -EINVAL */
static int take_token(struct list *list, const char *token)
{
    struct text rest = text_of(token);
    struct text parts[4];
    uint64_t numbers[3];
    for (size_t i = 0; i < 4; i++) {
        if (!text_next_part(&rest, '.', &parts[i])) {
            return -EINVAL;
        }
    }
    if (text_to_u64(parts[0], IDENTITY_PARTITIONS - 1, &numbers[0]) != 0 ||
        text_to_u64(parts[1], INT64_MAX, &numbers[1]) != 0 || parts[2].size >= MEMBER_BYTES ||
        text_to_u64(parts[3], ROWS_PER_BATCH_MAX, &numbers[2]) != 0) {
        return -EINVAL;
    }
    list->after = (struct place){.partition = (unsigned int)numbers[0],
                                 .time_unix_s = (int64_t)numbers[1],
                                 .position = (unsigned int)numbers[2]};
    memcpy(list->after.member, parts[2].data, parts[2].size);
    return 0;
}

static void start(struct list *list, const char *campaign_id, uint32_t page_size,
                  const char *page_token)
{
    struct api_call *call = list->call;
    list->page_size = page_size > 0 ? page_size : PAGE_DEFAULT;
    list->uncertain = arena_zero(call->arena, list->page_size, sizeof(void *));
    list->quarantined = arena_zero(call->arena, list->page_size, sizeof(void *));
    list->campaigns = arena_zero(call->arena, list->page_size, sizeof(void *));
    if (campaign_id[0] != '\0') {
        if (api_view_parse_id(campaign_id, list->id) != 0) {
            api_call_refuse_error(call, -ENOENT);
            return;
        }
        list->is_one = true;
        list->after.partition = identity_partition(list->id);
    }
    if (page_token[0] != '\0' && take_token(list, page_token) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "page_token", "page_token",
                             "is not one that this call gave");
        return;
    }
    read_partition(list);
}

void api_uncertain_handle(struct api_call *call)
{
    const Hikyaku__V1__ListUncertainRequest *request = (const void *)call->request;
    struct list *list = arena_zero(call->arena, 1, sizeof *list);
    list->call = call;
    start(list, request->campaign_id, request->page_size, request->page_token);
}

void api_uncertain_handle_quarantine(struct api_call *call)
{
    const Hikyaku__V1__ListQuarantineRequest *request = (const void *)call->request;
    struct list *list = arena_zero(call->arena, 1, sizeof *list);
    list->call = call;
    list->is_quarantine = true;
    start(list, request->campaign_id, request->page_size, request->page_token);
}
