/* First-message check: before a domain's mail goes out, one signed message of it is verified with
 * libopendkim and the key that DNS shows. The verdict is kept in the store for all workers: when
 * DNS fails later, a good one below 24 h old lets TRANSACTIONAL go on. */
#ifndef HIKYAKU_WORKER_PIPELINE_DKIM_CHECK_H
#define HIKYAKU_WORKER_PIPELINE_DKIM_CHECK_H

#include "common/net/resolver.h"
#include "common/store/store.h"
#include "worker/pipeline/dkim_keys.h"

/** A failed check is repeated after so long, a good one too. */
#define DKIM_CHECK_RETRY_MS 30000
#define DKIM_CHECK_GOOD_MS 86400000

struct dkim_check;

struct dkim_check_settings {
    struct loop *loop; /* borrowed, like all of these */
    struct resolver *resolver;
    struct store *store;
    /** domain->state is GOOD, BAD or NO_ANSWER now. */
    void (*on_verdict)(void *context, struct dkim_keys_domain *domain);
    void *context;
};

struct dkim_check *dkim_check_create(const struct dkim_check_settings *settings);
/** Checks under way must be through: dkim_check_running() is 0. Accepts NULL, nulls the pointer. */
void dkim_check_destroy(struct dkim_check **check);

/** Is it time to check this domain (again)? */
bool dkim_check_is_due(const struct dkim_check *check, const struct dkim_keys_domain *domain);
/** Check one signed message; domain->state is CHECKING until on_verdict. @param message  copied */
void dkim_check_start(struct dkim_check *check, struct dkim_keys_domain *domain, struct text tenant,
                      struct text message);
size_t dkim_check_running(const struct dkim_check *check);

#endif
