#include "coordinator/intake/intake_settings.h"

#include "coordinator/schedule/limit_rules.h"

#include <string.h>

#define ROWS_PER_BUCKET 256
#define BUCKETS_MIN 16

uint32_t intake_settings_buckets(uint32_t estimated_rows)
{
    uint32_t buckets = estimated_rows / ROWS_PER_BUCKET;
    return buckets < BUCKETS_MIN ? BUCKETS_MIN : buckets;
}

int intake_settings_prepare(const Hikyaku__V1__Content *content, const char *sender_id,
                            const struct wire_limits *limits,
                            struct compose_prepared **ret_prepared, struct problem *problem)
{
    struct content_options options = {sender_id, limits->message_bytes};
    int error = content_prepare(content, &options, ret_prepared, problem);
    if (error != 0) {
        problem_prefix(problem, "content");
    }
    return error;
}

/* A limit lets small batches through evenly, and no large one at all. */
static uint32_t batch_rows(uint32_t max_per_minute, uint64_t messages_at_once)
{
    uint32_t own = limit_rules_batch_rows(max_per_minute);
    uint32_t shared = limit_rules_batch_rows(messages_at_once);
    return own < shared ? own : shared;
}

static uint32_t canary_rows(const Hikyaku__V1__CreateCampaignRequest *given)
{
    bool is_sent = given->mode != HIKYAKU__V1__MODE__MODE_DRY_RUN;
    return is_sent && given->canary != NULL ? given->canary->count : 0;
}

int intake_settings_init(struct intake_settings *settings,
                         const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                         const Hikyaku__V1__StoredCampaign *stored,
                         const struct wire_limits *limits, struct problem *problem)
{
    const Hikyaku__V1__CreateCampaignRequest *given = stored->settings;
    struct compose_prepared *prepared = NULL;
    if (content_is_whole(given->content)) {
        int error = intake_settings_prepare(given->content, stored->feedback_sender_id, limits,
                                            &prepared, problem);
        if (error != 0) {
            return error;
        }
    }
    *settings = (struct intake_settings){
        .batch_rows = batch_rows(given->max_per_minute, limits->messages_at_once),
        .canary_rows = canary_rows(given),
        .buckets = intake_settings_buckets(given->estimated_rows),
        .duplicates = given->duplicates,
        .duplicate_key = given->duplicate_key,
        .extra_field = given->content->extra_field,
        .stored = stored,
        .prepared = prepared,
        .limits = limits,
    };
    memcpy(settings->campaign, campaign, sizeof settings->campaign);
    return 0;
}

void intake_settings_finish(struct intake_settings *settings)
{
    compose_destroy(&settings->prepared);
    seal_wipe(&settings->token_key, sizeof settings->token_key);
    seal_wipe(settings->data_key, sizeof settings->data_key);
    seal_wipe(settings->duplicate_hash_key, sizeof settings->duplicate_hash_key);
    seal_wipe(settings->address_hash_key, sizeof settings->address_hash_key);
}
