/* What fleet.c and fleet_view.c share. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_FLEET_FLEET_INSIDE_H
#define HIKYAKU_COORDINATOR_FLEET_FLEET_INSIDE_H

#include "common/service/service_stops.h"
#include "coordinator/fleet/fleet.h"
#include "coordinator/fleet/inquiries.h"
#include "coordinator/fleet/offers.h"
#include "coordinator/fleet/partitions.h"
#include "coordinator/fleet/suspect_offers.h"

struct fleet {
    struct fleet_settings settings;
    struct ready *ready;
    struct store_keeper *keeper; /* NULL until the store was ready once */
    struct sessions *sessions;
    struct partitions *partitions; /* made with the keeper */
    struct service_stops *stops;
    struct driver *driver;
    struct workers *workers;
    struct inquiries *inquiries;
    struct tokens *tokens;
    struct offers *offers;
    struct suspect_offers *suspects;
    int64_t started_unix_ms;
    bool is_registered;
    bool is_leaving;
    bool has_left;
};

#endif
