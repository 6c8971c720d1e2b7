#include "worker/claim/campaign.h"

#include "common/mail/unsubscribe_link.h"
#include "common/policy/suppression_record.h"
#include "common/service/service_windows.h"
#include "common/wire/wire_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct text domain_of(struct text address)
{
    size_t at = address.size;
    while (at > 0 && address.data[at - 1] != '@') {
        at--;
    }
    return text_skip(address, at);
}

static void fill_options(struct campaign *campaign, const Hikyaku__V1__CreateCampaignRequest *given)
{
    const Hikyaku__V1__Content *content = given->content;
    campaign->mode = given->mode;
    campaign->lane = given->lane;
    campaign->pool = text_of(given->pool);
    campaign->is_advertising =
        given->content_class != HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_NOTICE;
    campaign->suppression_stream = content->suppression_stream[0] != '\0'
                                       ? text_of(content->suppression_stream)
                                       : TEXT(SUPPRESSION_STREAM_DEFAULT);
    campaign->return_path_domain = campaign->from_domain;
    campaign->is_verp = true;
    if (content->return_path != NULL) {
        if (content->return_path->domain[0] != '\0') {
            campaign->return_path_domain = text_of(content->return_path->domain);
        }
        campaign->is_verp =
            content->return_path->mode != HIKYAKU__V1__RETURN_PATH_MODE__RETURN_PATH_MODE_FIXED;
    }
}

/* @return 0, or -EINVAL with a problem: links would lead nowhere */
static int fill_unsubscribe(struct campaign *campaign, const Hikyaku__V1__StoredCampaign *stored,
                            struct problem *problem)
{
    const Hikyaku__V1__Unsubscribe *unsubscribe = campaign->content->unsubscribe;
    if (!unsubscribe_link_is_there(campaign->content)) {
        return 0;
    }
    bool is_ours = unsubscribe->mode == HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU;
    campaign->unsubscribe_mode = unsubscribe->mode;
    campaign->unsubscribe_url = text_of(is_ours ? stored->unsubscribe_url : unsubscribe->url);
    campaign->unsubscribe_mailto = text_of(unsubscribe->mailto);
    campaign->unsubscribe_list.tenant = campaign->tenant;
    campaign->unsubscribe_list.stream = campaign->suppression_stream;
    memcpy(campaign->unsubscribe_list.campaign, campaign->id, sizeof campaign->id);
    if (is_ours && (campaign->unsubscribe_url.size == 0 || !campaign->has_unsubscribe_key)) {
        problem_set(problem, "unsubscribe_key", "content_incomplete",
                    "the unsubscribe links have no address or no key");
        return -EINVAL;
    }
    return 0;
}

static void fill_windows(struct campaign *campaign,
                         const Hikyaku__V1__CreateCampaignRequest *settings)
{
    OWNED(buffer_finish) struct buffer packed = {0};
    service_windows_pack(settings, &packed);
    campaign->windows = arena_text(campaign->arena, buffer_text(&packed));
}

static int prepare(struct campaign *campaign, const Hikyaku__V1__StoredCampaign *stored,
                   struct problem *problem)
{
    if (stored->settings == NULL || stored->settings->content == NULL ||
        stored->settings->content->from == NULL) {
        problem_set(problem, "content", "content_incomplete", "settings or From are missing");
        return -EINVAL;
    }
    campaign->content = stored->settings->content;
    campaign->options.sender_id = stored->feedback_sender_id;
    int error = address_parse_domain(domain_of(text_of(campaign->content->from->address)),
                                     campaign->arena, &campaign->from_domain, problem);
    if (error == 0 && content_is_whole(campaign->content)) {
        error =
            content_prepare(campaign->content, &campaign->options, &campaign->prepared, problem);
    }
    if (error == 0) {
        fill_options(campaign, stored->settings);
        fill_windows(campaign, stored->settings);
        error = fill_unsubscribe(campaign, stored, problem);
    }
    return error;
}

static int open_content(struct campaign *campaign, const Hikyaku__V1__CampaignContent *message,
                        struct seal *seal, struct problem *problem)
{
    struct text token_key = {(const char *)message->token_key.data, message->token_key.len};
    struct text sealed = {(const char *)message->sealed_content.data, message->sealed_content.len};
    struct seal_name name = {.kind = SEAL_CONTENT, .batch = 0};
    memcpy(name.campaign, campaign->id, sizeof name.campaign);
    int error = token_campaign_key_unpack(token_key, campaign->id, &campaign->token_key);
    if (error != 0) {
        problem_set(problem, "token_key", "key_size", "the token key has the wrong size");
        return error;
    }
    struct text unsubscribe_key = {(const char *)message->unsubscribe_key.data,
                                   message->unsubscribe_key.len};
    campaign->has_unsubscribe_key =
        unsubscribe_token_key_unpack(unsubscribe_key, &campaign->unsubscribe_key) == 0;
    struct buffer plain = {0};
    error =
        seal_decrypt(seal, campaign->data_key, &name, sealed, WIRE_STORE_PLAIN_BYTES_MAX, &plain);
    Hikyaku__V1__StoredCampaign *stored = NULL;
    if (error == 0) {
        error = wire_store_read_campaign(buffer_text(&plain), campaign->arena, &stored);
    }
    seal_wipe_buffer(&plain);
    if (error != 0) {
        problem_set(problem, "sealed_content", "seal", "the content cannot be opened");
        return error;
    }
    return prepare(campaign, stored, problem);
}

int campaign_create(const Hikyaku__V1__CampaignContent *message, struct seal *seal,
                    struct campaign **ret_campaign, struct problem *problem)
{
    if (message->campaign_id.len != 16 || message->data_key.len != SEAL_KEY_BYTES ||
        message->hash_key.len != ADDRESS_HASH_KEY_BYTES) {
        problem_set(problem, "campaign_id", "key_size", "id or keys have the wrong size");
        return -EINVAL;
    }
    struct campaign *campaign = xalloc_zero(1, sizeof *campaign);
    campaign->arena = arena_create(0);
    memcpy(campaign->id, message->campaign_id.data, sizeof campaign->id);
    memcpy(campaign->data_key, message->data_key.data, sizeof campaign->data_key);
    memcpy(campaign->address_hash_key, message->hash_key.data, sizeof campaign->address_hash_key);
    campaign->tenant = arena_text(campaign->arena, text_of(message->tenant));
    int error = open_content(campaign, message, seal, problem);
    if (error != 0) {
        campaign_destroy(&campaign);
        return error;
    }
    *ret_campaign = campaign;
    return 0;
}

void campaign_destroy(struct campaign **campaign)
{
    if (*campaign == NULL) {
        return;
    }
    seal_wipe((*campaign)->data_key, sizeof(*campaign)->data_key);
    seal_wipe(&(*campaign)->token_key, sizeof(*campaign)->token_key);
    seal_wipe((*campaign)->address_hash_key, sizeof(*campaign)->address_hash_key);
    seal_wipe(&(*campaign)->unsubscribe_key, sizeof(*campaign)->unsubscribe_key);
    compose_destroy(&(*campaign)->prepared);
    arena_destroy(&(*campaign)->arena);
    free(*campaign);
    *campaign = NULL;
}
