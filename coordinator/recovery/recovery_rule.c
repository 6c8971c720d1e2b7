#include "coordinator/recovery/recovery_rule.h"

#include "hikyaku/v1/api.pb-c.h"

#define STATE(name) HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_##name

enum fate {
    UNKNOWN_STATE, /* of a newer version: as one that may have run */
    MAY_HAVE_RUN,  /* running then, or started, resumed, approved since */
    A_DRAFT,       /* may have been submitted since */
    IS_OVER,
};

static const enum fate fates[] = {
    [STATE(DRAFT)] = A_DRAFT,          [STATE(AWAITING_APPROVAL)] = MAY_HAVE_RUN,
    [STATE(SCHEDULED)] = MAY_HAVE_RUN, [STATE(RUNNING)] = MAY_HAVE_RUN,
    [STATE(PAUSED)] = MAY_HAVE_RUN,    [STATE(CANCELLING)] = MAY_HAVE_RUN,
    [STATE(CANCELLED)] = IS_OVER,      [STATE(COMPLETED)] = IS_OVER,
    [STATE(REJECTED)] = IS_OVER,
};

void recovery_rule_decide(uint8_t state, int64_t scheduled_unix_ms,
                          const struct store_restored_decision *decision,
                          struct recovery_step *ret_step)
{
    bool was_sent = decision->assume != HIKYAKU__V1__RESTORE_ASSUME__RESTORE_ASSUME_UNSENT;
    enum fate fate = state < sizeof fates / sizeof fates[0] ? fates[state] : UNKNOWN_STATE;
    bool may_have_run = fate == MAY_HAVE_RUN || fate == UNKNOWN_STATE;
    bool is_later = scheduled_unix_ms > decision->lost_unix_ms;
    *ret_step = (struct recovery_step){
        .cancels = fate == A_DRAFT && was_sent && !decision->keeps_drafts,
        .frees = may_have_run,
        .may_all_be_sent = may_have_run && was_sent && !is_later,
        .holds = decision->assume == HIKYAKU__V1__RESTORE_ASSUME__RESTORE_ASSUME_UNCERTAIN,
    };
}
