#include "worker/claim/campaigns.h"

#include "common/base/table.h"

#include <assert.h>
#include <stdlib.h>

struct campaigns {
    struct table *by_campaign;
};

struct campaigns *campaigns_create(void)
{
    struct campaigns *campaigns = xalloc_zero(1, sizeof *campaigns);
    campaigns->by_campaign = table_create();
    return campaigns;
}

static struct text key_of(const unsigned char campaign[16])
{
    return (struct text){(const char *)campaign, 16};
}

static void wipe(struct campaigns *campaigns, struct campaign *campaign)
{
    assert(campaign->holders == 0 && campaign->waiting.count == 0);
    (void)table_remove(campaigns->by_campaign, key_of(campaign->id));
    campaign_destroy(&campaign);
}

void campaigns_destroy(struct campaigns **campaigns)
{
    if (*campaigns == NULL) {
        return;
    }
    struct table_walk walk;
    struct campaign *campaign = table_first((*campaigns)->by_campaign, &walk);
    for (; campaign != NULL; campaign = table_next(&walk)) {
        wipe(*campaigns, campaign);
    }
    table_destroy(&(*campaigns)->by_campaign);
    free(*campaigns);
    *campaigns = NULL;
}

struct campaign *campaigns_find(const struct campaigns *campaigns, const unsigned char campaign[16])
{
    return table_get(campaigns->by_campaign, key_of(campaign));
}

struct campaign *campaigns_add(struct campaigns *campaigns, struct campaign **campaign,
                               uint64_t now_ms)
{
    struct campaign *known = campaigns_find(campaigns, (*campaign)->id);
    if (known != NULL) {
        campaign_destroy(campaign);
        return known;
    }
    known = *campaign;
    *campaign = NULL;
    known->released_ms = now_ms;
    (void)table_put(campaigns->by_campaign, key_of(known->id), known);
    return known;
}

void campaigns_hold(struct campaign *campaign)
{
    campaign->holders++;
}

void campaigns_release(struct campaign *campaign, uint64_t now_ms)
{
    assert(campaign->holders > 0);
    if (--campaign->holders == 0) {
        campaign->released_ms = now_ms;
    }
}

void campaigns_tidy(struct campaigns *campaigns, uint64_t now_ms)
{
    struct campaign *oldest = NULL;
    size_t spare = 0;
    struct table_walk walk;
    struct campaign *campaign = table_first(campaigns->by_campaign, &walk);
    for (; campaign != NULL; campaign = table_next(&walk)) {
        if (campaign->holders > 0) {
            continue;
        }
        if (now_ms - campaign->released_ms >= CAMPAIGNS_SPARE_MS) {
            wipe(campaigns, campaign);
            continue;
        }
        spare++;
        if (oldest == NULL || campaign->released_ms < oldest->released_ms) {
            oldest = campaign;
        }
    }
    if (spare > CAMPAIGNS_SPARE_MAX) {
        wipe(campaigns, oldest);
    }
}
