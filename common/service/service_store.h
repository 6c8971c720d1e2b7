/* The store as a program opens it: from its configuration, with the password of its file. */
#ifndef HIKYAKU_COMMON_SERVICE_SERVICE_STORE_H
#define HIKYAKU_COMMON_SERVICE_SERVICE_STORE_H

#include "common/service/service_config.h"
#include "common/store/store.h"

/**
 * @param config   borrowed while the store lives
 * @param session  32 hex digits; copied
 * @return 0, or an error of key_file_read() or store_tls_check() with its problem
 */
MUST_USE int service_store_open(struct loop *loop, const struct service_config *config,
                                const char *session, const struct store_callbacks *callbacks,
                                struct store **ret_store, struct problem *problem);

/** For /metrics: how Redis answers and what it holds. */
void service_store_set_gauges(const struct store *store);

/** What /readyz says besides: relaxed durability is told wherever somebody looks. NULL: nothing */
const char *service_store_note(const struct service_config *config);

#endif
