#include "common/store/store_batch.h"
#include "coordinator/api/api_found.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"
#include "coordinator/events/event_reader.h"
#include "coordinator/intake/intake_map.h"

#include <errno.h>
#include <string.h>

#define LIMIT_DEFAULT 20

/* FindRecipients. By Message-ID: the token names campaign and index, the chunk's map the batch. By
 * ref: the refs of all batches of a campaign are opened, one after the other. */
struct find {
    struct api_call *call;
    unsigned char id[16];
    struct catalog_campaign *campaign; /* a reference */
    const char *ref;                   /* NULL: by index */
    uint32_t index;
    size_t limit;
    struct store_chunk_marker *markers; /* by ref: in the call's arena */
    size_t marker_count;
    size_t marker_at;
    uint32_t ordinal;
    struct store_batch_name batch; /* in work */
    uint16_t *positions;           /* of the recipients found in it */
    size_t in_batch;
    Hikyaku__V1__FoundRecipient **found;
    size_t count;
};

static void next_batch(void *context);

static void finish(struct find *find, int error)
{
    struct api_call *call = find->call;
    catalog_release(&find->campaign);
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    Hikyaku__V1__FindRecipientsResponse response;
    hikyaku__v1__find_recipients_response__init(&response);
    response.recipients = find->found;
    response.n_recipients = find->count;
    api_call_answer(call, &response.base);
}

static void add_found(struct find *find, const struct wire_store_ref *ref, uint16_t position)
{
    Hikyaku__V1__FoundRecipient *found = arena_alloc(find->call->arena, sizeof *found);
    hikyaku__v1__found_recipient__init(found);
    found->campaign_id = api_call_string(find->call, text_of(find->campaign->id_text));
    found->index = ref->index;
    found->ref = api_call_string(find->call, ref->ref);
    api_found_add_labels(find->call, ref, found);
    find->positions[find->in_batch++] = position;
    find->found[find->count++] = found;
}

static void on_rows(void *context, int error, struct text provider, struct text rows)
{
    struct find *find = context;
    (void)provider;
    if (error != 0) {
        finish(find, error);
        return;
    }
    for (size_t i = 0; i < find->in_batch; i++) {
        size_t offset = (size_t)find->positions[i] * ROWS_SIZE;
        if (offset + ROWS_SIZE <= rows.size) {
            struct row row;
            rows_decode((const unsigned char *)rows.data + offset, &row);
            api_found_fill_row(find->call, &row, find->found[find->count - find->in_batch + i]);
        }
    }
    if (find->ref == NULL || find->count == find->limit) {
        finish(find, 0);
        return;
    }
    loop_defer(find->call->api->settings.loop, next_batch, find);
}

static bool is_wanted(const struct find *find, const struct wire_store_ref *ref)
{
    return find->ref != NULL ? text_equal(ref->ref, text_of(find->ref)) : ref->index == find->index;
}

static void on_refs(void *context, int error, const struct wire_store_ref *refs, size_t count)
{
    struct find *find = context;
    if (error != 0 && error != -ENOENT) {
        finish(find, error);
        return;
    }
    find->in_batch = 0;
    for (size_t i = 0; i < count && find->count < find->limit; i++) {
        if (is_wanted(find, &refs[i])) {
            add_found(find, &refs[i], (uint16_t)i);
        }
    }
    if (find->in_batch > 0) {
        store_batch_rows(find->call->api->settings.store, &find->batch, on_rows, find);
    } else if (find->ref != NULL) {
        loop_defer(find->call->api->settings.loop, next_batch, find);
    } else {
        finish(find, 0);
    }
}

static void look_into(struct find *find, uint32_t chunk, uint32_t ordinal)
{
    memcpy(find->batch.campaign, find->id, sizeof find->id);
    find->batch.number = chunk << 16 | ordinal;
    event_batches_find(event_reader_batches(find->call->api->events), find->campaign, &find->batch,
                       on_refs, find);
}

static void next_batch(void *context)
{
    struct find *find = context;
    while (find->marker_at < find->marker_count &&
           find->ordinal == find->markers[find->marker_at].batches) {
        find->marker_at++;
        find->ordinal = 0;
    }
    if (find->marker_at == find->marker_count || find->call->is_gone) {
        finish(find, 0);
        return;
    }
    look_into(find, find->markers[find->marker_at].number, find->ordinal++);
}

static void on_markers(void *context, int error, const struct store_chunk_marker *markers,
                       size_t count)
{
    struct find *find = context;
    if (error != 0) {
        finish(find, error);
        return;
    }
    find->markers = arena_zero(find->call->arena, count, sizeof *markers);
    find->marker_count = count;
    if (count > 0) {
        memcpy(find->markers, markers, count * sizeof *markers);
    }
    next_batch(find);
}

static void on_map(void *context, int error, struct text map)
{
    struct find *find = context;
    uint16_t ordinal = 0;
    uint32_t row = 0;
    if (error == 0) {
        error = intake_map_find(map, find->index % ROWS_PER_CHUNK, &ordinal, &row);
    }
    if (error == -ENOENT) {
        finish(find, 0); /* rejected, or its rows are gone */
    } else if (error != 0) {
        finish(find, error);
    } else {
        look_into(find, find->index / ROWS_PER_CHUNK, ordinal);
    }
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct find *find = context;
    if (error == 0 && !text_equal(campaign->tenant, find->call->tenant)) {
        catalog_release(&campaign);
        error = -ENOENT;
    }
    if (error != 0) {
        api_call_refuse_error(find->call, error);
        return;
    }
    find->campaign = campaign;
    struct store *store = find->call->api->settings.store;
    if (find->ref != NULL) {
        store_campaign_markers(store, find->id, on_markers, find);
    } else {
        store_campaign_map(store, find->id, find->index / ROWS_PER_CHUNK, on_map, find);
    }
}

/* "<m.token@domain>", with or without the brackets. @return 0 or -EINVAL */
static int take_message_id(struct find *find, const char *message_id)
{
    struct text text = text_trim(text_of(message_id));
    if (text_starts_with(text, TEXT("<"))) {
        text = text_skip(text, 1);
    }
    struct text local = {text.data, text_find(text, '@')};
    struct token_content content;
    if (token_verify(TOKEN_MESSAGE_ID, local, key_directory_token_key,
                     find->call->api->settings.keys, &content) != 0) {
        return -EINVAL;
    }
    memcpy(find->id, content.campaign, sizeof find->id);
    find->index = content.index;
    return 0;
}

void api_find_handle(struct api_call *call)
{
    const Hikyaku__V1__FindRecipientsRequest *request = (const void *)call->request;
    struct find *find = arena_zero(call->arena, 1, sizeof *find);
    find->call = call;
    find->limit = request->limit > 0 ? request->limit : LIMIT_DEFAULT;
    find->found = arena_zero(call->arena, find->limit, sizeof(void *));
    find->positions = arena_zero(call->arena, find->limit, sizeof *find->positions);
    if (request->by_case == HIKYAKU__V1__FIND_RECIPIENTS_REQUEST__BY_MESSAGE_ID) {
        if (take_message_id(find, request->message_id) != 0) {
            api_call_refuse_with(call, WIRE_CODE_NOT_FOUND, "message_id", "message_id",
                                 "is not a Message-ID of ours");
            return;
        }
    } else if (api_view_parse_id(request->campaign_id, find->id) != 0) {
        api_call_refuse_error(call, -ENOENT);
        return;
    } else {
        find->ref = request->ref;
    }
    catalog_load(call->api->settings.catalog, find->id, on_loaded, find);
}
