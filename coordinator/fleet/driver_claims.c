/* Claims whose session is dead are freed, batch by batch. */
#include "coordinator/fleet/driver_inside.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdlib.h>

struct claims_call {
    struct driver *driver;
    unsigned int partition;
};

struct reclaim_call {
    struct driver_campaign *campaign;
    uint32_t number;
};

/* The last answer of a round: the next one may begin. */
static void end_round(struct driver *driver, unsigned int number)
{
    struct driver_partition *partition = &driver->partitions[number];
    if (partition->reclaims > 0) {
        return;
    }
    partition->is_claiming = false;
}

static void on_reclaimed(void *context, int error, uint32_t changed, uint8_t campaign_state)
{
    (void)campaign_state;
    struct reclaim_call *call = context;
    struct driver_campaign *campaign = call->campaign;
    struct driver *driver = campaign->driver;
    unsigned int partition = campaign->partition;
    if (error == 0) {
        LOG(LOG_CLAIM_RECLAIMED, NULL, log_string("campaign", campaign->id_text),
            log_number("batch", call->number), log_number("changed", changed));
    } else if (error != -ESTALE) {
        driver->partitions[partition].wants_claims = true;
    }
    if (driver_campaign_answered(campaign)) {
        driver_campaign_look_soon(campaign);
    }
    free(call);
    driver->partitions[partition].reclaims--;
    end_round(driver, partition);
}

/* @return false when it must be looked at again */
static bool reclaim(struct driver *driver, unsigned int partition,
                    const struct store_claimed *claimed)
{
    struct driver_campaign *campaign = driver_campaign_find(driver, claimed->name.campaign);
    if (campaign == NULL || campaign->tenant == NULL) {
        return false; /* not loaded yet */
    }
    struct reclaim_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct reclaim_call){.campaign = driver_campaign_hold(campaign),
                                  .number = claimed->name.number};
    driver->partitions[partition].reclaims++;
    struct store_reclaim asked = {
        .session = claimed->session,
        .is_drained = sessions_has_left(driver->settings.sessions, claimed->session),
        .tenant = text_of(campaign->tenant)};
    store_batch_reclaim(driver->settings.store, &claimed->name, &asked, on_reclaimed, call);
    return true;
}

static void on_claims(void *context, int error, const struct store_claimed *claims, size_t count)
{
    struct claims_call *call = context;
    struct driver *driver = call->driver;
    unsigned int number = call->partition;
    free(call);
    struct driver_partition *partition = &driver->partitions[number];
    partition->reclaims = 1; /* so that an answer inside its call does not end the round */
    unsigned int started = 0;
    for (size_t i = 0; error == 0 && partition->is_held && i < count; i++) {
        enum session_life life = sessions_ask(driver->settings.sessions, claims[i].session);
        if (life == SESSION_ALIVE) {
            continue;
        }
        if (life == SESSION_UNKNOWN || started == DRIVER_RECLAIMS_AT_ONCE ||
            !reclaim(driver, number, &claims[i])) {
            partition->wants_claims = true;
            continue;
        }
        started++;
    }
    partition->reclaims--;
    end_round(driver, number);
}

void driver_claims_look(struct driver *driver, unsigned int number)
{
    struct driver_partition *partition = &driver->partitions[number];
    if (!partition->is_held) {
        return;
    }
    if (partition->is_claiming) {
        partition->wants_claims = true;
        return;
    }
    partition->is_claiming = true;
    partition->wants_claims = false;
    struct claims_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct claims_call){.driver = driver, .partition = number};
    store_batch_claims(driver->settings.store, number, on_claims, call);
}
