/* From effective settings to what is stored of a new campaign: what configuration must know (pool,
 * From domain), what composing must accept, warnings, the header. Shared by CreateCampaign,
 * PreviewMessage and the containers of SendMessages. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_SETTLE_H
#define HIKYAKU_COORDINATOR_API_API_SETTLE_H

#include "coordinator/api/api_call.h"

/**
 * Hold effective settings against configuration and composer. Problems are noted in the call.
 * @param ret_domain  the From domain, normalised; in the call's arena
 * @return 0 or -EINVAL
 */
MUST_USE int api_settle_check(struct api_call *call,
                              const Hikyaku__V1__CreateCampaignRequest *settings,
                              struct text *ret_domain);

/**
 * Which domain a From address is of, and that it has a DKIM key.
 * @param from  NULL: there is none, a problem too
 * @return 0 or -EINVAL; the problem's field is "from" or "from.address"
 */
MUST_USE int api_settle_from(struct api_call *call, const Hikyaku__V1__Mailbox *from,
                             struct text *ret_domain, struct problem *problem);

/** Are the labels there that the caller's key must set? @return 0 or -EINVAL, noted in the call */
MUST_USE int api_settle_labels(struct api_call *call, const struct store_label *labels,
                               size_t count);

/** What SendMessages must settle before it looks at single messages: pool, shared content (its From
 *  and body may be the messages'). Problems are noted in the call. */
void api_settle_check_messages(struct api_call *call,
                               const Hikyaku__V1__CreateCampaignRequest *settings);

/** The value to be sealed. In the call's arena; borrows `settings`. */
Hikyaku__V1__StoredCampaign *api_settle_stored(struct api_call *call,
                                               Hikyaku__V1__CreateCampaignRequest *settings);

/** The header of a new campaign, without keys and id. Labels in the call's arena. */
void api_settle_header(struct api_call *call, const Hikyaku__V1__CreateCampaignRequest *settings,
                       struct text from_domain, int64_t created_unix_ms,
                       struct store_campaign *ret_header);

/** Things that are allowed and yet worth a look: appended to a response's list. */
void api_settle_warn(struct api_call *call, const Hikyaku__V1__CreateCampaignRequest *settings,
                     Hikyaku__V1__Warning ***ret_warnings, size_t *ret_count);

#endif
