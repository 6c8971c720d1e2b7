/* In which order the letters of one site go out: TRANSACTIONAL before BULK, inside a lane the
 * tenants in turns (deficit round robin, every letter costs one), inside a tenant as they came.
 * Pure. */
#ifndef HIKYAKU_WORKER_OUTBOX_SITE_QUEUE_H
#define HIKYAKU_WORKER_OUTBOX_SITE_QUEUE_H

#include "worker/claim/letter.h"

/** Letters that a tenant sends before the next one has its turn. */
#define SITE_QUEUE_QUANTUM 8

enum site_queue_lane { SITE_QUEUE_TRANSACTIONAL, SITE_QUEUE_BULK, SITE_QUEUE_LANES };

/** One tenant's letters in one lane; it stays in the ring while it has some. */
struct site_queue_tenant {
    struct letter_list letters;
    struct site_queue_tenant *next; /* in the ring */
    uint32_t deficit;
    char name[64];
};

struct site_queue {
    struct {
        struct site_queue_tenant *first; /* whose turn it is */
        struct site_queue_tenant *last;
    } lanes[SITE_QUEUE_LANES];
};

/**
 * Put a letter behind its tenant's others.
 * @param tenant  name; what is longer than 63 bytes is cut
 */
void site_queue_add(struct site_queue *queue, enum site_queue_lane lane, struct text tenant,
                    struct letter *letter);
/** Take the next letter, or NULL. Letters that were removed by letter_list_remove() are gone. */
struct letter *site_queue_take(struct site_queue *queue);
/** Free the tenants' places; their letters are the caller's: take them first. */
void site_queue_finish(struct site_queue *queue);

#endif
