/* What a coordinator shows at /metrics of its share of the work and of the workers it hears. */
#ifndef HIKYAKU_COORDINATOR_FLEET_FLEET_GAUGES_H
#define HIKYAKU_COORDINATOR_FLEET_FLEET_GAUGES_H

#include "coordinator/fleet/fleet.h"

/** Bring the gauges up to date. */
void fleet_gauges_set(const struct fleet *fleet);

#endif
