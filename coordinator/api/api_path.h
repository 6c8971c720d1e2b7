/* Paths as calls name them. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_PATH_H
#define HIKYAKU_COORDINATOR_API_API_PATH_H

#include "common/store/store_stops.h"
#include "coordinator/api/api_call.h"

struct api_path {
    char *ip;   /* as screens show it, or "*" */
    char *site; /* in lower case */
};

/**
 * Normalise, in the call's arena.
 * @param may_be_all  "*" is taken for the IP
 * @return false: the call has been refused
 */
bool api_path_read(struct api_call *call, const char *ip, const char *site, bool may_be_all,
                   struct api_path *ret_path);
/** What an operator told, as answers show it. @return NULL: it is no bound and no pause, or its
 * time is over */
Hikyaku__V1__ThrottleOrder *api_path_order(struct api_call *call, const struct store_stop *given);

#endif
