#include "common/store/store_doubt.h"
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

/* ListUncertain: the index of each partition, then its batches one after the other: rows and refs.
 */
struct list {
    struct api_call *call;
    unsigned char id[16]; /* of the one campaign that is asked for */
    bool is_one;
    struct place after;
    struct store_doubt *doubts; /* of the partition in work; in the call's arena */
    size_t doubt_count;
    size_t doubt_at;
    struct catalog_campaign *campaign; /* a reference, of the batch in work */
    unsigned char rows[ROWS_PER_BATCH_MAX * ROWS_SIZE];
    size_t row_count;
    Hikyaku__V1__UncertainRecipient **found;
    size_t count;
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
    Hikyaku__V1__ListUncertainResponse response;
    hikyaku__v1__list_uncertain_response__init(&response);
    response.recipients = list->found;
    response.n_recipients = list->count;
    response.next_page_token = token;
    api_call_answer(call, &response.base);
}

static void add(struct list *list, const struct row *row, const struct wire_store_ref *ref)
{
    struct arena *arena = list->call->arena;
    Hikyaku__V1__UncertainRecipient *found = arena_alloc(arena, sizeof *found);
    hikyaku__v1__uncertain_recipient__init(found);
    found->campaign_id = api_call_string(list->call, text_of(list->campaign->id_text));
    found->index = ref->index;
    found->ref = api_call_string(list->call, ref->ref);
    found->attempts = row->attempts;
    found->resolve_unix_ms = (int64_t)row->due * 1000;
    found->resolve_as = list->campaign->stored->settings->uncertain->resolve_as;
    list->found[list->count++] = found;
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
        if (row.state != OUTCOME_UNCERTAIN) {
            continue;
        }
        if (list->count == list->page_size) {
            list->after.position = (unsigned int)i;
            finish(list, 0, true);
            return;
        }
        add(list, &row, &refs[i]);
    }
    catalog_release(&list->campaign);
    list->after.position = ROWS_PER_BATCH_MAX;
    loop_defer(list->call->api->settings.loop, next_batch, list);
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
                       &list->doubts[list->doubt_at - 1].name, on_refs, list);
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
    store_batch_rows(list->call->api->settings.store, &list->doubts[list->doubt_at - 1].name,
                     on_rows, list);
}

/* @return false: it lies before the page. Else list->after stands in it. */
static bool enter(struct list *list, const struct store_doubt *doubt)
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    char member[MEMBER_BYTES];
    struct place *after = &list->after;
    identity_campaign_to_text(doubt->name.campaign, id);
    (void)snprintf(member, sizeof member, "%s:%" PRIu32, id, doubt->name.number);
    int order = strcmp(member, after->member);
    bool is_same_time = doubt->resolve_unix_s == after->time_unix_s;
    if ((is_same_time && order < 0) ||
        (list->is_one && memcmp(doubt->name.campaign, list->id, sizeof list->id) != 0)) {
        return false;
    }
    if (!is_same_time || order != 0) {
        after->time_unix_s = doubt->resolve_unix_s;
        (void)snprintf(after->member, sizeof after->member, "%s", member);
        after->position = 0;
    }
    return after->position < ROWS_PER_BATCH_MAX;
}

static void on_doubts(void *context, int error, const struct store_doubt *doubts, size_t count)
{
    struct list *list = context;
    if (error != 0) {
        finish(list, error, false);
        return;
    }
    list->doubts = arena_zero(list->call->arena, count + 1, sizeof *doubts);
    list->doubt_count = count;
    list->doubt_at = 0;
    if (count > 0) {
        memcpy(list->doubts, doubts, count * sizeof *doubts);
    }
    loop_defer(list->call->api->settings.loop, next_batch, list);
}

static void read_partition(struct list *list)
{
    struct store_doubt_range range = {.partition = list->after.partition,
                                      .from_unix_s = list->after.time_unix_s,
                                      .to_unix_s = INT64_MAX,
                                      .limit = BATCHES_MAX};
    store_doubt_list(list->call->api->settings.store, &range, on_doubts, list);
}

/* The index is read to its end, or as far as fits: then from where that ended. */
static void next_part(struct list *list)
{
    bool is_cut = list->doubt_count == BATCHES_MAX &&
                  list->doubts[BATCHES_MAX - 1].resolve_unix_s != list->after.time_unix_s;
    if (is_cut) {
        list->after.time_unix_s = list->doubts[BATCHES_MAX - 1].resolve_unix_s;
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
    while (list->doubt_at < list->doubt_count) {
        const struct store_doubt *doubt = &list->doubts[list->doubt_at++];
        if (enter(list, doubt)) {
            catalog_load(list->call->api->settings.catalog, doubt->name.campaign, on_loaded, list);
            return;
        }
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

void api_uncertain_handle(struct api_call *call)
{
    const Hikyaku__V1__ListUncertainRequest *request = (const void *)call->request;
    struct list *list = arena_zero(call->arena, 1, sizeof *list);
    list->call = call;
    list->page_size = request->page_size > 0 ? request->page_size : PAGE_DEFAULT;
    list->found = arena_zero(call->arena, list->page_size, sizeof(void *));
    if (request->campaign_id[0] != '\0') {
        if (api_view_parse_id(request->campaign_id, list->id) != 0) {
            api_call_refuse_error(call, -ENOENT);
            return;
        }
        list->is_one = true;
        list->after.partition = identity_partition(list->id);
    }
    if (request->page_token[0] != '\0' && take_token(list, request->page_token) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "page_token", "page_token",
                             "is not one that ListUncertain gave");
        return;
    }
    read_partition(list);
}
