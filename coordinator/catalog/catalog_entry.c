#include "coordinator/catalog/catalog_entry.h"

#include "common/base/trap.h"
#include "common/policy/suppression_record.h"
#include "common/wire/wire_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a campaign costs beside its texts. */
#define ENTRY_BYTES ((size_t)4096)

struct catalog_entry *catalog_entry_create(struct catalog *catalog,
                                           const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES])
{
    struct catalog_entry *entry = xalloc_zero(1, sizeof *entry);
    entry->catalog = catalog;
    entry->arena = arena_create(0);
    memcpy(entry->campaign.id, campaign, sizeof entry->campaign.id);
    identity_campaign_to_text(campaign, entry->campaign.id_text);
    return entry;
}

void catalog_entry_destroy(struct catalog_entry *entry)
{
    if (entry->has_intake) {
        intake_settings_finish(&entry->intake);
    }
    arena_destroy(&entry->arena);
    buffer_finish(&entry->sealed_content);
    seal_wipe(&entry->campaign, sizeof entry->campaign);
    free(entry);
}

void catalog_entry_take_header(struct catalog_entry *entry, const struct store_campaign *header)
{
    struct catalog_campaign *campaign = &entry->campaign;
    campaign->tenant = arena_text(entry->arena, header->tenant);
    campaign->name = arena_text(entry->arena, header->name);
    campaign->pool = arena_text(entry->arena, header->pool);
    campaign->from_domain = arena_text(entry->arena, header->from_domain);
    campaign->request_digest = arena_text(entry->arena, header->request_digest);
    campaign->lane = header->lane;
    campaign->mode = header->mode;
    campaign->content_class = header->content_class;
    campaign->is_hold = header->is_hold;
    campaign->is_container = header->is_container;
    campaign->buckets = header->buckets;
    campaign->expires_after_s = header->expires_after_s;
    campaign->created_unix_ms = header->created_unix_ms;
}

static int unwrap(struct catalog_entry *entry, struct key_directory *directory, struct seal *seal,
                  struct text wrapped_key)
{
    uint32_t month = 0;
    int error = seal_wrapped_month(wrapped_key, &month);
    if (error != 0) {
        return error;
    }
    unsigned char month_key[KEY_DIRECTORY_KEY_BYTES];
    error = key_directory_month_key(directory, month, false, month_key, NULL);
    if (error != 0) {
        return error;
    }
    error =
        seal_unwrap_key(seal, month_key, wrapped_key, entry->campaign.id, entry->campaign.data_key);
    seal_wipe(month_key, sizeof month_key);
    return error;
}

int catalog_entry_take_keys(struct catalog_entry *entry, struct key_directory *directory,
                            struct seal *seal, struct text wrapped_key, uint8_t token_key_id)
{
    const unsigned char *token_key = key_directory_token_key(directory, token_key_id);
    if (token_key == NULL) {
        return -ENOKEY;
    }
    int error = unwrap(entry, directory, seal, wrapped_key);
    if (error != 0) {
        return error;
    }
    struct catalog_campaign *campaign = &entry->campaign;
    token_campaign_key_derive(token_key, token_key_id, campaign->id, &campaign->token_key);
    identity_duplicate_key(key_directory_hash_key(directory), campaign->id,
                           campaign->duplicate_hash_key);
    address_hash_key(key_directory_hash_key(directory), campaign->tenant,
                     campaign->address_hash_key);
    return 0;
}

int catalog_entry_open(struct catalog_entry *entry)
{
    struct catalog_campaign *campaign = &entry->campaign;
    struct seal_name name = {.kind = SEAL_CONTENT};
    trap_step_on(TRAP_LOAD, campaign->name);
    memcpy(name.campaign, campaign->id, sizeof name.campaign);
    OWNED(seal_destroy) struct seal *seal = seal_create(0);
    struct buffer plain = {.data = NULL};
    int error = seal_decrypt(seal, campaign->data_key, &name, buffer_text(&entry->sealed_content),
                             WIRE_STORE_PLAIN_BYTES_MAX, &plain);
    Hikyaku__V1__StoredCampaign *stored = NULL;
    if (error == 0) {
        error = wire_store_read_campaign(buffer_text(&plain), entry->arena, &stored);
    }
    seal_wipe_buffer(&plain);
    if (error != 0) {
        return error;
    }
    campaign->stored = stored;
    campaign->sealed_content = buffer_text(&entry->sealed_content);
    entry->bytes = ENTRY_BYTES + entry->sealed_content.capacity + arena_used(entry->arena);
    return 0;
}

int catalog_entry_take_unsubscribe_key(struct catalog_entry *entry, struct key_directory *directory)
{
    struct catalog_campaign *campaign = &entry->campaign;
    const Hikyaku__V1__Content *content =
        campaign->stored->settings == NULL ? NULL : campaign->stored->settings->content;
    if (content == NULL || content->unsubscribe == NULL ||
        content->unsubscribe->mode != HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU) {
        return 0;
    }
    struct unsubscribe_token_list list = {.tenant = campaign->tenant,
                                          .stream = content->suppression_stream[0] != '\0'
                                                        ? text_of(content->suppression_stream)
                                                        : TEXT(SUPPRESSION_STREAM_DEFAULT)};
    unsigned char key_id = campaign->token_key.key_id;
    const unsigned char *token_key = key_directory_token_key(directory, key_id);
    if (token_key == NULL) {
        return -ENOKEY;
    }
    if (list.tenant.size > UNSUBSCRIBE_TOKEN_NAME_MAX ||
        list.stream.size > UNSUBSCRIBE_TOKEN_NAME_MAX) {
        return -EPROTO;
    }
    memcpy(list.campaign, campaign->id, sizeof list.campaign);
    unsubscribe_token_key_derive(token_key, key_id, &list, &campaign->unsubscribe_key);
    campaign->has_unsubscribe_key = true;
    return 0;
}
