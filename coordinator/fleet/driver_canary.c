/* A campaign's canary: when all of it was tried the wait begins, when that is over it is judged.
 * What is known of it stands in the header: whoever drives the campaign goes on where it was. */
#include "coordinator/fleet/driver_inside.h"

#include "common/base/log.h"
#include "common/policy/canary.h"
#include "common/policy/reply_class.h"
#include "hikyaku/v1/api.pb-c.h"

static void on_step(void *context, int error, const struct store_campaign *header)
{
    (void)error; /* whoever comes later finds it done, or does it */
    (void)header;
    struct driver_campaign *campaign = context;
    campaign->is_judging = false;
    if (driver_campaign_answered(campaign)) {
        driver_campaign_look_soon(campaign);
    }
}

static void take_step(struct driver_campaign *campaign, enum store_canary_step step,
                      struct text reason)
{
    campaign->is_judging = true;
    store_campaign_canary(campaign->driver->settings.store, campaign->id, step, reason, on_step,
                          driver_campaign_hold(campaign));
}

/* Until now nothing else was sent: the campaign's counters are the canary's. */
static void judge(struct driver_campaign *campaign, const struct store_campaign *header)
{
    const struct canary_limits limits = {.bounced_permille = header->canary.bounced_permille,
                                         .deferred_permille =
                                             campaign->driver->settings.canary_deferred_permille};
    const struct canary_counts counts = {.recipients = header->canary.rows,
                                         .delivered = header->outcomes[OUTCOME_DELIVERED],
                                         .bounced = header->outcomes[OUTCOME_BOUNCED],
                                         .unknown = header->bounced[REPLY_CLASS_BAD_MAILBOX],
                                         .failed = header->outcomes[OUTCOME_FAILED],
                                         .deferred = header->outcomes[OUTCOME_DEFERRED]};
    enum canary_verdict verdict = canary_judge(&limits, &counts);
    char text[CANARY_TEXT_BYTES];
    canary_tell(verdict, &limits, &counts, text);
    LOG(verdict == CANARY_GOOD ? LOG_CANARY_PASSED : LOG_CANARY_FAILED, NULL,
        log_string("campaign", campaign->id_text), log_string("reason", text));
    take_step(campaign, verdict == CANARY_GOOD ? STORE_CANARY_STEP_PASS : STORE_CANARY_STEP_FAIL,
              text_of(text));
}

void driver_canary_look(struct driver_campaign *campaign, const struct store_campaign *header)
{
    struct drive_time time = driver_campaign_time(campaign->driver);
    uint64_t tried = header->accepted - header->outcomes[OUTCOME_PENDING];
    int64_t end_unix_ms = header->canary.since_unix_ms + (int64_t)header->canary.wait_s * 1000;
    if (header->state != HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING || time.is_doubted ||
        time.is_stopped || campaign->is_judging) {
        return;
    }
    if (header->canary.state == STORE_CANARY_SENDING && tried >= header->canary.rows) {
        take_step(campaign, STORE_CANARY_STEP_WAIT, TEXT(""));
    } else if (header->canary.state == STORE_CANARY_WAITING && time.now_unix_ms >= end_unix_ms) {
        judge(campaign, header);
    }
}
