/* Obeys what operators tell of paths. Internal to this folder. */
#ifndef HIKYAKU_WORKER_PATHS_PATHS_ORDERS_H
#define HIKYAKU_WORKER_PATHS_PATHS_ORDERS_H

#include "worker/paths/paths_parts.h"

/** Lay what is told of a path now over its controller. @param bound  as it was laid over it before
 */
void paths_orders_lay(const struct paths *paths, const char *ip, struct text site,
                      struct path_control *control, struct path_bound *bound,
                      struct path_decisions *decisions);
/** Each second, when they change, and when a path is new. */
void paths_orders_obey(struct paths *paths, struct path *path);

#endif
