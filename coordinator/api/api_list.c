#include "common/security/identity.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 50
#define PARTITIONS IDENTITY_PARTITIONS
/* Campaigns looked at in each partition for one page: a rare label ends a page early, its token
 * goes on from there. */
#define LOOKED_AT 201

/* ListCampaigns: the newest of each partition, their headers, merged. The page token is the time of
 * creation (ms) that the next page begins with. */
struct list {
    struct api_call *call;
    int64_t from_ms;
    int64_t to_ms; /* inclusive */
    size_t page_size;
    size_t waiting; /* answers */
    int error;
    Hikyaku__V1__Campaign **found; /* in the call's arena */
    size_t count;
    size_t capacity;
    struct {
        bool is_cut; /* it has more, created before its oldest */
        int64_t oldest_ms;
    } partitions[PARTITIONS];
};

static int newest_first(const void *a, const void *b)
{
    const Hikyaku__V1__Campaign *const *left = a;
    const Hikyaku__V1__Campaign *const *right = b;
    if ((*left)->created_unix_ms != (*right)->created_unix_ms) {
        return (*left)->created_unix_ms > (*right)->created_unix_ms ? -1 : 1;
    }
    return strcmp((*left)->campaign_id, (*right)->campaign_id);
}

static bool has_label(const Hikyaku__V1__Campaign *campaign, const char *name, const char *value)
{
    for (size_t i = 0; i < campaign->n_labels; i++) {
        if (strcmp(campaign->labels[i]->key, name) == 0 &&
            (value[0] == '\0' || strcmp(campaign->labels[i]->value, value) == 0)) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const Hikyaku__V1__ListCampaignsRequest *request,
                      const Hikyaku__V1__Campaign *campaign)
{
    bool is_state = request->n_states == 0;
    for (size_t i = 0; i < request->n_states; i++) {
        is_state = is_state || request->states[i] == campaign->state;
    }
    return is_state && (request->with_containers || !campaign->container) &&
           (request->label_name[0] == '\0' ||
            has_label(campaign, request->label_name, request->label_value));
}

/* Up to which time every partition was looked at to its end: above it nothing is missing. */
static int64_t find_boundary(const struct list *list)
{
    int64_t boundary_ms = 0;
    for (size_t i = 0; i < PARTITIONS; i++) {
        if (list->partitions[i].is_cut && list->partitions[i].oldest_ms > boundary_ms) {
            boundary_ms = list->partitions[i].oldest_ms;
        }
    }
    /* All of one millisecond: go on, or the next page would be this one again. */
    return boundary_ms > 0 && boundary_ms >= list->to_ms ? boundary_ms - 1 : boundary_ms;
}

static void answer(struct list *list)
{
    struct api_call *call = list->call;
    if (list->error != 0) {
        api_call_refuse_error(call, list->error);
        return;
    }
    qsort(list->found, list->count, sizeof(void *), newest_first);
    int64_t next_ms = find_boundary(list);
    Hikyaku__V1__ListCampaignsResponse response;
    hikyaku__v1__list_campaigns_response__init(&response);
    response.campaigns = list->found;
    for (size_t i = 0; i < list->count && list->found[i]->created_unix_ms > next_ms; i++) {
        int64_t created_ms = list->found[i]->created_unix_ms;
        /* A page ends where the time changes, so that its token loses nobody. */
        if (i >= list->page_size && created_ms != list->found[i - 1]->created_unix_ms) {
            next_ms = created_ms;
            break;
        }
        response.n_campaigns++;
    }
    char token[32] = "";
    if (next_ms > 0) {
        (void)snprintf(token, sizeof token, "%" PRId64, next_ms);
    }
    response.next_page_token = token;
    api_call_answer(call, &response.base);
}

static void settle(struct list *list)
{
    if (--list->waiting == 0) {
        answer(list);
    }
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct list *list = context;
    const Hikyaku__V1__ListCampaignsRequest *request = (const void *)list->call->request;
    if (error == 0 && text_equal(campaign->tenant, list->call->tenant)) {
        unsigned int partition = identity_partition(campaign->id);
        if (campaign->created_unix_ms < list->partitions[partition].oldest_ms) {
            list->partitions[partition].oldest_ms = campaign->created_unix_ms;
        }
        const struct api_gate gate = api_view_running_gate(list->call, campaign);
        Hikyaku__V1__Campaign *view = api_view_campaign(campaign, &gate, list->call->arena);
        if (is_wanted(request, view) && list->count < list->capacity) {
            list->found[list->count++] = view;
        }
    } else if (error != 0 && error != -ENOENT) {
        list->error = error;
    }
    settle(list);
}

static void on_ids(void *context, int error, const unsigned char (*ids)[16], size_t count)
{
    struct list *list = context;
    if (error != 0) {
        list->error = error;
    }
    for (size_t i = 0; i < count; i++) {
        list->partitions[identity_partition(ids[0])].is_cut = count == LOOKED_AT;
        list->waiting++;
        store_campaign_get(list->call->api->settings.store, ids[i], on_header, list);
    }
    settle(list);
}

/* @return 0 or -EINVAL */
static int take_token(struct list *list, const char *token)
{
    uint64_t before_ms = 0;
    if (token[0] == '\0') {
        return 0;
    }
    if (text_to_u64(text_of(token), INT64_MAX, &before_ms) != 0) {
        return -EINVAL;
    }
    if ((int64_t)before_ms < list->to_ms) {
        list->to_ms = (int64_t)before_ms;
    }
    return 0;
}

void api_list_handle(struct api_call *call)
{
    const Hikyaku__V1__ListCampaignsRequest *request = (const void *)call->request;
    struct list *list = arena_zero(call->arena, 1, sizeof *list);
    list->call = call;
    list->from_ms = request->created_from_unix_ms;
    list->to_ms = request->created_to_unix_ms > 0 ? request->created_to_unix_ms : INT64_MAX;
    list->page_size = request->page_size > 0 ? request->page_size : PAGE_DEFAULT;
    if (take_token(list, request->page_token) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "page_token", "page_token",
                             "is not one that ListCampaigns gave");
        return;
    }
    list->capacity = (size_t)PARTITIONS * LOOKED_AT;
    list->found = arena_zero(call->arena, list->capacity, sizeof(void *));
    list->waiting = PARTITIONS;
    for (size_t i = 0; i < PARTITIONS; i++) {
        list->partitions[i].oldest_ms = INT64_MAX;
    }
    for (unsigned int partition = 0; partition < PARTITIONS; partition++) {
        store_campaign_list(call->api->settings.store, partition, list->from_ms, list->to_ms,
                            LOOKED_AT, on_ids, list);
    }
}
