/* A new campaign: its key made and wrapped on the loop, its content packed and sealed in the pool.
 */
#include "coordinator/catalog/catalog_entry.h"

#include "common/net/loop.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/intake/intake.h"

#include <stdlib.h>
#include <string.h>

struct job {
    const Hikyaku__V1__StoredCampaign *stored; /* borrowed */
    catalog_sealed_fn *on_sealed;
    void *context;
    unsigned char data_key[SEAL_KEY_BYTES];
    struct seal_name name;
    struct buffer sealed_content;
    struct buffer wrapped_key;
    uint8_t token_key_id;
    int error;
    struct problem problem;
};

static void seal_in_pool(void *context)
{
    struct job *job = context;
    struct buffer plain = {.data = NULL};
    wire_unpack_append(&job->stored->base, &plain);
    OWNED(seal_destroy) struct seal *seal = seal_create(INTAKE_SEAL_LEVEL);
    struct text part = buffer_text(&plain);
    job->error = seal_encrypt(seal, job->data_key, &job->name, &part, 1, &job->sealed_content);
    seal_wipe_buffer(&plain);
}

static void on_sealed(void *context)
{
    struct job *job = context;
    struct catalog_sealed sealed = {.sealed_content = buffer_text(&job->sealed_content),
                                    .wrapped_key = buffer_text(&job->wrapped_key),
                                    .token_key_id = job->token_key_id};
    job->on_sealed(job->context, job->error, job->error == 0 ? &sealed : NULL, &job->problem);
    buffer_finish(&job->sealed_content);
    buffer_finish(&job->wrapped_key);
    seal_wipe(job, sizeof *job);
    free(job);
}

/* The keys: on the loop, because the key directory belongs to one thread. */
static int make_keys(struct job *job, struct key_directory *directory, struct seal *seal,
                     int64_t created_unix_ms)
{
    uint32_t month = key_directory_month_of(created_unix_ms / 1000);
    unsigned char month_key[KEY_DIRECTORY_KEY_BYTES];
    int error = key_directory_month_key(directory, month, true, month_key, &job->problem);
    if (error != 0) {
        return error;
    }
    error = seal_make_key(job->data_key);
    if (error == 0) {
        error = seal_wrap_key(seal, month_key, month, job->name.campaign, job->data_key,
                              &job->wrapped_key);
    }
    seal_wipe(month_key, sizeof month_key);
    job->token_key_id = key_directory_newest_token_key_id(directory);
    return error;
}

void catalog_seal_new(struct catalog *catalog,
                      const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                      const Hikyaku__V1__StoredCampaign *stored, int64_t created_unix_ms,
                      catalog_sealed_fn *on_done, void *context)
{
    struct seal *seal = NULL;
    const struct catalog_settings *settings = catalog_inside(catalog, &seal);
    struct job *job = xalloc_zero(1, sizeof *job);
    job->stored = stored;
    job->on_sealed = on_done;
    job->context = context;
    job->name.kind = SEAL_CONTENT;
    memcpy(job->name.campaign, campaign, sizeof job->name.campaign);
    job->error = make_keys(job, settings->directory, seal, created_unix_ms);
    if (job->error != 0) {
        loop_defer(settings->loop, on_sealed, job);
        return;
    }
    loop_run_in_pool(settings->loop, seal_in_pool, on_sealed, job);
}
