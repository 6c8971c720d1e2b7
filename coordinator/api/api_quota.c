#include "coordinator/api/api_quota.h"

#include "common/base/metrics.h"
#include "common/store/store_quota.h"
#include "coordinator/api/api_state.h"
#include "coordinator/quota/quota.h"

#include <inttypes.h>
#include <string.h>

struct api_quota {
    struct api_call *call;
    struct quota_charge charge;
    int64_t taken_unix_ms; /* 0: nothing was taken */
    api_quota_next_fn *next;
};

/* ------------------------------------------------------------------ charging */

static struct quota_amounts key_limits(const Hikyaku__V1__StoredQuota *quota)
{
    struct quota_amounts limits = {{0}};
    if (quota != NULL) {
        limits.of[QUOTA_CALLS] = quota->calls_per_minute;
        limits.of[QUOTA_ROWS] = quota->rows_per_day;
        limits.of[QUOTA_BYTES] = quota->bytes_per_day;
        limits.of[QUOTA_CAMPAIGNS] = quota->campaigns_per_day;
    }
    return limits;
}

static struct quota_amounts tenant_limits(const struct tenant_quota *quota)
{
    struct quota_amounts limits = {{0}};
    limits.of[QUOTA_CALLS] = quota->calls_per_minute;
    limits.of[QUOTA_ROWS] = quota->rows_per_day;
    limits.of[QUOTA_BYTES] = quota->bytes_per_day;
    limits.of[QUOTA_CAMPAIGNS] = quota->campaigns_per_day;
    return limits;
}

/* A request that could not be read costs a call and its bytes. */
static struct quota_amounts cost_of(const struct api_call *call, uint64_t body_bytes)
{
    struct quota_amounts cost = {{0}};
    const ProtobufCMessage *request = call->fault == 0 ? call->request : NULL;
    cost.of[QUOTA_CALLS] = 1;
    cost.of[QUOTA_BYTES] = body_bytes;
    if (request == NULL) {
        return cost;
    }
    if (request->descriptor == &hikyaku__v1__add_recipients_request__descriptor) {
        const Hikyaku__V1__AddRecipientsRequest *add = (const void *)request;
        cost.of[QUOTA_ROWS] = add->n_recipients;
    } else if (request->descriptor == &hikyaku__v1__send_messages_request__descriptor) {
        const Hikyaku__V1__SendMessagesRequest *send = (const void *)request;
        cost.of[QUOTA_ROWS] = send->n_messages;
    } else if (request->descriptor == &hikyaku__v1__create_campaign_request__descriptor) {
        cost.of[QUOTA_CAMPAIGNS] = 1;
    }
    return cost;
}

static void refuse(struct api_call *call, const struct quota_result *result)
{
    const char *kind = quota_kind_name(result->kind);
    call->retry_after_ms = result->wait_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)result->wait_ms;
    metrics_add(metrics_counter("hikyaku_api_quota_refused_total",
                                "Calls refused because a quota is used up, by what it is of.",
                                "kind", text_of(kind)),
                1);
    call->problems = NULL; /* what else is wrong with it does not matter now */
    api_call_refuse_with(call, WIRE_CODE_RESOURCE_EXHAUSTED, "", "quota",
                         "the quota of this %s is used up: %" PRIu64 " %s a %s",
                         result->is_of_key ? "key" : "tenant", result->limit, kind,
                         quota_kind_is_of_day(result->kind) ? "day" : "minute");
}

static void on_taken(void *context, const struct quota_result *result)
{
    struct api_quota *quota = context;
    struct api_call *call = quota->call;
    if (result->error != 0) {
        api_call_refuse_error(call, result->error);
    } else if (result->is_refused) {
        refuse(call, result);
    } else {
        quota->taken_unix_ms = store_now_unix_ms(call->api->settings.store);
        quota->next(call);
    }
}

void api_quota_check(struct api_call *call, uint64_t body_bytes, api_quota_next_fn *next)
{
    struct api_quota *quota = arena_zero(call->arena, 1, sizeof *quota);
    quota->call = call;
    quota->next = next;
    quota->charge =
        (struct quota_charge){.tenant = call->tenant,
                              .key = text_of(call->caller.quota_of),
                              .key_limits = key_limits(call->caller.quota),
                              .tenant_limits = tenant_limits(&api_call_tenant(call)->config->quota),
                              .cost = cost_of(call, body_bytes)};
    call->quota = quota;
    quota_take(call->api->quota, call->arena, &quota->charge, on_taken, quota);
}

void api_quota_settle(struct api_call *call)
{
    /* At the very end the store is gone: what was taken lapses with its window. */
    bool may_refund = !call->api->is_destroyed && call->error != NULL;
    if (call->quota != NULL && call->quota->taken_unix_ms != 0 && may_refund) {
        quota_refund(call->api->quota, call->arena, &call->quota->charge,
                     call->quota->taken_unix_ms);
    }
}

/* ------------------------------------------------------------------ showing */

Hikyaku__V1__Quota *api_quota_view(struct api_call *call, const Hikyaku__V1__StoredQuota *stored)
{
    if (stored == NULL) {
        return NULL;
    }
    Hikyaku__V1__Quota *view = arena_alloc(call->arena, sizeof *view);
    hikyaku__v1__quota__init(view);
    view->calls_per_minute = stored->calls_per_minute;
    view->rows_per_day = stored->rows_per_day;
    view->bytes_per_day = stored->bytes_per_day;
    view->campaigns_per_day = stored->campaigns_per_day;
    return view;
}

Hikyaku__V1__StoredQuota *api_quota_stored(struct api_call *call, const Hikyaku__V1__Quota *given)
{
    if (given == NULL) {
        return NULL;
    }
    Hikyaku__V1__StoredQuota *stored = arena_alloc(call->arena, sizeof *stored);
    hikyaku__v1__stored_quota__init(stored);
    stored->calls_per_minute = given->calls_per_minute;
    stored->rows_per_day = given->rows_per_day;
    stored->bytes_per_day = given->bytes_per_day;
    stored->campaigns_per_day = given->campaigns_per_day;
    return stored;
}

struct fill {
    struct api_call *call;
    const struct api_quota_shown *shown;
    size_t count;
    unsigned int open; /* answers to come */
    int error;
    void (*next)(void *context);
    void *context;
};

/* Of one tenant: its answers tell nothing of others. */
struct fill_tenant {
    struct fill *fill;
    const char *tenant;
};

static void fill_count(Hikyaku__V1__Quota *used, struct text kind, uint64_t given)
{
    uint64_t *members[QUOTA_KINDS] = {[QUOTA_CALLS] = &used->calls_per_minute,
                                      [QUOTA_ROWS] = &used->rows_per_day,
                                      [QUOTA_BYTES] = &used->bytes_per_day,
                                      [QUOTA_CAMPAIGNS] = &used->campaigns_per_day};
    for (size_t i = 0; i < QUOTA_KINDS; i++) {
        if (text_equal(kind, text_of(quota_kind_name((enum quota_kind)i)))) {
            *members[i] = given;
        }
    }
}

static void on_counts(void *context, int error, const struct store_quota_count *counts,
                      size_t count)
{
    const struct fill_tenant *of = context;
    struct fill *fill = of->fill;
    fill->error = error != 0 ? error : fill->error;
    for (size_t i = 0; i < count; i++) {
        struct text kind = counts[i].field;
        struct text subject = kind;
        (void)text_next_part(&kind, ' ', &subject);
        for (size_t j = 0; j < fill->count; j++) {
            const struct api_quota_shown *shown = &fill->shown[j];
            if (strcmp(shown->tenant, of->tenant) == 0 &&
                text_equal(subject, text_of(shown->subject))) {
                fill_count(shown->view->used, kind, counts[i].given);
            }
        }
    }
    if (--fill->open > 0) {
        return;
    }
    if (fill->error != 0) {
        api_call_refuse_error(fill->call, fill->error);
    } else {
        fill->next(fill->context);
    }
}

static bool is_first_of_its_tenant(const struct fill *fill, size_t place)
{
    for (size_t i = 0; i < place; i++) {
        if (strcmp(fill->shown[i].tenant, fill->shown[place].tenant) == 0) {
            return false;
        }
    }
    return true;
}

void api_quota_fill(struct api_call *call, const struct api_quota_shown *shown, size_t count,
                    void (*next)(void *context), void *context)
{
    struct store *store = call->api->settings.store;
    int64_t now_unix_ms = store_now_unix_ms(store);
    struct fill *fill = arena_zero(call->arena, 1, sizeof *fill);
    *fill = (struct fill){call, shown, count, 1, 0, next, context};
    for (size_t i = 0; i < count; i++) {
        shown[i].view->used = arena_alloc(call->arena, sizeof *shown[i].view->used);
        hikyaku__v1__quota__init(shown[i].view->used);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_first_of_its_tenant(fill, i)) {
            struct fill_tenant *of = arena_zero(call->arena, 1, sizeof *of);
            *of = (struct fill_tenant){fill, shown[i].tenant};
            const struct store_quota_window window = {
                .tenant = text_of(of->tenant),
                .minute = quota_kind_window(QUOTA_CALLS, now_unix_ms),
                .day = quota_kind_window(QUOTA_ROWS, now_unix_ms)};
            fill->open += 2;
            store_quota_read(store, &window, on_counts, of);
        }
    }
    on_counts(&(struct fill_tenant){fill, ""}, 0, NULL, 0);
}
