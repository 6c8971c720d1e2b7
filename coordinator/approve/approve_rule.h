/* Who must approve what: a tenant's policy held against a campaign. Pure. */
#ifndef HIKYAKU_COORDINATOR_APPROVE_APPROVE_RULE_H
#define HIKYAKU_COORDINATOR_APPROVE_APPROVE_RULE_H

#include "common/store/store_campaign_record.h"

/** No tenant can ask for more. */
#define APPROVE_RULE_APPROVERS_MAX 2

/** `tenants[].approval`; zeroed: nobody must approve anything. */
struct approve_policy {
    uint32_t approvers;        /* 0: nobody approves; 1; 2 */
    uint64_t above_recipients; /* campaigns of no more need none */
    uint64_t two_above;        /* above so many recipients two must approve; 0: never for that */
    uint32_t lanes;            /* bits by Hikyaku__V1__Lane; 0: every lane */
    uint32_t content_classes;  /* bits by Hikyaku__V1__ContentClass; 0: both */
    uint64_t expires_after_ms; /* who is not approved by then is a draft again; 0: never */
};

/**
 * How many must approve it. A campaign that reaches nobody (DRY_RUN, SANDBOX) and a container of
 * single messages need no approval.
 * @param campaign  with its rows counted
 * @return 0..APPROVE_RULE_APPROVERS_MAX
 */
uint32_t approve_rule_needed(const struct approve_policy *policy,
                             const struct store_campaign *campaign);

#endif
