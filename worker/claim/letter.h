/* A letter: one recipient of a claim while it is in this worker's hands. It stands in at most one
 * list at a time; its place says where. Everything textual is borrowed from the claim. */
#ifndef HIKYAKU_WORKER_CLAIM_LETTER_H
#define HIKYAKU_WORKER_CLAIM_LETTER_H

#include "common/base/text.h"
#include "common/mail/rows.h"

struct claim;
struct draft;
struct letter;

/** A doubly linked list through the letters themselves. */
struct letter_list {
    struct letter *first;
    struct letter *last;
    size_t count;
};

/** How far it has come. Up to LETTER_READY nothing of it has left the process: it can go back. */
enum letter_place {
    LETTER_IDLE,      /* not to be sent by this claim: final, doubtful or not due */
    LETTER_FILING,    /* waits for its site, or for its campaign's first check */
    LETTER_QUEUED,    /* in a site's queue */
    LETTER_COMPOSING, /* in the thread pool */
    LETTER_READY,     /* composed, waits for a connection */
    LETTER_ON_WIRE,   /* a connection has it */
    LETTER_SETTLED,   /* its new row is in the report */
};

struct letter {
    struct claim *claim; /* borrowed */
    struct letter_list *list;
    struct letter *previous;
    struct letter *next;
    struct text packed;  /* its StoredRecipient, still packed */
    struct text wire;    /* address for RCPT TO */
    struct text domain;  /* of `wire` */
    struct draft *draft; /* owned while COMPOSING, READY or ON_WIRE */
    uint64_t filed_ms;   /* monotonic: when it was put into its site's queue */
    uint32_t index;
    uint16_t position; /* in the batch */
    uint8_t place;     /* enum letter_place */
    uint8_t recall;    /* enum gate: settle with this gate when it comes back; 0: go on */
    bool needs_smtputf8;
    bool is_marked; /* the store holds ROW_MARKED for it (HOLD) */
    bool is_mark_asked;
    struct row row; /* as claimed */
};

void letter_list_append(struct letter_list *list, struct letter *letter);
void letter_list_prepend(struct letter_list *list, struct letter *letter);
/** Take it out of the list it stands in, if any. */
void letter_list_remove(struct letter *letter);
/** Take the first, or NULL. */
struct letter *letter_list_take(struct letter_list *list);

/** Nothing of it has left: it may be returned untouched. */
bool letter_is_unstarted(const struct letter *letter);

#endif
