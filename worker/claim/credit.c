#include "worker/claim/credit.h"

#include "common/mail/rows.h"

#include <assert.h>

static uint32_t free_places(const struct credit *credit, bool is_transactional)
{
    uint32_t reserve = is_transactional ? 0 : credit->limits.reserve;
    uint32_t used = credit->in_hand + reserve;
    return used < credit->limits.recipients ? credit->limits.recipients - used : 0;
}

uint32_t credit_room(const struct credit *credit, bool is_transactional, uint32_t shares)
{
    uint32_t places = free_places(credit, is_transactional);
    uint32_t share = shares > 1 ? places / shares : places;
    uint32_t batch = places < ROWS_PER_BATCH_MAX ? places : ROWS_PER_BATCH_MAX;
    return share > batch ? share : batch;
}

bool credit_fits(const struct credit *credit, bool is_transactional, uint32_t rows)
{
    return rows <= free_places(credit, is_transactional);
}

void credit_take(struct credit *credit, uint32_t rows)
{
    credit->in_hand += rows;
}

void credit_give_back(struct credit *credit, uint32_t rows)
{
    assert(rows <= credit->in_hand);
    credit->in_hand -= rows;
}
