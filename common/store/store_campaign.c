#include "common/store/store_campaign.h"

#include "common/store/store_header.h"
#include "common/store/store_keys.h"
#include "common/store/store_marker.h"
#include "common/store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DROP_AT_ONCE 512 /* keys of one UNLINK */
#define IDS_MAX 100000   /* campaigns of one answer */

/* Answers that hold a header */

/** Read the header in `pairs`. The caller frees `ret_texts` after use of the header. */
static int read_header(const redisReply *pairs, const unsigned char campaign[16],
                       struct text **ret_texts, struct store_header *ret_header)
{
    size_t count = 0;
    *ret_texts = store_reply_texts(pairs, &count);
    return store_header_read(*ret_texts, count, campaign, ret_header);
}

static void answer_header(struct store_call *call, int error, const redisReply *pairs)
{
    struct store_header header;
    struct text *texts = NULL;
    int damaged = pairs == NULL ? 0 : read_header(pairs, call->campaign, &texts, &header);
    store_campaign_fn *on_answer = (store_campaign_fn *)call->on_answer;
    if (damaged != 0) {
        on_answer(call->context, error == 0 ? damaged : error, NULL);
    } else {
        on_answer(call->context, error, pairs == NULL ? NULL : &header.campaign);
    }
    free(texts);
    free(call);
}

static void on_header(void *object, int error, const redisReply *reply)
{
    answer_header(object, error, error == 0 ? reply : NULL);
}

void store_campaign_get(struct store *store, const unsigned char campaign[16],
                        store_campaign_fn *on_answer, void *context)
{
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    memcpy(call->campaign, campaign, sizeof(call->campaign));
    store_command_begin(store_command_of(store), "HGETALL");
    store_add_campaign_key(store, campaign, NULL);
    store_send(store, STORE_LINK_READ, on_header, call);
}

/* Create */

static void add_field_text(struct store_command *command, const char *name, struct text value)
{
    store_command_add_string(command, name);
    store_command_add(command, value);
}

static void add_field_number(struct store_command *command, const char *name, int64_t value)
{
    store_command_add_string(command, name);
    store_command_add_number(command, value);
}

static void add_fields(struct store_command *command, const struct store_campaign *campaign)
{
    add_field_text(command, "tenant", campaign->tenant);
    add_field_text(command, "name", campaign->name);
    add_field_text(command, "pool", campaign->pool);
    add_field_text(command, "from", campaign->from_domain);
    add_field_number(command, "lane", campaign->lane);
    add_field_number(command, "mode", campaign->mode);
    add_field_number(command, "class", campaign->content_class);
    add_field_number(command, "state", campaign->state);
    add_field_number(command, "word", STORE_RUN);
    add_field_number(command, "hold", campaign->is_hold);
    add_field_number(command, "resolve_as", campaign->resolve_as);
    add_field_number(command, "resolve_s", campaign->resolve_after_s);
    add_field_number(command, "container", campaign->is_container);
    add_field_number(command, "buckets", campaign->buckets);
    add_field_number(command, "expires_s", campaign->expires_after_s);
    add_field_number(command, "created", campaign->created_unix_ms);
    add_field_number(command, "submitted", campaign->submitted_unix_ms);
    add_field_number(command, "scheduled", campaign->scheduled_unix_ms);
    add_field_number(command, "expires", campaign->expires_unix_ms);
    add_field_text(command, "key", campaign->wrapped_key);
    add_field_number(command, "key_id", campaign->token_key_id);
    if (campaign->approval.author.size > 0) {
        add_field_text(command, "author", campaign->approval.author);
    }
    if (campaign->windows.size > 0) {
        add_field_text(command, "windows", campaign->windows);
    }
    if (campaign->canary.count > 0) {
        add_field_number(command, "canary", STORE_CANARY_SENDING);
        add_field_number(command, "canary_n", campaign->canary.count);
        add_field_number(command, "canary_s", campaign->canary.wait_s);
        add_field_number(command, "canary_max", campaign->canary.bounced_permille);
    }
    store_header_pack_labels(campaign->labels, campaign->label_count,
                             store_command_scratch(command));
    store_command_add_string(command, "labels");
    store_command_add_scratch(command);
}

static void on_created(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_header header;
    struct text *texts = NULL;
    error = error == 0 ? store_reply_status(reply) : error;
    if (error == 0) {
        error = read_header(store_reply_at(reply, 2), call->campaign, &texts, &header);
    }
    bool is_replayed = store_reply_number(store_reply_at(reply, 1)) == 1;
    ((store_campaign_created_fn *)call->on_answer)(call->context, error, is_replayed,
                                                   error == 0 ? &header.campaign : NULL);
    free(texts);
    free(call);
}

void store_campaign_create(struct store *store, const struct store_campaign *campaign,
                           struct text sealed_content, store_campaign_created_fn *on_answer,
                           void *context)
{
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    memcpy(call->campaign, campaign->id, sizeof(call->campaign));
    struct store_command *command = store_begin(store, STORE_SCRIPT_CREATE, 4);
    unsigned int partition = store_keys_partition(campaign->id);
    store_add_campaign_key(store, campaign->id, NULL);
    store_add_campaign_key(store, campaign->id, "content");
    store_keys_all(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    store_keys_active(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    store_command_add(command, campaign->request_digest);
    store_command_add(command, (struct text){(const char *)campaign->id, sizeof(campaign->id)});
    store_command_add_number(command, campaign->created_unix_ms);
    store_command_add(command, sealed_content);
    add_fields(command, campaign);
    store_send(store, STORE_LINK_WRITE, on_created, call);
}

/* Submit, start, close, canary, control: their events go to the tenant's stream, whose name the
 * header knows. */

enum step { STEP_SUBMIT, STEP_START, STEP_CLOSE, STEP_CANARY, STEP_CONTROL };

struct step_call {
    struct store *store;
    store_campaign_fn *on_answer;
    void *context;
    enum step step;
    unsigned char campaign[16];
    uint32_t chunks;
    unsigned char digest[32];
    int64_t scheduled_unix_ms;
    uint8_t approvals;
    uint64_t patience_ms;
    struct buffer approval_step;
    enum store_control control;
    enum store_canary_step canary;
    struct buffer reason; /* or the submitter */
};

static struct step_call *step_create(struct store *store, const unsigned char campaign[16],
                                     enum step step, store_campaign_fn *on_answer, void *context)
{
    struct step_call *call = xalloc_zero(1, sizeof(*call));
    call->store = store;
    call->on_answer = on_answer;
    call->context = context;
    call->step = step;
    memcpy(call->campaign, campaign, sizeof(call->campaign));
    return call;
}

static void step_free(struct step_call *call)
{
    buffer_finish(&call->reason);
    buffer_finish(&call->approval_step);
    free(call);
}

static void on_dropped(void *object, int error, const redisReply *reply)
{
    (void)object;
    (void)error;
    (void)reply;
}

/* Nobody asks for the duplicate buckets after Submit. */
static void drop_buckets(struct store *store, const struct store_campaign *campaign)
{
    struct store_command *command = store_command_of(store);
    for (uint32_t from = 0; from < campaign->buckets; from += DROP_AT_ONCE) {
        store_command_begin(command, "UNLINK");
        for (uint32_t i = from; i < campaign->buckets && i < from + DROP_AT_ONCE; i++) {
            store_keys_duplicates(store_command_scratch(command), store_prefix(store), campaign->id,
                                  i);
            store_command_add_scratch(command);
        }
        store_send(store, STORE_LINK_WRITE, on_dropped, NULL);
    }
}

static void on_step(void *object, int error, const redisReply *reply)
{
    struct step_call *call = object;
    struct store_header header;
    struct text *texts = NULL;
    error = error == 0 ? store_reply_status(reply) : error;
    bool has_header = reply != NULL &&
                      read_header(store_reply_at(reply, 1), call->campaign, &texts, &header) == 0;
    if (error == 0 && !has_header) {
        error = -EPROTO;
    }
    bool may_return = has_header && header.campaign.approval.needed > 0;
    if (error == 0 && call->step == STEP_SUBMIT && !may_return) {
        drop_buckets(call->store, &header.campaign);
    }
    call->on_answer(call->context, error, has_header ? &header.campaign : NULL);
    free(texts);
    step_free(call);
}

static void add_step_arguments(struct store_command *command, const struct step_call *call)
{
    static const char *const words[] = {
        [STORE_CONTROL_PAUSE] = "pause",     [STORE_CONTROL_TRIP] = "trip",
        [STORE_CONTROL_RESUME] = "resume",   [STORE_CONTROL_CANCEL] = "cancel",
        [STORE_CONTROL_RELEASE] = "release", [STORE_CONTROL_QUARANTINE] = "quarantine"};
    static const char *const canary_words[] = {[STORE_CANARY_STEP_WAIT] = "wait",
                                               [STORE_CANARY_STEP_PASS] = "pass",
                                               [STORE_CANARY_STEP_FAIL] = "fail"};
    if (call->step == STEP_SUBMIT) {
        store_command_add_unsigned(command, call->chunks);
        store_command_add(command, (struct text){(const char *)call->digest, 32});
        store_command_add_number(command, call->scheduled_unix_ms);
        store_command_add_unsigned(command, call->approvals);
        store_command_add_unsigned(command, call->patience_ms);
        store_command_add(command, buffer_text(&call->reason));
        store_command_add(command, buffer_text(&call->approval_step));
    } else if (call->step == STEP_CANARY) {
        store_command_add_string(command, canary_words[call->canary]);
        store_command_add(command, buffer_text(&call->reason));
    } else if (call->step == STEP_CONTROL) {
        store_command_add_string(command, words[call->control]);
        store_command_add(command, buffer_text(&call->reason));
        store_quarantine_add_campaign(command, call->campaign);
    } else {
        store_command_add_string(command, call->step == STEP_CLOSE ? "1" : "0");
    }
}

static void on_tenant(void *object, int error, const redisReply *reply)
{
    static const enum store_script_name scripts[] = {[STEP_SUBMIT] = STORE_SCRIPT_SUBMIT,
                                                     [STEP_START] = STORE_SCRIPT_START,
                                                     [STEP_CLOSE] = STORE_SCRIPT_START,
                                                     [STEP_CANARY] = STORE_SCRIPT_CANARY,
                                                     [STEP_CONTROL] = STORE_SCRIPT_CONTROL};
    struct step_call *call = object;
    struct store *store = call->store;
    struct text tenant = store_reply_text(reply);
    if (error == 0 && tenant.size == 0) {
        error = -ENOENT;
    }
    if (error != 0) {
        call->on_answer(call->context, error == -ECONNRESET ? -EAGAIN : error, NULL);
        step_free(call);
        return;
    }
    static const size_t more_keys[] = {[STEP_SUBMIT] = 1, [STEP_CONTROL] = 2};
    struct store_command *command =
        store_begin(store, scripts[call->step], STORE_TRANSITION_KEYS + more_keys[call->step]);
    store_add_transition_keys(store, call->campaign, tenant);
    if (call->step == STEP_SUBMIT) {
        store_add_campaign_key(store, call->campaign, "approval");
    } else if (call->step == STEP_CONTROL) {
        store_keys_quarantine(store_command_scratch(command), store_prefix(store),
                              store_keys_partition(call->campaign));
        store_command_add_scratch(command);
        store_add_campaign_key(store, call->campaign, "trials");
    }
    store_command_add_string(command, store_run_id(store));
    store_command_add(command, (struct text){(const char *)call->campaign, 16});
    add_step_arguments(command, call);
    store_send(store, STORE_LINK_WRITE, on_step, call);
}

static void run_step(struct step_call *call)
{
    struct store *store = call->store;
    store_command_begin(store_command_of(store), "HGET");
    store_add_campaign_key(store, call->campaign, NULL);
    store_command_add_string(store_command_of(store), "tenant");
    store_send(store, STORE_LINK_READ, on_tenant, call);
}

void store_campaign_submit(struct store *store, const struct store_submit *submit,
                           store_campaign_fn *on_answer, void *context)
{
    struct step_call *call = step_create(store, submit->campaign, STEP_SUBMIT, on_answer, context);
    assert(submit->digest.size == sizeof(call->digest));
    call->chunks = submit->chunks;
    call->scheduled_unix_ms = submit->scheduled_unix_ms;
    memcpy(call->digest, submit->digest.data, sizeof(call->digest));
    call->approvals = submit->approvals;
    call->patience_ms = submit->patience_ms;
    buffer_append_text(&call->reason, submit->submitter);
    buffer_append_text(&call->approval_step, submit->approval_step);
    run_step(call);
}

void store_campaign_start(struct store *store, const unsigned char campaign[16],
                          store_campaign_fn *on_answer, void *context)
{
    run_step(step_create(store, campaign, STEP_START, on_answer, context));
}

void store_campaign_close(struct store *store, const unsigned char campaign[16],
                          store_campaign_fn *on_answer, void *context)
{
    run_step(step_create(store, campaign, STEP_CLOSE, on_answer, context));
}

void store_campaign_canary(struct store *store, const unsigned char campaign[16],
                           enum store_canary_step canary, struct text reason,
                           store_campaign_fn *on_answer, void *context)
{
    struct step_call *call = step_create(store, campaign, STEP_CANARY, on_answer, context);
    call->canary = canary;
    buffer_append_text(&call->reason, reason);
    run_step(call);
}

void store_campaign_control(struct store *store, const unsigned char campaign[16],
                            enum store_control control, struct text reason,
                            store_campaign_fn *on_answer, void *context)
{
    struct step_call *call = step_create(store, campaign, STEP_CONTROL, on_answer, context);
    call->control = control;
    buffer_append_text(&call->reason, reason);
    run_step(call);
}

/* Content, map, markers */

static void on_value(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    if (error == 0 && store_reply_is_nil(reply)) {
        error = -ENOENT;
    }
    ((store_campaign_content_fn *)call->on_answer)(call->context, error, store_reply_text(reply));
    free(call);
}

void store_campaign_content(struct store *store, const unsigned char campaign[16],
                            store_campaign_content_fn *on_answer, void *context)
{
    store_command_begin(store_command_of(store), "GET");
    store_add_campaign_key(store, campaign, "content");
    store_send(store, STORE_LINK_READ, on_value,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

void store_campaign_map(struct store *store, const unsigned char campaign[16], uint32_t chunk,
                        store_campaign_content_fn *on_answer, void *context)
{
    char field[16];
    (void)snprintf(field, sizeof(field), "m%u", chunk);
    store_command_begin(store_command_of(store), "HGET");
    store_add_campaign_key(store, campaign, "parts");
    store_command_add_string(store_command_of(store), field);
    store_send(store, STORE_LINK_READ, on_value,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static int compare_markers(const void *a, const void *b)
{
    const struct store_chunk_marker *left = a;
    const struct store_chunk_marker *right = b;
    return left->number < right->number ? -1 : left->number > right->number;
}

static int read_markers(const redisReply *reply, struct store_chunk_marker *ret_markers,
                        size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i + 1 < store_reply_count(reply); i += 2) {
        struct text field = store_reply_text(store_reply_at(reply, i));
        struct store_marker marker;
        uint64_t number = 0;
        if (text_to_u64(field, ROWS_CHUNKS_MAX - 1, &number) != 0 ||
            store_marker_read(store_reply_text(store_reply_at(reply, i + 1)), &marker) != 0) {
            return -EPROTO;
        }
        ret_markers[count].number = (uint32_t)number;
        ret_markers[count].batches = marker.batches;
        memcpy(ret_markers[count++].digest, marker.digest, 32);
    }
    qsort(ret_markers, count, sizeof(*ret_markers), compare_markers);
    *ret_count = count;
    return 0;
}

static void on_markers(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t most = store_reply_count(reply) / 2;
    size_t count = 0;
    struct store_chunk_marker *markers = xalloc_zero(most + 1, sizeof(*markers));
    if (error == 0) {
        error = most > ROWS_CHUNKS_MAX ? -EPROTO : read_markers(reply, markers, &count);
    }
    ((store_campaign_markers_fn *)call->on_answer)(call->context, error, markers, count);
    free(markers);
    free(call);
}

void store_campaign_markers(struct store *store, const unsigned char campaign[16],
                            store_campaign_markers_fn *on_answer, void *context)
{
    store_command_begin(store_command_of(store), "HGETALL");
    store_add_campaign_key(store, campaign, "chunks");
    store_send(store, STORE_LINK_READ, on_markers,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* Lists */

static void on_ids(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = store_reply_count(reply);
    if (error == 0 && count > IDS_MAX) {
        error = -EPROTO;
    }
    count = error == 0 ? count : 0;
    unsigned char(*ids)[16] = xalloc_zero(count + 1, sizeof(*ids));
    for (size_t i = 0; i < count; i++) {
        struct text id = store_reply_text(store_reply_at(reply, i));
        if (id.size != sizeof(*ids)) {
            error = -EPROTO;
            count = 0;
            break;
        }
        memcpy(ids[i], id.data, sizeof(*ids));
    }
    ((store_campaign_ids_fn *)call->on_answer)(call->context, error,
                                               (const unsigned char(*)[16])ids, count);
    free(ids);
    free(call);
}

void store_campaign_active(struct store *store, unsigned int partition,
                           store_campaign_ids_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "SMEMBERS");
    store_keys_active(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    store_send(store, STORE_LINK_READ, on_ids,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

/* NOLINTNEXTLINE(readability-function-size): a range is three plain numbers */
void store_campaign_list(struct store *store, unsigned int partition, int64_t from_unix_ms,
                         int64_t to_unix_ms, size_t limit, store_campaign_ids_fn *on_answer,
                         void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "ZREVRANGEBYSCORE");
    store_keys_all(store_command_scratch(command), store_prefix(store), partition);
    store_command_add_scratch(command);
    store_command_add_number(command, to_unix_ms);
    store_command_add_number(command, from_unix_ms);
    store_command_add_string(command, "LIMIT");
    store_command_add_string(command, "0");
    store_command_add_unsigned(command, limit);
    store_send(store, STORE_LINK_READ, on_ids,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
