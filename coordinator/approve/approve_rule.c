#include "coordinator/approve/approve_rule.h"

#include "hikyaku/v1/api.pb-c.h"

static bool is_in(uint32_t set, uint8_t member)
{
    return set == 0 || (member < 32 && (set & UINT32_C(1) << member) != 0);
}

uint32_t approve_rule_needed(const struct approve_policy *policy,
                             const struct store_campaign *campaign)
{
    bool is_meant = policy->approvers > 0 && !campaign->is_container &&
                    campaign->mode == HIKYAKU__V1__MODE__MODE_LIVE &&
                    campaign->accepted > policy->above_recipients &&
                    is_in(policy->lanes, campaign->lane) &&
                    is_in(policy->content_classes, campaign->content_class);
    if (!is_meant) {
        return 0;
    }
    bool is_large = policy->two_above > 0 && campaign->accepted > policy->two_above;
    return is_large ? APPROVE_RULE_APPROVERS_MAX : policy->approvers;
}
