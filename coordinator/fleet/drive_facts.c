#include "coordinator/fleet/drive_facts.h"

static void hold(struct drive_facts *facts, enum gate gate, int64_t until_unix_ms)
{
    if (facts->held_by == GATE_NONE) {
        facts->held_by = gate;
        facts->held_until_unix_ms = until_unix_ms;
    }
}

static void hold_outside_windows(const struct store_campaign *campaign,
                                 const struct drive_facts_sources *sources,
                                 struct drive_facts *facts)
{
    struct send_window_state state =
        service_windows_ask(sources->windows, campaign->windows, sources->now_unix_ms / 1000);
    if (!state.is_open) {
        hold(facts, GATE_OUTSIDE_WINDOW, state.change_unix_s * 1000);
    }
}

struct drive_facts drive_facts_of(const struct store_campaign *campaign,
                                  const struct drive_facts_sources *sources,
                                  const struct stop **ret_stop)
{
    struct drive_facts facts = {.state = campaign->state,
                                .is_container = campaign->is_container,
                                .is_quarantined = campaign->quarantine != STORE_QUARANTINE_NONE,
                                .created_unix_ms = campaign->created_unix_ms,
                                .scheduled_unix_ms = campaign->scheduled_unix_ms,
                                .expires_unix_ms = campaign->expires_unix_ms,
                                .approve_by_unix_ms = campaign->approval.until_unix_ms};
    const struct stop_question question = {
        .tenant = campaign->tenant, .pool = campaign->pool, .from_domain = campaign->from_domain};
    const struct stop *stop = service_stops_find(sources->stops, &question);
    if (!service_stops_are_known(sources->stops)) {
        hold(&facts, GATE_STORE_UNAVAILABLE, 0);
    }
    if (stop != NULL) {
        hold(&facts, GATE_OPERATOR_STOP, stop->until_unix_ms);
    }
    hold_outside_windows(campaign, sources, &facts);
    if (ret_stop != NULL) {
        *ret_stop = stop;
    }
    return facts;
}
