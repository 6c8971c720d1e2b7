/* One claim's part of the report. Internal to this folder. */
#ifndef HIKYAKU_WORKER_REPORT_REPORT_CLAIM_H
#define HIKYAKU_WORKER_REPORT_REPORT_CLAIM_H

#include "worker/report/evidence.h"
#include "worker/report/report.h"

/** Row changes with the details of their events, and what they count to. */
struct report_changes {
    struct store_row_change *rows; /* owned: one for each letter of the claim */
    bool *is_evidence;             /* owned, beside `rows`: final replies behind the dot */
    size_t count;
    struct buffer details; /* plaintext; wiped when it leaves */
    struct buffer sealed;
    struct report_progress progress;
};

struct report_claim {
    struct report *report; /* borrowed */
    struct claim *claim;   /* borrowed */
    struct report_claim *next;
    struct report_claim *previous;
    struct report_changes *gathered; /* owned; changes places with `sent` */
    struct report_changes *sent;     /* owned */
    uint64_t gathered_ms;            /* monotonic: of the first change */
    uint64_t random;                 /* jitter of due times: one for the whole claim */
    uint64_t round;                  /* of the flush in flight */
    uint32_t number;                 /* of the last flush */
    uint64_t repeat_ms;              /* monotonic: not asked again before */
    uint32_t repeats;                /* of the flush in flight; the first is logged */
    bool is_sent;                    /* `sent` is not answered */
    bool is_asking;                  /* its call is in the store's hands */
    bool is_last;                    /* the flush in flight ends the claim */
    bool is_ended;                   /* the store knows that the claim is over */
    struct letter_list marks;        /* to be asked for; ON_WIRE letters stand in no other list */
    uint16_t marking[64];            /* positions of the call in flight */
    size_t marking_count;
    bool is_marking; /* a mark's call is in the store's hands */
};

struct report {
    struct report_settings settings;
    struct flush_window window;
    struct evidence *evidence;
    char run_id[64]; /* Redis' when it was last there */
    struct seal *seal;
    struct loop_timer *timer;
    struct report_claim *first;
    size_t count;
    uint64_t ticked_ms;
    bool is_deferred;
};

/** Run report_claim_advance() for all once this turn's callbacks are through. */
void report_schedule(struct report *report);

struct report_claim *report_claim_create(struct report *report, struct claim *claim);
void report_claim_destroy(struct report_claim **part);
/** The claim is named in each write. */
struct store_claim report_claim_name(const struct report_claim *part);
/** Send marks and flush, as far as it is time. */
void report_claim_advance(struct report_claim *part, uint64_t now_ms);
/** Give up marks that have been without answer for too long. */
void report_claim_check_marks(struct report_claim *part, uint64_t now_ms);
/** The store says that it is not ours any more. */
void report_claim_lose(struct report_claim *part);
/** Nothing is left to write or to wait for. */
bool report_claim_is_done(const struct report_claim *part);

#endif
