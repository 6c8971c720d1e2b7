/* What screens and the API want to know of the fleet. */
#ifndef HIKYAKU_COORDINATOR_FLEET_FLEET_VIEW_H
#define HIKYAKU_COORDINATOR_FLEET_FLEET_VIEW_H

#include "common/base/arena.h"
#include "coordinator/fleet/fleet.h"
#include "hikyaku/v1/api.pb-c.h"

/** Fill GetFleet's answer (initialised by the caller) from `arena`. How many campaigns a
 * coordinator drives is known of this one only.
 * @param note  one alarm more; NULL: none */
void fleet_view_fill(const struct fleet *fleet, struct arena *arena, const char *note,
                     Hikyaku__V1__GetFleetResponse *response);

struct fleet_view_why {
    int64_t until_unix_ms; /* 0: not known */
    const char *text;      /* for people; in the arena, or constant */
};
/**
 * Why open rows of a campaign that stand under no gate of their own are not being sent. Any
 * coordinator can say it, for workers talk to all of them.
 *
 * @return GATE_NONE: they are being sent, or the campaign has ended
 */
enum gate fleet_view_gate(const struct fleet *fleet, const struct store_campaign *campaign,
                          struct arena *arena, struct fleet_view_why *ret_why);

#endif
