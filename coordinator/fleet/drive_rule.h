/* What a driver does about one campaign. Pure: its header and the time come in. Read the table in
 * drive_rule.c. */
#ifndef HIKYAKU_COORDINATOR_FLEET_DRIVE_RULE_H
#define HIKYAKU_COORDINATOR_FLEET_DRIVE_RULE_H

#include "common/mail/rows.h"

/** After its hour a container takes no more messages; so much later it is closed. */
#define DRIVE_RULE_CONTAINER_GRACE_MS ((int64_t)5 * 60 * 1000)

struct drive_facts {
    uint8_t state; /* Hikyaku__V1__CampaignState */
    bool is_container;
    bool is_quarantined; /* paused because it kills workers or coordinators */
    int64_t created_unix_ms;
    int64_t scheduled_unix_ms;  /* 0: at once */
    int64_t expires_unix_ms;    /* 0: not known */
    int64_t approve_by_unix_ms; /* who is not approved by then is a draft again; 0: never */
    /* What holds a campaign that runs, GATE_NONE for nothing: an operator stop, a window. */
    enum gate held_by;
    int64_t held_until_unix_ms; /* 0: not known */
};

struct drive_time {
    int64_t now_unix_ms;
    bool is_doubted; /* Redis' clock and ours differ by too much: nothing starts or expires */
    bool is_stopped; /* nothing is driven */
};

struct drive_decision {
    bool is_over;      /* forget it */
    bool starts;       /* SCHEDULED -> RUNNING */
    bool lapses;       /* AWAITING_APPROVAL -> DRAFT: nobody has approved it */
    bool closes;       /* a container whose hour is over: it completes with its last row */
    bool offers;       /* its due batches are to be offered */
    bool expires_each; /* batches expire one by one: look at them */
    /* Free batches turn into this; OUTCOME_PENDING: none do. */
    enum outcome sweeps;
    enum gate gate; /* why nothing of it is offered; GATE_NONE while it is */
    int64_t until_unix_ms;
};

void drive_rule_decide(const struct drive_facts *facts, const struct drive_time *time,
                       struct drive_decision *ret_decision);

#endif
