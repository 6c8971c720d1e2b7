/* Claims whose session is dead are freed, batch by batch; those that a live one does not know are
 * asked back. */
#include "coordinator/fleet/driver_inside.h"

#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/store/store_holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* What an operator must see to. */
static void tell_quarantine(const struct driver_campaign *campaign, uint32_t number,
                            const struct store_reclaimed *reclaimed)
{
    if (reclaimed->makes_suspect) {
        LOG(LOG_BATCH_SUSPECT, NULL, log_string("campaign", campaign->id_text),
            log_number("batch", number));
    }
    if (reclaimed->quarantined > 0) {
        LOG(LOG_QUARANTINED, NULL, log_string("campaign", campaign->id_text),
            log_number("batch", number), log_number("recipients", reclaimed->quarantined));
    }
    if (reclaimed->stops_campaign) {
        LOG(LOG_CAMPAIGN_QUARANTINED, NULL, log_string("campaign", campaign->id_text),
            log_string("reason", "parts of three batches killed workers"));
    }
}

static void on_reclaimed(void *context, int error, const struct store_reclaimed *reclaimed)
{
    struct reclaim_call *call = context;
    struct driver_campaign *campaign = call->campaign;
    struct driver *driver = campaign->driver;
    unsigned int partition = campaign->partition;
    if (error == 0) {
        LOG(LOG_CLAIM_RECLAIMED, NULL, log_string("campaign", campaign->id_text),
            log_number("batch", call->number), log_number("changed", reclaimed->changed));
        tell_quarantine(campaign, call->number, reclaimed);
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
        .is_alive = sessions_has_left(driver->settings.sessions, claimed->session) ||
                    driver->settings.is_heard(driver->settings.context, claimed->session),
        .tenant = text_of(campaign->tenant)};
    store_reclaim_batch(driver->settings.store, &claimed->name, &asked, on_reclaimed, call);
    return true;
}

/* Claims that a live worker does not know */

struct unknown_call {
    struct driver_campaign *campaign;
    uint32_t number;
    char session[33];
};

static void on_holder(void *context, int error, const struct store_holder *holder)
{
    struct unknown_call *call = context;
    struct driver_campaign *campaign = call->campaign;
    struct driver *driver = campaign->driver;
    if (driver_campaign_answered(campaign) && error == 0 &&
        strcmp(holder->session, call->session) == 0) {
        struct driver_unknown unknown = {
            .name = {.number = call->number}, .epoch = holder->epoch, .tenant = campaign->tenant};
        memcpy(unknown.name.campaign, campaign->id, sizeof unknown.name.campaign);
        LOG(LOG_CLAIM_UNKNOWN, NULL, log_string("campaign", campaign->id_text),
            log_number("batch", call->number), log_string("session", call->session));
        driver->settings.on_unknown(driver->settings.context, call->session, &unknown);
    }
    free(call);
}

static void watch_live(struct driver *driver, unsigned int partition,
                       const struct store_claimed *claimed)
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    char text[IDENTITY_CAMPAIGN_LENGTH + 16];
    identity_campaign_to_text(claimed->name.campaign, id);
    (void)snprintf(text, sizeof text, "%s:%u", id, claimed->name.number);
    struct claim_watch_report report =
        driver->settings.report_of(driver->settings.context, claimed->session, text_of(text));
    struct driver_campaign *campaign = driver_campaign_find(driver, claimed->name.campaign);
    if (!claim_watch_look(driver->partitions[partition].watch, text_of(text), claimed->session,
                          &report, loop_now_ms(driver->settings.loop)) ||
        campaign == NULL || campaign->tenant == NULL) {
        return;
    }
    struct unknown_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct unknown_call){.campaign = driver_campaign_hold(campaign),
                                  .number = claimed->name.number};
    memcpy(call->session, claimed->session, sizeof call->session);
    store_holder_get(driver->settings.store, &claimed->name, on_holder, call);
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
    claim_watch_begin(partition->watch);
    for (size_t i = 0; error == 0 && partition->is_held && i < count; i++) {
        enum session_life life = sessions_ask(driver->settings.sessions, claims[i].session);
        if (life == SESSION_ALIVE) {
            watch_live(driver, number, &claims[i]);
            continue;
        }
        if (life == SESSION_UNKNOWN || started == DRIVER_RECLAIMS_AT_ONCE ||
            !reclaim(driver, number, &claims[i])) {
            partition->wants_claims = true;
            continue;
        }
        started++;
    }
    claim_watch_end(partition->watch);
    partition->reclaims--;
    end_round(driver, number);
}

void driver_claims_look(struct driver *driver, unsigned int number)
{
    struct driver_partition *partition = &driver->partitions[number];
    if (!partition->is_held || driver_is_stopped(driver)) {
        return; /* claims of a store that was restored are nobody's death */
    }
    if (partition->is_claiming) {
        partition->wants_claims = true;
        return;
    }
    partition->is_claiming = true;
    partition->wants_claims = false;
    struct claims_call *call = xalloc_zero(1, sizeof *call);
    *call = (struct claims_call){.driver = driver, .partition = number};
    store_reclaim_claims(driver->settings.store, number, on_claims, call);
}
