/* A campaign that waits for approval, for too long: it is a draft again. One script settles it
 * against who approves at the same moment. */
#include "coordinator/fleet/driver_inside.h"

#include "common/base/log.h"
#include "common/store/store_approval.h"
#include "common/wire/wire_unpack.h"
#include "hikyaku/v1/api.pb-c.h"
#include "hikyaku/v1/store.pb-c.h"

#include <string.h>

#define REASON "nobody approved it in time"

static void on_lapsed(void *context, int error, bool is_replayed,
                      const struct store_campaign *header)
{
    (void)is_replayed;
    struct driver_campaign *campaign = context;
    const struct driver_settings *settings = &campaign->driver->settings;
    campaign->is_lapsing = false;
    if (error == 0 && header != NULL) {
        LOG(LOG_APPROVAL_LAPSED, NULL, log_string("campaign", campaign->id_text));
        settings->on_lapsed(settings->context, campaign->id_text, header->tenant);
    }
    if (driver_campaign_answered(campaign)) {
        driver_campaign_look_soon(campaign);
    }
}

void driver_approval_lapse(struct driver_campaign *campaign)
{
    if (campaign->is_lapsing) {
        return;
    }
    OWNED(buffer_finish) struct buffer record = {0};
    Hikyaku__V1__StoredApproval step;
    hikyaku__v1__stored_approval__init(&step);
    step.action = HIKYAKU__V1__APPROVAL_ACTION__APPROVAL_ACTION_LAPSED;
    wire_unpack_append(&step.base, &record);
    struct store_approval lapse = {.tenant = text_of(campaign->tenant),
                                   .what = STORE_APPROVAL_LAPSE,
                                   .record = buffer_text(&record),
                                   .reason = TEXT(REASON)};
    memcpy(lapse.campaign, campaign->id, sizeof lapse.campaign);
    campaign->is_lapsing = true;
    store_approval_step(campaign->driver->settings.store, &lapse, on_lapsed,
                        driver_campaign_hold(campaign));
}
