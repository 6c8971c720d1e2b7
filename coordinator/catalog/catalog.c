#include "coordinator/catalog/catalog_entry.h"
#include "coordinator/catalog/catalog_trials.h"

#include "common/base/table.h"
#include "common/base/trap.h"
#include "common/net/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* What a campaign does to us it does soon. Short, so that those who die by chance leave no notes:
 * three of them in a row would have to die within it, and none in between live through it. */
#define GRACE_DEFAULT_MS 2000
#define BYTES_MAX_DEFAULT ((size_t)256 * 1024 * 1024)

struct catalog {
    struct catalog_settings settings;
    struct table *entries;      /* by campaign id; loading ones included */
    struct catalog_entry *idle; /* list: nobody holds them */
    size_t idle_bytes;
    struct seal *seal; /* for unwrapping keys, on the loop */
    struct catalog_trials *trials;
};

struct waiter {
    catalog_loaded_fn *on_loaded;
    void *context;
    struct waiter *next;
};

/* A load: the header and the content are read side by side; it is noted, then opened in the pool.
 */
struct catalog_load {
    struct catalog_entry *entry;
    struct waiter *waiters;
    unsigned int answers_missing;
    int error;
    struct buffer wrapped_key;
    uint8_t token_key_id;
    struct trial *trial; /* while it is being opened */
};

static struct text key_of(const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES])
{
    return (struct text){(const char *)campaign, IDENTITY_CAMPAIGN_BYTES};
}

struct catalog *catalog_create(const struct catalog_settings *settings)
{
    struct catalog *catalog = xalloc_zero(1, sizeof *catalog);
    catalog->settings = *settings;
    trap_arm(TRAP_LOAD);
    if (catalog->settings.bytes_max == 0) {
        catalog->settings.bytes_max = BYTES_MAX_DEFAULT;
    }
    if (catalog->settings.grace_ms == 0) {
        catalog->settings.grace_ms = GRACE_DEFAULT_MS;
    }
    catalog->entries = table_create();
    catalog->seal = seal_create(0);
    catalog->trials = catalog_trials_create(&catalog->settings);
    return catalog;
}

void catalog_stop(struct catalog *catalog)
{
    catalog_trials_stop(catalog->trials);
}

static void drop(struct catalog *catalog, struct catalog_entry *entry)
{
    (void)table_remove(catalog->entries, key_of(entry->campaign.id));
    catalog_entry_destroy(entry);
}

static void take_idle(struct catalog *catalog, struct catalog_entry *entry)
{
    DL_DELETE(catalog->idle, entry);
    catalog->idle_bytes -= entry->bytes;
}

void catalog_destroy(struct catalog **catalog)
{
    if (*catalog == NULL) {
        return;
    }
    while ((*catalog)->idle != NULL) {
        struct catalog_entry *entry = (*catalog)->idle;
        take_idle(*catalog, entry);
        drop(*catalog, entry);
    }
    struct table_walk walk;
    struct catalog_entry *held = table_first((*catalog)->entries, &walk);
    for (; held != NULL; held = table_next(&walk)) {
        assert(held->load == NULL);
        held->catalog = NULL;
    }
    table_destroy(&(*catalog)->entries);
    catalog_trials_destroy(&(*catalog)->trials);
    seal_destroy(&(*catalog)->seal);
    free(*catalog);
    *catalog = NULL;
}

struct catalog_campaign *catalog_retain(struct catalog_campaign *campaign)
{
    struct catalog_entry *entry = (struct catalog_entry *)(void *)campaign;
    if (entry->references++ == 0 && entry->load == NULL) {
        take_idle(entry->catalog, entry);
    }
    return campaign;
}

void catalog_release(struct catalog_campaign **campaign)
{
    struct catalog_entry *entry = (struct catalog_entry *)(void *)*campaign;
    *campaign = NULL;
    if (entry == NULL || --entry->references > 0) {
        return;
    }
    struct catalog *catalog = entry->catalog;
    if (catalog == NULL) {
        catalog_entry_destroy(entry);
        return;
    }
    DL_APPEND(catalog->idle, entry);
    catalog->idle_bytes += entry->bytes;
    while (catalog->idle_bytes > catalog->settings.bytes_max) {
        struct catalog_entry *oldest = catalog->idle;
        take_idle(catalog, oldest);
        drop(catalog, oldest);
    }
}

/* Ends the load and tells everybody who waits; a callback may load and release as it likes. */
static void finish_load(struct catalog_load *load, int error)
{
    struct catalog_entry *entry = load->entry;
    entry->load = NULL;
    entry->references = 1; /* ours, so that no callback sees it go */
    if (error != 0) {
        (void)table_remove(entry->catalog->entries, key_of(entry->campaign.id));
    }
    struct waiter *waiter = load->waiters;
    while (waiter != NULL) {
        struct waiter *next = waiter->next;
        waiter->on_loaded(waiter->context, error,
                          error == 0 ? catalog_retain(&entry->campaign) : NULL);
        free(waiter);
        waiter = next;
    }
    buffer_finish(&load->wrapped_key);
    free(load);
    if (error != 0) {
        catalog_entry_destroy(entry);
        return;
    }
    struct catalog_campaign *campaign = &entry->campaign;
    catalog_release(&campaign);
}

static void open_in_pool(void *context)
{
    struct catalog_load *load = context;
    load->error = catalog_entry_open(load->entry);
}

static void on_opened(void *context)
{
    struct catalog_load *load = context;
    catalog_trials_end(&load->trial);
    if (load->error == 0) {
        load->error = catalog_entry_take_unsubscribe_key(load->entry,
                                                         load->entry->catalog->settings.directory);
    }
    finish_load(load, load->error);
}

static void on_noted(void *context, int error, struct trial *trial)
{
    struct catalog_load *load = context;
    load->trial = trial;
    if (error != 0) {
        finish_load(load, error);
        return;
    }
    loop_run_in_pool(load->entry->catalog->settings.loop, open_in_pool, on_opened, load);
}

static void on_part(struct catalog_load *load, int error)
{
    load->error = load->error != 0 ? load->error : error;
    if (--load->answers_missing > 0) {
        return;
    }
    struct catalog *catalog = load->entry->catalog;
    if (load->error == 0) {
        load->error =
            catalog_entry_take_keys(load->entry, catalog->settings.directory, catalog->seal,
                                    buffer_text(&load->wrapped_key), load->token_key_id);
    }
    if (load->error != 0) {
        finish_load(load, load->error);
        return;
    }
    catalog_trials_begin(catalog->trials, load->entry->campaign.id, on_noted, load);
}

static void on_header(void *context, int error, const struct store_campaign *header)
{
    struct catalog_load *load = context;
    if (error == 0) {
        catalog_entry_take_header(load->entry, header);
        buffer_append_text(&load->wrapped_key, header->wrapped_key);
        load->token_key_id = header->token_key_id;
        if (header->quarantine >= STORE_QUARANTINE_LOADS) {
            error = -EOWNERDEAD;
        }
    }
    on_part(load, error);
}

static void on_content(void *context, int error, struct text sealed)
{
    struct catalog_load *load = context;
    if (error == 0) {
        buffer_append_text(&load->entry->sealed_content, sealed);
    }
    on_part(load, error);
}

static void add_waiter(struct catalog_load *load, catalog_loaded_fn *on_loaded, void *context)
{
    struct waiter *waiter = xalloc_zero(1, sizeof *waiter);
    *waiter = (struct waiter){.on_loaded = on_loaded, .context = context};
    LL_APPEND(load->waiters, waiter);
}

void catalog_load(struct catalog *catalog, const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                  catalog_loaded_fn *on_loaded, void *context)
{
    struct catalog_entry *entry = table_get(catalog->entries, key_of(campaign));
    if (entry != NULL && entry->load == NULL) {
        on_loaded(context, 0, catalog_retain(&entry->campaign));
        return;
    }
    if (entry != NULL) {
        add_waiter(entry->load, on_loaded, context);
        return;
    }
    entry = catalog_entry_create(catalog, campaign);
    struct catalog_load *load = xalloc_zero(1, sizeof *load);
    load->entry = entry;
    load->answers_missing = 2;
    entry->load = load;
    (void)table_put(catalog->entries, key_of(campaign), entry);
    add_waiter(load, on_loaded, context);
    /* An answer may come inside the call (the store is away): nothing is touched after the last. */
    store_campaign_get(catalog->settings.store, campaign, on_header, load);
    store_campaign_content(catalog->settings.store, campaign, on_content, load);
}

const struct intake_settings *catalog_intake_settings(struct catalog_campaign *campaign,
                                                      struct problem *problem)
{
    struct catalog_entry *entry = (struct catalog_entry *)(void *)campaign;
    if (entry->has_intake) {
        return &entry->intake;
    }
    assert(entry->catalog != NULL);
    const struct catalog_settings *settings = &entry->catalog->settings;
    if (intake_settings_init(&entry->intake, campaign->id, campaign->stored, settings->limits,
                             problem) != 0) {
        return NULL;
    }
    memcpy(entry->intake.data_key, campaign->data_key, sizeof campaign->data_key);
    memcpy(entry->intake.duplicate_hash_key, campaign->duplicate_hash_key,
           sizeof campaign->duplicate_hash_key);
    memcpy(entry->intake.address_hash_key, campaign->address_hash_key,
           sizeof campaign->address_hash_key);
    entry->intake.token_key = campaign->token_key;
    entry->intake.buckets = campaign->buckets;
    entry->intake.find_provider = settings->find_provider;
    entry->intake.provider_context = settings->provider_context;
    entry->has_intake = true;
    return &entry->intake;
}

const struct catalog_settings *catalog_inside(struct catalog *catalog, struct seal **ret_seal)
{
    *ret_seal = catalog->seal;
    return &catalog->settings;
}
