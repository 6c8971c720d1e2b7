/* The campaigns whose content this worker holds, by id; those that no claim holds are wiped after a
 * while, or when there are too many. */
#ifndef HIKYAKU_WORKER_CLAIM_CAMPAIGNS_H
#define HIKYAKU_WORKER_CLAIM_CAMPAIGNS_H

#include "worker/claim/campaign.h"

/** Contents without holder that are kept at most, and how long. */
#define CAMPAIGNS_SPARE_MAX 32
#define CAMPAIGNS_SPARE_MS 300000

struct campaigns;

struct campaigns *campaigns_create(void);
/** Nobody holds any. Accepts NULL, nulls the pointer. */
void campaigns_destroy(struct campaigns **campaigns);

/** The campaign with this id, or NULL. */
struct campaign *campaigns_find(const struct campaigns *campaigns,
                                const unsigned char campaign[16]);
/** Take a campaign over (nulls the pointer); one that is there already stays and the new one goes.
 *  @return the one that is there */
struct campaign *campaigns_add(struct campaigns *campaigns, struct campaign **campaign,
                               uint64_t now_ms);
void campaigns_hold(struct campaign *campaign);
void campaigns_release(struct campaign *campaign, uint64_t now_ms);
/** Wipe what nobody has held for CAMPAIGNS_SPARE_MS, and the oldest beyond CAMPAIGNS_SPARE_MAX. */
void campaigns_tidy(struct campaigns *campaigns, uint64_t now_ms);

#endif
