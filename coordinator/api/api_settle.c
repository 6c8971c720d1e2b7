#include "coordinator/api/api_settle.h"

#include "coordinator/api/api_state.h"
#include "coordinator/api/api_windows.h"

#include <errno.h>
#include <string.h>

#define SUBJECT_CHARACTERS_GOOD 120
#define WARNINGS_MAX 8
/* J5: what carriers take, as base64. */
#define SOFTBANK_MESSAGE_BYTES ((size_t)1024 * 1024)
#define AU_MESSAGE_BYTES ((size_t)3 * 1024 * 1024)

static bool is_listed(const char *const *names, struct text name)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (text_equal(text_of(names[i]), name)) {
            return true;
        }
    }
    return false;
}

static int check_pool(struct api_call *call, const char *pool)
{
    const char *const *allowed = call->caller.pools;
    if (pool[0] == '\0') {
        api_call_note(call, "pool", "required", "must be set: there is no default pool");
        return -EINVAL;
    }
    if (!is_listed(api_call_tenant(call)->pools, text_of(pool))) {
        api_call_note(call, "pool", "pool", "there is no pool of this name");
        return -EINVAL;
    }
    if (allowed != NULL && !is_listed(allowed, text_of(pool))) {
        api_call_note(call, "pool", "key", "this key may not send from this pool");
        return -EINVAL;
    }
    return 0;
}

int api_settle_labels(struct api_call *call, const struct store_label *labels, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < call->caller.label_count; i++) {
        const Hikyaku__V1__StoredKeyLabel *needed = call->caller.labels[i];
        bool is_there = false;
        for (size_t j = 0; j < count && !is_there; j++) {
            is_there = text_equal(labels[j].name, text_of(needed->name)) &&
                       text_equal(labels[j].value, text_of(needed->value));
        }
        if (!is_there) {
            api_call_note(call, "labels", "key", "this key must set the label %s to \"%s\"",
                          needed->name, needed->value);
            error = -EINVAL;
        }
    }
    return error;
}

/* In the call's arena. */
static struct store_label *labels_of(struct api_call *call,
                                     const Hikyaku__V1__CreateCampaignRequest *settings)
{
    struct store_label *labels = arena_zero(call->arena, settings->n_labels + 1, sizeof *labels);
    for (size_t i = 0; i < settings->n_labels; i++) {
        labels[i] = (struct store_label){text_of(settings->labels[i]->key),
                                         text_of(settings->labels[i]->value)};
    }
    return labels;
}

int api_settle_from(struct api_call *call, const Hikyaku__V1__Mailbox *from,
                    struct text *ret_domain, struct problem *problem)
{
    struct address address;
    if (from == NULL) {
        problem_set(problem, "from", "required", "must be set");
        return -EINVAL;
    }
    if (address_parse(text_of(from->address), NULL, call->arena, &address, problem) != 0) {
        problem_prefix(problem, "from.address");
        return -EINVAL;
    }
    if (!is_listed(api_call_tenant(call)->from_domains, address.domain)) {
        problem_set(problem, "from.address", "from_domain",
                    "this domain has no DKIM key here: see from_domains of the configuration");
        return -EINVAL;
    }
    if (call->caller.from_domains != NULL &&
        !is_listed(call->caller.from_domains, address.domain)) {
        problem_set(problem, "from.address", "key", "this key may not send with this domain");
        return -EINVAL;
    }
    *ret_domain = arena_text(call->arena, address.domain);
    return 0;
}

static int check_from(struct api_call *call, const Hikyaku__V1__Content *content,
                      struct text *ret_domain)
{
    struct problem problem;
    int error = api_settle_from(call, content->from, ret_domain, &problem);
    if (error != 0) {
        problem_prefix(&problem, "content");
        problem_list_add(api_call_problems(call), &problem);
    }
    return error;
}

/* The composer is the judge of templates, headers and sizes. */
static int check_content(struct api_call *call, const Hikyaku__V1__Content *content)
{
    struct compose_prepared *prepared = NULL;
    struct problem problem;
    int error = intake_settings_prepare(content, api_call_tenant(call)->feedback_sender_id,
                                        call->api->settings.limits, &prepared, &problem);
    if (error != 0) {
        problem_list_add(api_call_problems(call), &problem);
        return -EINVAL;
    }
    compose_destroy(&prepared);
    return 0;
}

int api_settle_check(struct api_call *call, const Hikyaku__V1__CreateCampaignRequest *settings,
                     struct text *ret_domain)
{
    int pool_error = check_pool(call, settings->pool);
    int from_error = check_from(call, settings->content, ret_domain);
    int content_error = check_content(call, settings->content);
    int windows_error = api_windows_check(call, settings);
    int labels_error = api_settle_labels(call, labels_of(call, settings), settings->n_labels);
    bool is_good = pool_error == 0 && from_error == 0 && content_error == 0 && windows_error == 0 &&
                   labels_error == 0;
    return is_good ? 0 : -EINVAL;
}

void api_settle_check_messages(struct api_call *call,
                               const Hikyaku__V1__CreateCampaignRequest *settings)
{
    int error = check_pool(call, settings->pool);
    if (error == 0 && content_is_whole(settings->content)) {
        error = check_content(call, settings->content);
    }
    (void)error; /* noted */
}

Hikyaku__V1__StoredCampaign *api_settle_stored(struct api_call *call,
                                               Hikyaku__V1__CreateCampaignRequest *settings)
{
    Hikyaku__V1__StoredCampaign *stored = arena_alloc(call->arena, sizeof *stored);
    hikyaku__v1__stored_campaign__init(stored);
    stored->settings = settings;
    stored->tenant = api_call_string(call, call->tenant);
    stored->feedback_sender_id =
        api_call_string(call, text_of(api_call_tenant(call)->feedback_sender_id));
    stored->unsubscribe_url =
        api_call_string(call, text_of(api_call_tenant(call)->unsubscribe_url));
    return stored;
}

/* A dry run reaches nobody: nothing of it is judged. */
static void fill_canary(const Hikyaku__V1__CreateCampaignRequest *settings,
                        struct store_campaign *header)
{
    const Hikyaku__V1__Canary *canary = settings->canary;
    if (canary != NULL && settings->mode != HIKYAKU__V1__MODE__MODE_DRY_RUN) {
        header->canary.count = canary->count;
        header->canary.wait_s = canary->wait_s;
        header->canary.bounced_permille = canary->max_bounce_permille;
    }
}

void api_settle_header(struct api_call *call, const Hikyaku__V1__CreateCampaignRequest *settings,
                       struct text from_domain, int64_t created_unix_ms,
                       struct store_campaign *ret_header)
{
    bool keeps = settings->duplicates == HIKYAKU__V1__DUPLICATES__DUPLICATES_KEEP;
    *ret_header = (struct store_campaign){
        .tenant = call->tenant,
        .name = text_of(settings->name),
        .pool = text_of(settings->pool),
        .from_domain = from_domain,
        .lane = (uint8_t)settings->lane,
        .mode = (uint8_t)settings->mode,
        .content_class = (uint8_t)settings->content_class,
        .state = HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT,
        .word = STORE_RUN,
        .is_hold =
            settings->uncertain->policy == HIKYAKU__V1__UNCERTAIN_POLICY__UNCERTAIN_POLICY_HOLD,
        .resolve_as = (uint8_t)settings->uncertain->resolve_as,
        .resolve_after_s = settings->uncertain->resolve_after_s,
        .buckets = keeps ? 0 : intake_settings_buckets(settings->estimated_rows),
        .expires_after_s = settings->expires_after_s,
        .windows = api_windows_pack(call, settings),
        .created_unix_ms = created_unix_ms,
        .scheduled_unix_ms = settings->scheduled_at_unix_ms,
    };
    fill_canary(settings, ret_header);
    ret_header->labels = labels_of(call, settings);
    ret_header->label_count = settings->n_labels;
}

struct warnings {
    struct api_call *call;
    Hikyaku__V1__Warning **items;
    size_t count;
};

static void warn(struct warnings *warnings, const char *id, const char *field, const char *message)
{
    struct api_call *call = warnings->call;
    Hikyaku__V1__Warning *warning = arena_alloc(call->arena, sizeof *warning);
    hikyaku__v1__warning__init(warning);
    warning->id = api_call_string(call, text_of(id));
    warning->field = api_call_string(call, text_of(field));
    warning->message = api_call_string(call, text_of(message));
    if (warnings->count < WARNINGS_MAX) {
        warnings->items[warnings->count++] = warning;
    }
}

static size_t message_bytes(const Hikyaku__V1__Content *content)
{
    size_t bytes = strlen(content->text) + strlen(content->html);
    for (size_t i = 0; i < content->n_attachments; i++) {
        if (content->attachments[i]->source_case == HIKYAKU__V1__ATTACHMENT__SOURCE_DATA) {
            bytes += content->attachments[i]->data.len / 3 * 4;
        }
    }
    return bytes;
}

void api_settle_warn(struct api_call *call, const Hikyaku__V1__CreateCampaignRequest *settings,
                     Hikyaku__V1__Warning ***ret_warnings, size_t *ret_count)
{
    struct warnings warnings = {
        .call = call,
        .items = arena_zero(call->arena, WARNINGS_MAX, sizeof(void *)),
    };
    if (text_utf8_length(text_of(settings->content->subject)) > SUBJECT_CHARACTERS_GOOD) {
        warn(&warnings, "subject_length", "content.subject",
             "more than 120 characters: most readers cut it off");
    }
    size_t bytes = message_bytes(settings->content);
    if (bytes > AU_MESSAGE_BYTES) {
        warn(&warnings, "J5_au", "content.attachments", "au takes messages of up to 3 MB (J5)");
    }
    if (bytes > SOFTBANK_MESSAGE_BYTES) {
        warn(&warnings, "J5_softbank", "content.attachments",
             "SoftBank takes messages of up to 1 MB (J5)");
    }
    *ret_warnings = warnings.items;
    *ret_count = warnings.count;
}
