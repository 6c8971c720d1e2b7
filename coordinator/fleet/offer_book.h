/* Who is offered what: the rooms that workers told, the offers without answer. Pure; the batches
 * themselves wait in the ready queues.
 *
 *   next -> (fetch what is sealed) -> sent -> result      CLAIMED, GONE, ...: the batch is
 * forgotten
 *        '-> abandon or forget         '---> expire      unanswered for 6 s: it waits again
 *
 * A worker's room is what it told last, less what it was offered since and has not answered: it may
 * count an offer twice for a moment, never too little. The same of each group (provider or domain):
 * a worker takes no more of a slow one than it sends in a while. */
#ifndef HIKYAKU_COORDINATOR_FLEET_OFFER_BOOK_H
#define HIKYAKU_COORDINATOR_FLEET_OFFER_BOOK_H

#include "coordinator/schedule/suspects.h"

#define OFFER_BOOK_SESSION_BYTES 16
#define OFFER_BOOK_EXPIRE_MS 6000
#define OFFER_BOOK_POOLS_MAX 1000

struct offer_book;

/** @param ready  borrowed */
struct offer_book *offer_book_create(struct ready *ready);
void offer_book_destroy(struct offer_book **book);

/** How many more recipients of one group. */
struct offer_part {
    struct text group;
    uint32_t recipients;
};
struct offer_room {
    struct text pool;
    enum ready_lane lane;
    uint32_t recipients;
    uint32_t each; /* of groups that are not named; 0: any number of any */
    const struct offer_part *parts;
    size_t part_count;
};
/** What a worker can take; replaces what it told before. */
void offer_book_set_rooms(struct offer_book *book,
                          const unsigned char session[OFFER_BOOK_SESSION_BYTES],
                          const struct offer_room *rooms, size_t count);
/** It is gone or leaves: it gets nothing more. @param restores  false: its offers without answer
 *  may still be claimed (it drains); they expire as usual */
void offer_book_remove_worker(struct offer_book *book,
                              const unsigned char session[OFFER_BOOK_SESSION_BYTES], bool restores);

struct offer_pick {
    uint64_t id;
    unsigned char session[OFFER_BOOK_SESSION_BYTES];
    unsigned char campaign[READY_ID_SIZE];
    uint32_t number;
    uint32_t rows;
    enum ready_lane lane;
    const char *pool; /* lives as long as the book */
    bool is_alone;    /* a suspect batch: of no group */
};
/** Take the next batch that a worker has room for; workers of a pool in turn. */
bool offer_book_next(struct offer_book *book, struct offer_pick *ret_pick);

/** Offer a suspect batch to this worker, whatever its room; it does not come from the queues and
 *  does not go back there. @return false: the worker has no place in that pool */
bool offer_book_add_alone(struct offer_book *book, const struct suspect *suspect,
                          const unsigned char session[OFFER_BOOK_SESSION_BYTES],
                          struct offer_pick *ret_pick);

/** Its group; "" when its worker is gone. Borrowed while the offer is open. */
struct text offer_book_group(const struct offer_book *book, uint64_t id);
/** It went out. */
void offer_book_sent(struct offer_book *book, uint64_t id, uint64_t now_ms);
/** It could not be sent: the batch waits again. */
void offer_book_abandon(struct offer_book *book, uint64_t id);
/** There is nothing to offer: the batch is gone. */
void offer_book_forget(struct offer_book *book, uint64_t id);

enum offer_answer {
    OFFER_CLAIMED,
    OFFER_DECLINED,
    OFFER_STALE, /* taken, not due, gone: look at `due` again */
    OFFER_ENDED, /* not running, expired: look at the campaign again */
};
struct offer_result {
    uint64_t id;
    const unsigned char *session;  /* who says so */
    const unsigned char *campaign; /* for late answers, as the worker named it */
    uint32_t number;
    enum offer_answer answer;
};
/** @return true when an offer without answer was meant; a late answer counts all the same */
bool offer_book_on_result(struct offer_book *book, const struct offer_result *result);

/** Offers without answer for OFFER_BOOK_EXPIRE_MS wait again. @return how many */
size_t offer_book_expire(struct offer_book *book, uint64_t now_ms);

/** Does this worker have an offer of the campaign without answer? */
bool offer_book_is_offered(const struct offer_book *book,
                           const unsigned char session[OFFER_BOOK_SESSION_BYTES],
                           const unsigned char campaign[READY_ID_SIZE]);
/** Offers without answer, of all workers / recipients of one. */
size_t offer_book_open(const struct offer_book *book);
/** What workers have room for in a pool: in recipients, both lanes; 0 and *ret_workers 0 when no
 *  worker serves it. */
uint64_t offer_book_room(const struct offer_book *book, struct text pool, size_t *ret_workers);
/** Has some worker of the pool room for a batch of this group / for any that the campaign waits
 *  with? */
bool offer_book_takes_group(const struct offer_book *book, struct text pool, enum ready_lane lane,
                            struct text group);
bool offer_book_takes_campaign(const struct offer_book *book, struct text pool,
                               const struct ready_campaign *campaign);

#endif
