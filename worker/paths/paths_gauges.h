/* How many paths there are, as gauges. */
#ifndef HIKYAKU_WORKER_PATHS_PATHS_GAUGES_H
#define HIKYAKU_WORKER_PATHS_PATHS_GAUGES_H

#include "worker/paths/paths.h"

void paths_gauges_set(const struct paths *paths);

#endif
