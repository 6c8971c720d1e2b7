/* A letter: one recipient of a claim while it is in this worker's hands. It stands in at most one
 * list at a time; its place says where. Everything textual is borrowed from the claim. */
#ifndef HIKYAKU_WORKER_CLAIM_LETTER_H
#define HIKYAKU_WORKER_CLAIM_LETTER_H

#include "common/base/text.h"
#include "common/mail/rows.h"
#include "common/security/address_hash.h"

struct claim;
struct connection;
struct destination;
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
    struct text packed;              /* its StoredRecipient, still packed */
    struct text wire;                /* address for RCPT TO */
    struct text domain;              /* of `wire` */
    struct connection *connection;   /* while ON_WIRE over a connection */
    struct draft *draft;             /* owned while COMPOSING, READY or ON_WIRE */
    struct destination *destination; /* where it is queued; NULL: nowhere yet */
    uint64_t filed_ms;               /* monotonic: when it was put into its site's queue */
    uint64_t sent_ms;                /* monotonic: when a connection took it */
    uint64_t asked_ms;               /* monotonic: when its mark was asked for */
    uint32_t index;
    uint16_t position;  /* in the batch */
    uint8_t place;      /* enum letter_place */
    uint8_t turns;      /* how often it came back from a connection without an outcome */
    uint8_t suppressed; /* enum suppression_reason: it must not go */
    bool needs_smtputf8;
    bool is_marked; /* the store holds ROW_MARKED for it (HOLD) */
    bool is_mark_asked;
    struct row row;                           /* as claimed */
    unsigned char person[ADDRESS_HASH_BYTES]; /* keyed hash of its address, once it is looked up */
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
