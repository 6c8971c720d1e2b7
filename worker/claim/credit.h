/* How many more recipients this worker can take. Pure.
 *
 * One pool of places for recipients in hand; the last part of it only TRANSACTIONAL may use, so
 * that a worker full of BULK still takes a password mail at once. Several coordinators and pools
 * share what is free: each is told its share, but room for one whole batch is never cut up. What is
 * offered beyond the places is declined, so that telling too much costs a message, not memory. */
#ifndef HIKYAKU_WORKER_CLAIM_CREDIT_H
#define HIKYAKU_WORKER_CLAIM_CREDIT_H

#include <stdbool.h>
#include <stdint.h>

struct credit_limits {
    uint32_t recipients; /* places, 1,000 or more */
    uint32_t reserve;    /* of these, for TRANSACTIONAL alone */
};

struct credit {
    struct credit_limits limits;
    uint32_t in_hand; /* recipients of claims held and of offers being claimed */
};

/** What one of `shares` (coordinator, pool) pairs is told for a lane. */
uint32_t credit_room(const struct credit *credit, bool is_transactional, uint32_t shares);
/** May an offer of `rows` be taken now? */
bool credit_fits(const struct credit *credit, bool is_transactional, uint32_t rows);
void credit_take(struct credit *credit, uint32_t rows);
void credit_give_back(struct credit *credit, uint32_t rows);

#endif
