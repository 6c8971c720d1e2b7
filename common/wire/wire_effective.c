#include "common/wire/wire_effective.h"

#define DAY_S 86400U
#define DAYS_OF_WEEK 7

static const char *string_or(const char *value, const char *fallback)
{
    return value[0] != '\0' ? value : fallback;
}

/* protobuf-c's strings are char *; ours are never written through. */
static char *borrow(const char *string)
{
    union {
        const char *given;
        char *field;
    } bridge = {.given = string};
    return bridge.field;
}

static Hikyaku__V1__ReturnPath *resolve_return_path(const Hikyaku__V1__ReturnPath *given,
                                                    const struct wire_effective_tenant *tenant,
                                                    struct arena *arena)
{
    Hikyaku__V1__ReturnPath *path = arena_alloc(arena, sizeof *path);
    hikyaku__v1__return_path__init(path);
    if (given != NULL) {
        *path = *given;
    }
    path->domain = borrow(string_or(path->domain, tenant->return_path_domain));
    if (path->mode == 0) {
        path->mode = HIKYAKU__V1__RETURN_PATH_MODE__RETURN_PATH_MODE_VERP;
    }
    return path;
}

/* G11: who may refuse must be told how; where we serve the page nobody need say so. */
static Hikyaku__V1__Unsubscribe *resolve_unsubscribe(const Hikyaku__V1__Unsubscribe *given,
                                                     bool is_served, struct arena *arena)
{
    Hikyaku__V1__Unsubscribe *unsubscribe = arena_alloc(arena, sizeof *unsubscribe);
    hikyaku__v1__unsubscribe__init(unsubscribe);
    if (given != NULL) {
        *unsubscribe = *given;
    }
    if (unsubscribe->mode == 0) {
        unsubscribe->mode = is_served ? HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU
                                      : HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_NONE;
    }
    return unsubscribe;
}

static Hikyaku__V1__Content *resolve_content(const Hikyaku__V1__Content *given,
                                             const struct wire_effective_tenant *tenant,
                                             bool serves_unsubscribe, struct arena *arena)
{
    Hikyaku__V1__Content *content = arena_alloc(arena, sizeof *content);
    hikyaku__v1__content__init(content);
    if (given != NULL) {
        *content = *given;
    }
    content->return_path = resolve_return_path(content->return_path, tenant, arena);
    content->unsubscribe = resolve_unsubscribe(content->unsubscribe, serves_unsubscribe, arena);
    content->default_fields = borrow(string_or(content->default_fields, "{}"));
    if (content->missing_field == 0) {
        content->missing_field = HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_ERROR;
    }
    if (content->extra_field == 0) {
        content->extra_field = HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_DROP;
    }
    return content;
}

static Hikyaku__V1__Uncertain *resolve_uncertain(const Hikyaku__V1__Uncertain *given, bool is_bulk,
                                                 struct arena *arena)
{
    Hikyaku__V1__Uncertain *uncertain = arena_alloc(arena, sizeof *uncertain);
    hikyaku__v1__uncertain__init(uncertain);
    if (given != NULL) {
        *uncertain = *given;
    }
    if (uncertain->policy == 0) {
        uncertain->policy = is_bulk ? HIKYAKU__V1__UNCERTAIN_POLICY__UNCERTAIN_POLICY_HOLD
                                    : HIKYAKU__V1__UNCERTAIN_POLICY__UNCERTAIN_POLICY_RESEND;
    }
    if (uncertain->resolve_after_s == 0) {
        uncertain->resolve_after_s = DAY_S;
    }
    if (uncertain->resolve_as == 0) {
        uncertain->resolve_as = HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_ASSUME_DELIVERED;
    }
    return uncertain;
}

/* No days: all. */
static Hikyaku__V1__Window **resolve_windows(Hikyaku__V1__Window *const *given, size_t count,
                                             struct arena *arena)
{
    Hikyaku__V1__Window **windows = arena_zero(arena, count, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        windows[i] = arena_alloc(arena, sizeof *windows[i]);
        *windows[i] = *given[i];
        if (given[i]->n_days > 0) {
            continue;
        }
        windows[i]->days = arena_zero(arena, DAYS_OF_WEEK, sizeof *windows[i]->days);
        for (int day = 0; day < DAYS_OF_WEEK; day++) {
            windows[i]->days[windows[i]->n_days++] =
                (Hikyaku__V1__Weekday)(HIKYAKU__V1__WEEKDAY__WEEKDAY_MONDAY + day);
        }
    }
    return windows;
}

/* What campaigns and messages have in common. */
static void resolve_common(Hikyaku__V1__CreateCampaignRequest *settings,
                           const struct wire_limits *limits,
                           const struct wire_effective_tenant *tenant, struct arena *arena)
{
    bool is_bulk = settings->lane == HIKYAKU__V1__LANE__LANE_BULK;
    if (settings->mode == 0) {
        settings->mode = (Hikyaku__V1__Mode)limits->default_mode;
    }
    if (settings->estimated_rows == 0) {
        settings->estimated_rows = limits->default_estimated_rows;
    }
    if (settings->duplicate_key == 0) {
        settings->duplicate_key = HIKYAKU__V1__DUPLICATE_KEY__DUPLICATE_KEY_ADDRESS;
    }
    if (settings->tls == 0) {
        settings->tls = HIKYAKU__V1__TLS_POLICY__TLS_POLICY_OPPORTUNISTIC;
    }
    settings->pool = borrow(string_or(settings->pool, tenant->pool));
    bool is_advertising =
        settings->content_class == HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING;
    settings->content = resolve_content(settings->content, tenant,
                                        is_advertising && limits->serves_unsubscribe, arena);
    settings->uncertain = resolve_uncertain(settings->uncertain, is_bulk, arena);
}

Hikyaku__V1__CreateCampaignRequest *
wire_effective_campaign(const Hikyaku__V1__CreateCampaignRequest *request,
                        const struct wire_limits *limits,
                        const struct wire_effective_tenant *tenant, struct arena *arena)
{
    Hikyaku__V1__CreateCampaignRequest *settings = arena_alloc(arena, sizeof *settings);
    *settings = *request;
    if (settings->lane == 0) {
        settings->lane = HIKYAKU__V1__LANE__LANE_BULK;
    }
    if (settings->expires_after_s == 0) {
        settings->expires_after_s = settings->lane == HIKYAKU__V1__LANE__LANE_BULK
                                        ? limits->bulk_expires_s
                                        : limits->transactional_expires_s;
    }
    if (settings->duplicates == 0) {
        settings->duplicates = HIKYAKU__V1__DUPLICATES__DUPLICATES_DROP;
    }
    settings->windows = resolve_windows(request->windows, request->n_windows, arena);
    resolve_common(settings, limits, tenant, arena);
    return settings;
}

Hikyaku__V1__CreateCampaignRequest *wire_effective_messages(
    const Hikyaku__V1__SendMessagesRequest *request, const struct wire_limits *limits,
    const struct wire_effective_tenant *tenant, Hikyaku__V1__Mailbox *from, struct arena *arena)
{
    Hikyaku__V1__CreateCampaignRequest *settings = arena_alloc(arena, sizeof *settings);
    hikyaku__v1__create_campaign_request__init(settings);
    settings->lane = request->lane != 0 ? request->lane : HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    settings->content_class = request->content_class;
    settings->mode = request->mode;
    settings->pool = request->pool;
    settings->uncertain = request->uncertain;
    settings->tls = request->tls;
    settings->duplicates = HIKYAKU__V1__DUPLICATES__DUPLICATES_KEEP;
    /* The container outlives each of its calls; theirs stands in the batch header. */
    settings->expires_after_s = limits->message_expires_max_s;
    if (request->what_case == HIKYAKU__V1__SEND_MESSAGES_REQUEST__WHAT_CONTENT) {
        settings->content = request->content;
    }
    resolve_common(settings, limits, tenant, arena);
    if (from != NULL) {
        settings->content->from = from; /* resolve_content() made the copy */
    }
    return settings;
}

Hikyaku__V1__CreateCampaignRequest *
wire_effective_without_data(const Hikyaku__V1__CreateCampaignRequest *settings, struct arena *arena)
{
    Hikyaku__V1__CreateCampaignRequest *copy = arena_alloc(arena, sizeof *copy);
    *copy = *settings;
    if (settings->content == NULL || settings->content->n_attachments == 0) {
        return copy;
    }
    size_t count = settings->content->n_attachments;
    copy->content = arena_alloc(arena, sizeof *copy->content);
    *copy->content = *settings->content;
    copy->content->attachments = arena_zero(arena, count, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        Hikyaku__V1__Attachment *attachment = arena_alloc(arena, sizeof *attachment);
        *attachment = *settings->content->attachments[i];
        if (attachment->source_case == HIKYAKU__V1__ATTACHMENT__SOURCE_DATA) {
            attachment->data = (ProtobufCBinaryData){0, NULL};
        }
        copy->content->attachments[i] = attachment;
    }
    return copy;
}
