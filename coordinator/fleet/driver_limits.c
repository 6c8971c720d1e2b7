/* Campaigns that a shared limit holds: for about as long as the limit said. */
#include "coordinator/fleet/driver_inside.h"

#include "common/net/loop.h"

static void start_timer(struct driver *driver, uint64_t wait_ms)
{
    if (!loop_timer_is_active(driver->limits)) {
        loop_timer_start(driver->limits, wait_ms > 0 ? wait_ms : 1, 0);
    }
}

bool driver_limits_hold(const struct driver_campaign *campaign)
{
    return campaign->limit_until_ms > loop_now_ms(campaign->driver->settings.loop);
}

void driver_limits_on_timer(void *context)
{
    struct driver *driver = context;
    uint64_t now_ms = loop_now_ms(driver->settings.loop);
    uint64_t next_ms = UINT64_MAX;
    struct table_walk walk;
    struct driver_campaign *campaign = table_first(driver->campaigns, &walk);
    for (; campaign != NULL; campaign = table_next(&walk)) {
        if (campaign->limit_until_ms > now_ms) {
            next_ms = campaign->limit_until_ms < next_ms ? campaign->limit_until_ms : next_ms;
        } else if (campaign->limit_until_ms != 0) {
            campaign->limit_until_ms = 0;
            driver_campaign_look_soon(campaign);
        }
    }
    if (next_ms != UINT64_MAX) {
        start_timer(driver, next_ms - now_ms);
    }
}

void driver_limits_set(struct driver *driver, const unsigned char id[16], enum gate gate,
                       uint64_t wait_ms)
{
    struct driver_campaign *campaign = driver_campaign_find(driver, id);
    if (campaign == NULL || gate == GATE_NONE) {
        return;
    }
    campaign->limit_gate = gate;
    campaign->limit_until_ms = loop_now_ms(driver->settings.loop) + wait_ms;
    if (campaign->ready != NULL) {
        ready_hold(driver->settings.ready, campaign->ready, true);
    }
    start_timer(driver, wait_ms);
}

enum gate driver_limits_ask(const struct driver *driver, const unsigned char id[16])
{
    const struct driver_campaign *campaign = driver_campaign_find(driver, id);
    return campaign != NULL && driver_limits_hold(campaign) ? campaign->limit_gate : GATE_NONE;
}
