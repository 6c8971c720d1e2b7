/* A claim: a batch that this worker holds, cut into letters. */
#ifndef HIKYAKU_WORKER_CLAIM_CLAIM_H
#define HIKYAKU_WORKER_CLAIM_CLAIM_H

#include "common/store/store_batch.h"
#include "worker/claim/campaign.h"
#include "worker/claim/letter.h"

/** "<campaign id>:<batch>", with NUL. */
#define CLAIM_NAME_BYTES 40

struct backlog_group;

struct claim {
    struct campaign *campaign; /* held */
    struct store_batch_name name;
    uint64_t epoch;       /* 0: not answered yet */
    uint64_t ask;         /* number of the asking, in this session */
    uint64_t coordinator; /* number of the link that offered it */
    uint64_t offer_id;
    uint64_t opened_ms;          /* monotonic */
    uint64_t heard_ms;           /* monotonic: when the store last told the control word */
    uint64_t expires_ms;         /* boottime; UINT64_MAX: never */
    uint32_t expires_unix_s;     /* the same for rows; 0: never */
    uint32_t rows;               /* places of the credit */
    uint32_t in_hand;            /* as its group counts it */
    struct backlog_group *group; /* borrowed */
    uint32_t working;            /* letters neither idle nor settled */
    uint16_t count;              /* letters */
    uint16_t first_row;          /* of a suspect batch only this part is worked on, */
    uint16_t row_count;          /* the other letters are idle */
    uint8_t recall_gate; /* is_recalled: the gate for what goes back; 0: the one that held it */
    bool is_recalled;    /* what has not started goes back */
    bool is_transactional;
    bool is_alone;  /* a part of a suspect batch: this worker's only claim */
    bool is_shared; /* other workers serve its pool as well */
    bool is_asking; /* the store is asked for it */
    bool is_hold;
    bool is_lost;    /* not ours any more: write nothing, start nothing */
    bool is_checked; /* its letters are looked up on the suppression lists */
    bool is_damaged; /* its recipients cannot be read: the letters have nothing but their rows */
    struct letter *letters;
    struct buffer recipients; /* plaintext that the letters borrow; wiped */
    void *report;             /* worker/report's part */
    void *suppress;           /* worker/suppress' part */
    char text[CLAIM_NAME_BYTES];
};

/** "<campaign id>:<batch>" */
void claim_print_name(const struct store_batch_name *name, char ret_text[CLAIM_NAME_BYTES]);

struct claim *claim_create(struct campaign *campaign, const struct store_batch_name *name);
/** Releases nothing but memory: give the campaign back first. Wipes the recipients. Accepts NULL,
 *  nulls the pointer. */
void claim_destroy(struct claim **claim);

/**
 * Cut the batch into letters: open rows that are due stand at LETTER_FILING, the others are idle.
 *
 * @param rows           as stored, ROWS_SIZE each
 * @param due_by_unix_s  store time and slack
 * @return 0, or -EPROTO: rows and recipients do not fit together
 */
MUST_USE int claim_fill(struct claim *claim, struct text rows, uint32_t due_by_unix_s);

/** After claim_fill() failed: letters of the rows alone, so that their gate and their next time can
 *  be written. What was read of the recipients is wiped. */
void claim_fill_damaged(struct claim *claim, struct text rows, uint32_t due_by_unix_s);

#endif
