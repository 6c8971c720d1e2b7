/* What the files of this folder share. */
#ifndef HIKYAKU_WORKER_OUTBOX_OUTBOX_PARTS_H
#define HIKYAKU_WORKER_OUTBOX_OUTBOX_PARTS_H

#include "common/base/table.h"
#include "worker/outbox/connection.h"
#include "worker/outbox/destination.h"

struct outbox {
    struct outbox_settings settings;
    struct table *destinations; /* by key */
    struct table *sites;        /* by name */
    struct destination *dirty;
    struct letter_list rehearsal; /* SANDBOX and DRY_RUN: to be written out */
    struct letter_list delayed;   /* SANDBOX: outcome comes at sent_ms */
    size_t rehearsing;
    size_t connections;
    size_t on_wire;
    struct loop_timer *timer;
    struct loop_timer *pace; /* runs while a destination waits for its rate */
    struct destination *paced;
    uint64_t pace_at_ms;
    bool is_deferred;
    bool is_quitting;
    bool has_starved;      /* a destination waits for one of the connections */
    bool has_starved_room; /* a connection ended since */
    uint64_t random;       /* state of outbox_random() */
};

/** Evenly spread, not secret. */
uint64_t outbox_random(struct outbox *outbox);
/** Look at a destination when this turn's callbacks are through. */
void outbox_touch(struct outbox *outbox, struct destination *destination);
/** Hand out a letter's outcome: its draft goes first. */
void outbox_settle(struct outbox *outbox, struct letter *letter,
                   const struct outcome_report *outcome);
/** The draft could not be written: FAILED. */
void outbox_fail(struct outbox *outbox, struct letter *letter);
/** Every waiting letter of a destination has this outcome: no server is left. */
void outbox_fail_all(struct destination *destination, const struct failure_verdict *verdict,
                     const struct smtp_result *result, const struct sending_ip *ip);
/** I7: the name of what a letter that has not started waits for. */
uint8_t outbox_gate_of(struct outbox *outbox, const struct letter *letter);
/** May it still start? Settles it and says no when its claim wants it back or its time is over. */
bool outbox_still_wanted(struct outbox *outbox, struct letter *letter);

#endif
