/* A store on a real loop against a real Redis; calls are made and waited for one by one. */
#ifndef HIKYAKU_TESTS_STORE_WORLD_H
#define HIKYAKU_TESTS_STORE_WORLD_H

#include "common/store/store_doubt.h"
#include "common/store/store_reclaim.h"
#include "common/store/store_campaign.h"
#include "private_redis.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define WORLD_PATIENCE_MS 60000
#define WORLD_SESSION "00112233445566778899aabbccddeeff"

struct world {
    struct private_redis redis;
    struct loop *loop;
    struct store *store;
    struct loop_timer *patience;
    bool is_answered;
    unsigned int ready;
    unsigned int lost;
    struct problem problem;
    unsigned int wrong;
    /* Copies of the last answer */
    int error;
    bool is_replayed;
    struct store_campaign campaign;
    uint64_t ask; /* of world_claim() */
    struct store_claim_answer claim;
    unsigned char rows[ROWS_PER_BATCH_MAX * ROWS_SIZE];
    size_t rows_size;
    struct store_chunk_answer chunk;
    enum store_word word;
    uint64_t ms_left;
    uint32_t changed;
    struct store_reclaimed reclaimed;
    uint8_t state;
    struct store_marked marked;
    struct store_doubt doubts[4];
    size_t doubt_count;
};

void world_answered(struct world *world, int error);
/** Run until the last call is answered. */
void world_wait(struct world *world);
void world_wait_for(struct world *world, const unsigned int *counter, unsigned int least);
void world_open_store(struct world *world, enum store_durability durability);
int world_open_loop(void **state);
int world_open(void **state);
int world_close(void **state);
void world_on_campaign(void *context, int error, const struct store_campaign *campaign);
void world_on_created(void *context, int error, bool is_replayed,
                      const struct store_campaign *campaign);
void world_on_chunk(void *context, int error, const struct store_chunk_answer *answer);
void world_on_claimed(void *context, int error, const struct store_claim_answer *answer);
void world_on_written(void *context, int error, enum store_word word, uint64_t ms_left);
void world_on_marked(void *context, int error, const struct store_marked *marked);
void world_on_changed(void *context, int error, uint32_t changed, uint8_t state);
void world_on_reclaimed(void *context, int error, const struct store_reclaimed *reclaimed);
void world_create(struct world *world, unsigned char nth, bool is_container);
void world_add_chunk(struct world *world, uint32_t number, uint32_t rows);
void world_submit(struct world *world, uint32_t chunks);
struct store_batch_name world_batch(const struct world *world, uint32_t number);
void world_claim(struct world *world, uint32_t number);
/** Flush `count` rows from position 0 on into `outcome`. */
void world_flush(struct world *world, uint32_t batch, uint32_t number, size_t count,
                 uint8_t outcome, bool finishes);
void world_get(struct world *world);

#endif
