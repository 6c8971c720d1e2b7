/* A campaign's header and what operators say, as facts for drive_rule. */
#ifndef HIKYAKU_COORDINATOR_FLEET_DRIVE_FACTS_H
#define HIKYAKU_COORDINATOR_FLEET_DRIVE_FACTS_H

#include "common/service/service_stops.h"
#include "common/service/service_windows.h"
#include "common/store/store_campaign.h"
#include "coordinator/fleet/drive_rule.h"

/** What facts are made with besides the header; all borrowed. */
struct drive_facts_sources {
    const struct service_stops *stops;
    struct service_windows *windows;
    int64_t now_unix_ms; /* Redis' clock */
};

/**
 * @param ret_stop  out: the stop that holds it, borrowed until the loop goes on; NULL: none. May
 *                  itself be NULL
 */
struct drive_facts drive_facts_of(const struct store_campaign *campaign,
                                  const struct drive_facts_sources *sources,
                                  const struct stop **ret_stop);

#endif
