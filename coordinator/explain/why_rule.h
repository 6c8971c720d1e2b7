/* Why one recipient is not being sent now: facts in, gates in order out. Pure.
 *
 * What is closed comes first and the first of it binds: what its campaign's driver decides, then
 * QUARANTINED, then the others in the order of enum gate. Behind them stand gates that are open but
 * have still to be passed. An open row that is not on the wire has exactly one binding gate (I7).
 */
#ifndef HIKYAKU_COORDINATOR_EXPLAIN_WHY_RULE_H
#define HIKYAKU_COORDINATOR_EXPLAIN_WHY_RULE_H

#include "common/mail/rows.h"
#include "common/policy/send_window.h"

#define WHY_RULE_LIMITS_MAX 5
#define WHY_RULE_PATHS_MAX 64
#define WHY_RULE_GATES_MAX GATE_LIMIT

/** A shared limit: what counts now. */
struct why_limit {
    bool is_campaign;
    uint64_t used; /* both lanes */
    uint64_t most;
    uint64_t lane_used;
    uint64_t lane_most;
    uint64_t per_ms;
    int64_t frees_unix_ms; /* 0: not known */
};

/** A path that the recipient may take. */
struct why_path {
    uint8_t gate; /* enum gate; NONE: a message may start */
    int64_t until_unix_ms;
    uint64_t rate_per_1000_s; /* 0: no limit was met */
    uint64_t quota_used;      /* warm-up: of this day */
    uint64_t quota_most;      /* 0: warm */
};

/** Where the recipient is. */
enum why_place {
    WHY_FREE,    /* in the store */
    WHY_SILENT,  /* claimed, but its worker does not answer, or has done with it this moment */
    WHY_HELD,    /* a worker has it, under `worker_gate` */
    WHY_ON_WIRE, /* a connection has it */
};

struct why_facts {
    int64_t now_unix_ms;
    int64_t due_unix_ms; /* of its free batch; 0: now */
    int64_t driver_until_unix_ms;
    int64_t scheduled_unix_ms;    /* not started before; 0: it has started */
    int64_t canary_until_unix_ms; /* 0: not known */
    int64_t stop_since_unix_ms;
    int64_t stop_until_unix_ms; /* 0: until it is started */
    struct send_window_state window;
    struct why_limit limits[WHY_RULE_LIMITS_MAX];
    size_t limit_count;
    struct why_path paths[WHY_RULE_PATHS_MAX];
    size_t path_count;
    size_t workers;   /* that serve its pool */
    size_t owned_ips; /* of the pool, not stopped */
    uint64_t room;    /* recipients they have room for */
    bool is_behind;   /* of those that go where it goes they have as many as they send in a while */
    uint64_t ahead;   /* WHY_HELD: letters that go first; else as far as is known */
    enum why_place place;
    uint32_t batch_rows; /* what would be charged */
    struct row row;
    uint8_t driver_gate; /* what its campaign's driver decides; NONE: its batches are offered */
    uint8_t worker_gate; /* WHY_HELD */
    bool has_windows;
    bool is_behind_canary; /* others go first and are judged */
    bool is_draft;         /* not submitted, or a draft again: nothing of it waits */
    bool is_stopped;       /* by an operator: campaign, site, or all IPs */
    bool lacks_key;
};

struct why_gate {
    uint8_t gate; /* enum gate */
    bool is_closed;
    int64_t since_unix_ms;
    int64_t until_unix_ms;
    size_t limit; /* TENANT_LIMIT, CAMPAIGN_LIMIT: which of the facts' limits */
    size_t path;  /* SITE_SUSPENDED, WARMUP_QUOTA: which of its paths opens first */
    uint64_t rate_per_1000_s;
    uint64_t ahead;
    uint64_t adds_ms;
};

struct why_answer {
    struct why_gate gates[WHY_RULE_GATES_MAX];
    size_t count;
    size_t closed; /* the first so many are closed */
};

/** @return nothing for a row that is not open, or on the wire */
void why_rule_explain(const struct why_facts *facts, struct why_answer *ret_answer);

/** When it goes out. */
struct why_estimate {
    int64_t at_unix_ms; /* 0: nobody can say */
    int64_t from_unix_ms;
    int64_t to_unix_ms;
};
/** @param windows  of its campaign, zones resolved; 0: none */
struct why_estimate why_rule_estimate(const struct why_facts *facts,
                                      const struct why_answer *answer,
                                      const struct send_window *windows, size_t window_count);

/** Would a batch of so many rows be refused by the limit? As tokens.v1.lua decides. */
bool why_rule_is_full(const struct why_limit *limit, uint32_t rows);

#endif
