#include "coordinator/api/api_group.h"

#include "common/base/clock.h"
#include "common/security/digest.h"
#include "common/store/store_fleet.h"
#include "common/store/store_messages.h"
#include "common/wire/wire_canonical.h"
#include "coordinator/api/api_chunk.h"
#include "coordinator/api/api_settle.h"
#include "coordinator/api/api_state.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Another call may enter the same keys between look-up and script: look again, so often. */
#define TRIES_MAX 4

struct api_group {
    struct api_group_batch batch;
    unsigned int partition;
    struct text from_domain;
    Hikyaku__V1__Mailbox *from;
    uint32_t *places; /* of its messages in the call */
    size_t count;
    uint32_t *open; /* of these, which are not known yet */
    size_t open_count;
    unsigned int tries;
    unsigned int over; /* containers of this hour that take no more: closed, paused, cancelled */
    unsigned char container[IDENTITY_CAMPAIGN_BYTES];
    unsigned char attributes[DIGEST_BYTES];
    Hikyaku__V1__CreateCampaignRequest *settings;
    struct store_campaign header;
    struct catalog_campaign *campaign; /* a reference */
    const struct intake_settings *intake_settings;
    struct intake *intake;
    struct intake_result *result;
    uint32_t chunk;
    int error; /* of the pool's work */
};

static void look_up(void *context);

struct api_group *api_group_create(const struct api_group_batch *batch, unsigned int partition,
                                   struct text from_domain, Hikyaku__V1__Mailbox *from,
                                   size_t capacity)
{
    struct arena *arena = batch->call->arena;
    struct api_group *group = arena_zero(arena, 1, sizeof *group);
    group->batch = *batch;
    group->partition = partition;
    group->from_domain = from_domain;
    group->from = from;
    group->places = arena_zero(arena, capacity, sizeof *group->places);
    group->open = arena_zero(arena, capacity, sizeof *group->open);
    return group;
}

bool api_group_fits(const struct api_group *group, unsigned int partition, struct text from_domain)
{
    return group->partition == partition && text_equal(group->from_domain, from_domain);
}

void api_group_add(struct api_group *group, uint32_t place)
{
    group->places[group->count++] = place;
}

void api_group_reject(struct api_call *call, Hikyaku__V1__MessageResult *result,
                      Hikyaku__V1__MessageStatus status, const struct problem *problem)
{
    result->status = status;
    result->error = arena_alloc(call->arena, sizeof *result->error);
    struct problem *copy = arena_copy(call->arena, problem, sizeof *problem);
    wire_error_fill(copy, 0, result->error);
}

static void end(struct api_group *group, int error)
{
    intake_result_destroy(&group->result);
    catalog_release(&group->campaign);
    group->batch.on_ended(group->batch.context, error);
}

static void accept(struct api_group *group, Hikyaku__V1__MessageResult *result,
                   Hikyaku__V1__MessageStatus status, const unsigned char container[16],
                   const struct store_message *message)
{
    struct api_call *call = group->batch.call;
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(container, id);
    result->status = status;
    result->campaign_id = api_call_string(call, text_of(id));
    result->index = message->index;
    result->message_id =
        arena_printf(call->arena, "%s@%.*s", message->token, TEXT_PRINT(group->from_domain));
}

static void on_added(void *context, int error, const struct store_chunk_answer *stored)
{
    struct api_group *group = context;
    (void)stored;
    bool is_known_or_over = error == -EEXIST || error == -EBUSY; /* the key; the container's hour */
    if (is_known_or_over && ++group->tries < TRIES_MAX) {
        group->over += error == -EBUSY;
        intake_result_destroy(&group->result);
        catalog_release(&group->campaign);
        look_up(group);
        return;
    }
    if (error != 0) {
        end(group, is_known_or_over ? -EAGAIN : error);
        return;
    }
    for (size_t i = 0; i < group->result->message_count; i++) {
        const struct intake_message *message = &group->result->messages[i];
        if (message->is_accepted) {
            struct store_message known = {.index = message->index};
            memcpy(known.token, message->token, sizeof message->token);
            accept(group, group->batch.results[group->open[i]],
                   HIKYAKU__V1__MESSAGE_STATUS__MESSAGE_STATUS_ACCEPTED, group->container, &known);
        }
    }
    store_fleet_notify(group->batch.call->api->settings.store, STORE_NOTICE_WORK, group->container);
    end(group, 0);
}

static void reject_bad_ones(struct api_group *group)
{
    for (size_t i = 0; i < group->result->rejected_count; i++) {
        const struct intake_rejected *rejected = &group->result->rejected[i];
        struct problem problem;
        char *field = api_call_string(group->batch.call, rejected->field);
        char *rule = api_call_string(group->batch.call, rejected->rule);
        problem_set(&problem, field, rule, "%.*s", TEXT_PRINT(rejected->message));
        api_group_reject(group->batch.call, group->batch.results[rejected->index],
                         HIKYAKU__V1__MESSAGE_STATUS__MESSAGE_STATUS_REJECTED, &problem);
    }
}

/* What the store remembers of each accepted message. @return how many */
static size_t fill_messages(struct api_group *group, struct store_message *messages)
{
    size_t count = 0;
    for (size_t i = 0; i < group->result->message_count; i++) {
        const struct intake_message *from = &group->result->messages[i];
        if (!from->is_accepted) {
            continue;
        }
        struct store_message *message = &messages[count++];
        memcpy(message->key_hash, from->key_hash, sizeof message->key_hash);
        memcpy(message->digest, from->digest, sizeof message->digest);
        memcpy(message->container, group->container, sizeof message->container);
        memcpy(message->token, from->token, sizeof from->token);
        message->index = from->index;
    }
    return count;
}

/* Due and end of life are this call's, not the container's. */
static void set_times(const struct api_group *group, struct store_chunk_batch *batches,
                      size_t count)
{
    const struct api_call *call = group->batch.call;
    const Hikyaku__V1__SendMessagesRequest *request = (const void *)call->request;
    const struct wire_limits *limits = call->api->settings.limits;
    int64_t now_ms = clock_unix_ms();
    int64_t from_ms =
        request->scheduled_at_unix_ms > now_ms ? request->scheduled_at_unix_ms : now_ms;
    bool is_bulk = group->settings->lane == HIKYAKU__V1__LANE__LANE_BULK;
    uint32_t fallback_s = is_bulk ? limits->message_expires_max_s : limits->transactional_expires_s;
    uint32_t lives_s = request->expires_after_s > 0 ? request->expires_after_s : fallback_s;
    for (size_t i = 0; i < count; i++) {
        batches[i].due_unix_s = (request->scheduled_at_unix_ms + 999) / 1000;
        batches[i].expires_unix_ms = from_ms + (int64_t)lives_s * 1000;
    }
}

static void store_group(struct api_group *group)
{
    struct api_call *call = group->batch.call;
    struct store_chunk chunk;
    struct store_message *messages =
        arena_zero(call->arena, group->result->message_count, sizeof *messages);
    size_t count = fill_messages(group, messages);
    api_chunk_fill(group->intake_settings, group->result, call->arena, &chunk);
    struct store_chunk_batch *batches = arena_zero(call->arena, chunk.batch_count, sizeof *batches);
    memcpy(batches, chunk.batches, chunk.batch_count * sizeof *batches);
    set_times(group, batches, chunk.batch_count);
    chunk.batches = batches;
    chunk.digest = (struct text){(const char *)group->attributes, DIGEST_BYTES};
    chunk.rejected = 0; /* messages are judged one by one: a container has no rejected rows */
    store_messages_add(call->api->settings.store, &chunk, messages, count, on_added, group);
}

static void work(void *context)
{
    struct api_group *group = context;
    struct intake_messages messages = {
        .request = (const void *)group->batch.call->request,
        .identities = group->batch.identities,
        .places = group->open,
        .count = group->open_count,
        .chunk = group->chunk,
    };
    intake_messages(group->intake, group->intake_settings, &messages, &group->result);
    group->error = intake_seal(group->intake, group->intake_settings, group->result);
}

static void on_worked(void *context)
{
    struct api_group *group = context;
    api_give_intake(group->batch.call->api, &group->intake);
    if (group->error != 0) {
        end(group, group->error);
        return;
    }
    reject_bad_ones(group);
    if (group->result->accepted == 0) {
        end(group, 0);
        return;
    }
    store_group(group);
}

static void on_reserved(void *context, int error, uint32_t chunk)
{
    struct api_group *group = context;
    struct api *api = group->batch.call->api;
    if (error == -EBUSY && ++group->tries < TRIES_MAX) {
        catalog_release(&group->campaign); /* take the next container */
        group->over++;
        look_up(group);
        return;
    }
    if (error != 0) {
        end(group, error == -EBUSY ? -EAGAIN : error);
        return;
    }
    group->chunk = chunk;
    group->intake = api_take_intake(api);
    loop_run_in_pool(api->settings.loop, work, on_worked, group);
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign);

static void on_created(void *context, int error, bool is_replayed,
                       const struct store_campaign *campaign)
{
    struct api_group *group = context;
    (void)is_replayed;
    (void)campaign;
    if (error != 0) {
        end(group, error);
        return;
    }
    catalog_load(group->batch.call->api->settings.catalog, group->container, on_loaded, group);
}

static void on_sealed(void *context, int error, const struct catalog_sealed *sealed,
                      const struct problem *problem)
{
    struct api_group *group = context;
    struct api_call *call = group->batch.call;
    if (error != 0) {
        problem_list_add(api_call_problems(call), problem);
        end(group, error == -ECANCELED ? error : -ENOKEY);
        return;
    }
    group->header.wrapped_key = sealed->wrapped_key;
    group->header.token_key_id = sealed->token_key_id;
    store_campaign_create(call->api->settings.store, &group->header, sealed->sealed_content,
                          on_created, group);
}

static void create_container(struct api_group *group)
{
    struct api_call *call = group->batch.call;
    int64_t now_ms = clock_unix_ms();
    api_settle_header(call, group->settings, group->from_domain, now_ms, &group->header);
    memcpy(group->header.id, group->container, sizeof group->container);
    group->header.is_container = true;
    group->header.state = HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING;
    group->header.scheduled_unix_ms = 0;
    group->header.request_digest =
        (struct text){(const char *)group->attributes, sizeof group->attributes};
    catalog_seal_new(call->api->settings.catalog, group->container,
                     api_settle_stored(call, group->settings), now_ms, on_sealed, group);
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct api_group *group = context;
    struct problem problem;
    if (error == -ENOENT) {
        create_container(group);
        return;
    }
    if (error != 0) {
        end(group, error);
        return;
    }
    group->campaign = campaign;
    group->intake_settings = catalog_intake_settings(campaign, &problem);
    if (group->intake_settings == NULL) {
        end(group, -EPROTO); /* it was checked before it was stored */
        return;
    }
    store_messages_reserve(group->batch.call->api->settings.store, group->container, on_reserved,
                           group);
}

static void copy_labels(struct api_group *group, const Hikyaku__V1__SendMessagesRequest *request)
{
    struct arena *arena = group->batch.call->arena;
    group->settings->labels = arena_zero(arena, request->n_labels, sizeof(void *));
    group->settings->n_labels = request->n_labels;
    for (size_t i = 0; i < request->n_labels; i++) {
        Hikyaku__V1__CreateCampaignRequest__LabelsEntry *entry = arena_alloc(arena, sizeof *entry);
        hikyaku__v1__create_campaign_request__labels_entry__init(entry);
        entry->key = request->labels[i]->key;
        entry->value = request->labels[i]->value;
        group->settings->labels[i] = entry;
    }
}

/* Tenant, From domain, pool, settings, hour, and how many of these are over: equal attributes share
 * a container. */
static void identify_container(struct api_group *group)
{
    struct api_call *call = group->batch.call;
    const struct api_settings *api = &call->api->settings;
    const Hikyaku__V1__SendMessagesRequest *request = (const void *)call->request;
    struct buffer bytes = {NULL, 0, 0};
    const struct wire_effective_tenant defaults = api_call_defaults(call);
    group->settings = wire_effective_messages(request, &api_call_tenant(call)->limits, &defaults,
                                              group->from, call->arena);
    group->settings->name = api_call_string(call, TEXT("messages"));
    copy_labels(group, request);
    wire_canonical_append(&group->settings->base, &bytes);
    struct digest *digest = digest_create();
    digest_begin(digest, TEXT("container"));
    digest_add_bytes(digest, 1, call->tenant);
    digest_add_bytes(digest, 2, group->from_domain);
    digest_add_bytes(digest, 3, buffer_text(&bytes));
    digest_add_number(digest, 4, (uint64_t)clock_unix_ms() / HOUR_MS);
    if (group->over > 0) {
        digest_add_number(digest, 5, group->over);
    }
    digest_finish(digest, group->attributes);
    digest_destroy(&digest);
    buffer_finish(&bytes);
    identity_container(key_directory_id_key(api->keys),
                       (struct text){(const char *)group->attributes, DIGEST_BYTES},
                       group->partition, group->container);
}

static bool is_known(const struct store_message *message)
{
    static const unsigned char nothing[sizeof message->container];
    return memcmp(message->container, nothing, sizeof nothing) != 0;
}

static void on_found(void *context, int error, const struct store_message *found, size_t count)
{
    struct api_group *group = context;
    if (error != 0) {
        end(group, error);
        return;
    }
    assert(count == group->count);
    group->open_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t place = group->places[i];
        const struct intake_identity *identity = &group->batch.identities[place];
        Hikyaku__V1__MessageResult *result = group->batch.results[place];
        if (!is_known(&found[i])) {
            group->open[group->open_count++] = place;
        } else if (memcmp(found[i].digest, identity->digest, DIGEST_BYTES) == 0) {
            accept(group, result, HIKYAKU__V1__MESSAGE_STATUS__MESSAGE_STATUS_REPLAYED,
                   found[i].container, &found[i]);
        } else {
            struct problem problem;
            problem_set(&problem, "message_key", "other_payload",
                        "this key was used with another payload");
            api_group_reject(group->batch.call, result,
                             HIKYAKU__V1__MESSAGE_STATUS__MESSAGE_STATUS_CONFLICT, &problem);
        }
    }
    if (group->open_count == 0) {
        end(group, 0);
        return;
    }
    identify_container(group);
    catalog_load(group->batch.call->api->settings.catalog, group->container, on_loaded, group);
}

static void look_up(void *context)
{
    struct api_group *group = context;
    struct api_call *call = group->batch.call;
    unsigned char(*hashes)[STORE_MESSAGE_KEY_HASH_BYTES] =
        arena_zero(call->arena, group->count, sizeof *hashes);
    for (size_t i = 0; i < group->count; i++) {
        memcpy(hashes[i], group->batch.identities[group->places[i]].key_hash, sizeof hashes[i]);
    }
    store_messages_find(call->api->settings.store, group->partition,
                        (const unsigned char(*)[STORE_MESSAGE_KEY_HASH_BYTES])hashes, group->count,
                        on_found, group);
}

void api_group_run(struct api_group *group)
{
    loop_defer(group->batch.call->api->settings.loop, look_up, group);
}
