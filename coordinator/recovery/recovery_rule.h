/* What becomes of a campaign in a store that was loaded from a backup, as an operator decided.
 * Pure. Read the table in recovery_rule.c. */
#ifndef HIKYAKU_COORDINATOR_RECOVERY_RECOVERY_RULE_H
#define HIKYAKU_COORDINATOR_RECOVERY_RECOVERY_RULE_H

#include "common/store/store_restored.h"

struct recovery_step {
    bool cancels;         /* a draft that may have been submitted and sent */
    bool frees;           /* claims of it are freed */
    bool may_all_be_sent; /* its open rows may have been sent since the backup */
    bool holds;           /* all of them become UNCERTAIN, whatever its policy is */
};

/** @param state  Hikyaku__V1__CampaignState. @param scheduled_unix_ms  0: at once */
void recovery_rule_decide(uint8_t state, int64_t scheduled_unix_ms,
                          const struct store_restored_decision *decision,
                          struct recovery_step *ret_step);

#endif
