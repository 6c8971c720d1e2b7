/* What this coordinator knows that holds a campaign, part by part: for Why and Forecast. The gate
 * that all of it comes to is fleet_view_gate()'s; both ask the same functions. */
#ifndef HIKYAKU_COORDINATOR_FLEET_FLEET_REASONS_H
#define HIKYAKU_COORDINATOR_FLEET_FLEET_REASONS_H

#include "common/base/arena.h"
#include "common/policy/send_window.h"
#include "common/policy/stop_set.h"
#include "coordinator/fleet/drive_rule.h"
#include "coordinator/fleet/fleet.h"
#include "coordinator/fleet/inquiries.h"
#include "coordinator/fleet/tokens.h"

#define FLEET_REASONS_IPS_MAX 64

struct fleet_reasons_stop {
    const char *about; /* "site docomo.ne.jp" */
    const char *word;  /* "by suzuki: carrier maintenance" */
    int64_t at_unix_ms;
    int64_t until_unix_ms; /* 0: until it is started */
};

struct fleet_reasons_ip {
    const char *address;
    const char *owner; /* name of its worker; "": nobody's */
};

/** Texts in the arena. */
struct fleet_reasons {
    int64_t now_unix_ms; /* Redis' clock */
    struct drive_facts facts;
    struct drive_decision decision;
    bool is_restored; /* a backup was loaded: nothing is driven */
    bool lacks_key;
    enum gate limit;                       /* a shared limit that its driver, this one, has met */
    const struct fleet_reasons_stop *stop; /* of tenant, pool, From domain or all; NULL: none */
    struct send_window_state window;
    bool has_windows;
    size_t workers;                                     /* that serve its pool */
    uint64_t room;                                      /* recipients they have room for, */
    bool is_behind;                                     /* but for none of its batches that wait */
    struct fleet_reasons_ip ips[FLEET_REASONS_IPS_MAX]; /* of its pool */
    size_t ip_count;
};

void fleet_reasons_of(const struct fleet *fleet, const struct store_campaign *campaign,
                      struct arena *arena, struct fleet_reasons *ret_reasons);
/** Have the workers of its pool as many recipients of a group (struct store_due) in hand as they
 *  take, while there is room for others? @param group  NULL: all that its waiting batches go to */
bool fleet_reasons_is_behind(const struct fleet *fleet, const struct store_campaign *campaign,
                             const struct text *group);
/** A stop of one site or IP. @param ret_stop  out, in the arena. @return false: none */
bool fleet_reasons_stop(const struct fleet *fleet, const struct stop_question *question,
                        struct arena *arena, struct fleet_reasons_stop *ret_stop);

/** A shared limit that holds a campaign, and under which name Redis counts it. Borrows from the
 *  subject and from itself: not to be copied. */
struct fleet_reasons_limit {
    struct limit_found found;
    struct store_tokens_name name;
    uint64_t most_of_lane;
    char text[TOKENS_NAME_BYTES];
};
size_t fleet_reasons_limits(const struct fleet *fleet, const struct limit_subject *subject,
                            const unsigned char campaign[16],
                            struct fleet_reasons_limit ret_limits[LIMIT_RULES_FOUND_MAX]);

/** Name of the worker with this session, in the arena; "": it is not connected here. */
const char *fleet_reasons_worker(const struct fleet *fleet, const char *session,
                                 struct arena *arena);
struct inquiries *fleet_reasons_inquiries(struct fleet *fleet);
/** At the end, before the store goes: nobody waits for workers any longer. */
void fleet_reasons_finish(struct fleet *fleet);

#endif
