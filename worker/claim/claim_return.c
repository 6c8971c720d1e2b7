#include "worker/claim/claim_return.h"

#include "common/base/log.h"
#include "common/store/store_reclaim.h"

#include <stdlib.h>
#include <string.h>

struct claim_return {
    char text[CLAIM_NAME_BYTES];
};

static void on_returned(void *context, int error, const struct store_reclaimed *reclaimed)
{
    struct claim_return *call = context;
    /* Not given back: it will be asked for again. */
    LOG(LOG_CLAIM_RETURNED, NULL, log_string("claim", call->text), log_number("error", error),
        log_number("changed", reclaimed->changed));
    free(call);
}

void claim_return_on_asked(const struct claims *claims, struct store *store, const char *session,
                           const Hikyaku__V1__ReturnClaim *asked)
{
    struct store_batch_name name = {.number = asked->batch};
    if (asked->campaign_id.len != sizeof name.campaign) {
        return;
    }
    memcpy(name.campaign, asked->campaign_id.data, sizeof name.campaign);
    struct claim_return *call = xalloc_zero(1, sizeof *call);
    claim_print_name(&name, call->text);
    if (claims_has(claims, text_of(call->text))) {
        free(call);
        return;
    }
    struct store_reclaim reclaim = {.session = session,
                                    .is_alive = true,
                                    .tenant = text_of(asked->tenant),
                                    .epoch = asked->epoch};
    store_reclaim_batch(store, &name, &reclaim, on_returned, call);
}
