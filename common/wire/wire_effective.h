/* Defaults resolved: what a campaign will really do. The answer to CreateCampaign shows it, and
 * StoredCampaign.settings holds it, so that workers never ask what a zero means. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_EFFECTIVE_H
#define HIKYAKU_COMMON_WIRE_WIRE_EFFECTIVE_H

#include "common/base/arena.h"
#include "common/wire/wire_limits.h"
#include "hikyaku/v1/api.pb-c.h"

/** What the tenant's configuration says. */
struct wire_effective_tenant {
    const char *pool;               /* borrowed; of the class, "" when there is none */
    const char *return_path_domain; /* borrowed; "" leaves it to the From domain */
};

/**
 * A copy of a valid request in `arena` with every default resolved. Strings and attachments are
 * borrowed from `request`; submessages that the caller left out are there.
 */
Hikyaku__V1__CreateCampaignRequest *
wire_effective_campaign(const Hikyaku__V1__CreateCampaignRequest *request,
                        const struct wire_limits *limits,
                        const struct wire_effective_tenant *tenant, struct arena *arena);

/**
 * The settings of the container campaign that carries the messages of a call with this From
 * address: the call's content and options as a campaign's, with defaults of single messages (lane
 * TRANSACTIONAL, duplicates KEEP, lifetime). Content of single messages is not part of it.
 *
 * @param from  borrowed; overrides the content's From, NULL keeps it
 */
Hikyaku__V1__CreateCampaignRequest *wire_effective_messages(
    const Hikyaku__V1__SendMessagesRequest *request, const struct wire_limits *limits,
    const struct wire_effective_tenant *tenant, Hikyaku__V1__Mailbox *from, struct arena *arena);

/** The same settings without the bytes of attachments: for answers. Borrows from `settings`. */
Hikyaku__V1__CreateCampaignRequest *
wire_effective_without_data(const Hikyaku__V1__CreateCampaignRequest *settings,
                            struct arena *arena);

#endif
