/* Rows whose doubt has lasted as long as their campaign wants: its rule ends it. The campaign may
 * have completed long ago, so that nobody drives it: its header is read for each batch. */
#include "coordinator/fleet/driver_inside.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/store_doubt.h"

#include <errno.h>
#include <stdlib.h>

/* Batches of a partition at once. */
#define LIMIT 64

struct doubt_call {
    struct driver *driver;
    struct store_batch_name name;
    unsigned int partition;
};

static struct doubt_call *create(struct driver *driver, unsigned int partition)
{
    struct doubt_call *call = xalloc_zero(1, sizeof *call);
    call->driver = driver;
    call->partition = partition;
    driver->partitions[partition].doubts++;
    return call;
}

static void end(struct doubt_call *call)
{
    call->driver->partitions[call->partition].doubts--;
    free(call);
}

static void on_resolved(void *context, int error, uint32_t changed, uint8_t campaign_state)
{
    (void)campaign_state; /* one that runs again is found in the active set */
    struct doubt_call *call = context;
    if (error == 0 && changed > 0) {
        char campaign[IDENTITY_CAMPAIGN_LENGTH + 1];
        identity_campaign_to_text(call->name.campaign, campaign);
        LOG(LOG_RESOLVED, NULL, log_string("campaign", campaign),
            log_number("batch", call->name.number), log_number("changed", changed));
    }
    end(call);
}

static void on_header(void *context, int error, const struct store_campaign *header)
{
    struct doubt_call *call = context;
    if (error != 0 && error != -ENOENT) {
        end(call);
        return;
    }
    /* Of one that is gone only the index is left: that is taken out. */
    struct store_resolve resolve = {.name = call->name,
                                    .tenant = error == 0 ? header->tenant : TEXT(""),
                                    .reason = TEXT("resolve_after_s")};
    store_doubt_resolve(call->driver->settings.store, &resolve, on_resolved, call);
}

static void on_doubts(void *context, int error, const struct store_doubt *doubts, size_t count)
{
    struct doubt_call *call = context;
    for (size_t i = 0; error == 0 && i < count; i++) {
        struct doubt_call *one = create(call->driver, call->partition);
        one->name = doubts[i].name;
        store_campaign_get(call->driver->settings.store, one->name.campaign, on_header, one);
    }
    end(call);
}

void driver_doubt_look(struct driver *driver, unsigned int partition)
{
    const struct driver_partition *held = &driver->partitions[partition];
    struct drive_time time = driver_campaign_time(driver);
    if (!held->is_held || held->doubts > 0 || time.is_doubted || time.is_stopped) {
        return;
    }
    struct store_doubt_range range = {
        .partition = partition, .to_unix_s = clock_unix_ms() / 1000, .limit = LIMIT};
    store_doubt_list(driver->settings.store, &range, on_doubts, create(driver, partition));
}
