#include "store_world.h"

#include <string.h>

void world_answered(struct world *world, int error)
{
    world->error = error;
    world->is_answered = true;
    loop_stop(world->loop);
}

static void world_on_ready(void *context)
{
    struct world *world = context;
    world->ready++;
    loop_stop(world->loop);
}

static void world_on_lost(void *context)
{
    struct world *world = context;
    world->lost++;
    loop_stop(world->loop);
}

static void world_on_wrong(void *context, const struct problem *problem)
{
    struct world *world = context;
    world->wrong++;
    world->problem = *problem;
    loop_stop(world->loop);
}

static void world_impatient(void *context)
{
    (void)context;
    fail_msg("nothing happened");
}

/** Run until the last call is answered. */
void world_wait(struct world *world)
{
    loop_timer_start(world->patience, WORLD_PATIENCE_MS, 0);
    while (!world->is_answered) {
        loop_run(world->loop);
    }
    loop_timer_stop(world->patience);
    world->is_answered = false;
}

void world_wait_for(struct world *world, const unsigned int *counter, unsigned int least)
{
    loop_timer_start(world->patience, WORLD_PATIENCE_MS, 0);
    while (*counter < least) {
        loop_run(world->loop);
    }
    loop_timer_stop(world->patience);
}

void world_open_store(struct world *world, enum store_durability durability)
{
    world->store = store_create(
        world->loop,
        &(struct store_settings){.endpoint = world->redis.endpoint,
                                 .prefix = "hk",
                                 .durability = durability,
                                 .replicas = durability == STORE_REPLICATED ? 2 : 0,
                                 .session = WORLD_SESSION,
                                 .timeout_ms = 1500},
        &(struct store_callbacks){world_on_ready, world_on_lost, world_on_wrong, world});
}

int world_open_loop(void **state)
{
    struct world *world = xalloc_zero(1, sizeof(*world));
    private_redis_prepare(&world->redis);
    world->loop = loop_create();
    world->patience = loop_timer_create(world->loop, world_impatient, world);
    *state = world;
    return 0;
}

int world_open(void **state)
{
    world_open_loop(state);
    struct world *world = *state;
    private_redis_start(&world->redis, NULL, NULL);
    world_open_store(world, STORE_DISK);
    world_wait_for(world, &world->ready, 1);
    return 0;
}

int world_close(void **state)
{
    struct world *world = *state;
    store_destroy(&world->store);
    loop_timer_destroy(&world->patience);
    loop_destroy(&world->loop);
    private_redis_finish(&world->redis);
    free(world);
    return 0;
}

/* Answers */

void world_on_campaign(void *context, int error, const struct store_campaign *campaign)
{
    struct world *world = context;
    if (campaign != NULL) {
        world->campaign = *campaign;
    }
    world_answered(world, error);
}

void world_on_created(void *context, int error, bool is_replayed,
                      const struct store_campaign *campaign)
{
    ((struct world *)context)->is_replayed = is_replayed;
    world_on_campaign(context, error, campaign);
}

void world_on_chunk(void *context, int error, const struct store_chunk_answer *answer)
{
    struct world *world = context;
    if (answer != NULL) {
        world->chunk = *answer;
    }
    world_answered(world, error);
}

void world_on_claimed(void *context, int error, const struct store_claim_answer *answer)
{
    struct world *world = context;
    if (answer != NULL) {
        world->claim = *answer;
        world->rows_size = answer->rows.size;
        if (answer->rows.size > 0) {
            memcpy(world->rows, answer->rows.data, answer->rows.size);
        }
    }
    world_answered(world, error);
}

void world_on_written(void *context, int error, enum store_word word, uint64_t ms_left)
{
    struct world *world = context;
    world->word = word;
    world->ms_left = ms_left;
    world_answered(world, error);
}

void world_on_marked(void *context, int error, const struct store_marked *marked)
{
    struct world *world = context;
    world->marked = *marked;
    world_on_written(world, error, marked->word, marked->ms_left);
}

void world_on_changed(void *context, int error, uint32_t changed, uint8_t state)
{
    struct world *world = context;
    world->changed = changed;
    world->state = state;
    world_answered(world, error);
}

void world_on_reclaimed(void *context, int error, const struct store_reclaimed *reclaimed)
{
    struct world *world = context;
    world->changed = reclaimed->changed;
    world->reclaimed = *reclaimed;
    world_answered(world, error);
}

/* Steps */

void world_create(struct world *world, unsigned char nth, bool is_container)
{
    struct store_label label = {TEXT("team"), TEXT("news")};
    struct store_campaign campaign = {
        .id = {nth, 1, 2, 3, [15] = 5},
        .tenant = TEXT("default"),
        .name = TEXT("Spring"),
        .pool = TEXT("main"),
        .from_domain = TEXT("out.example"),
        .labels = &label,
        .label_count = 1,
        .lane = 1,
        .mode = 1,
        .content_class = 1,
        .state = is_container ? 3 : 1,
        .is_hold = true,
        .resolve_as = 1,
        .resolve_after_s = 3600,
        .is_container = is_container,
        .buckets = is_container ? 0 : 16,
        .expires_after_s = 3600,
        .created_unix_ms = 1000 + nth,
        .wrapped_key = TEXT("wrapped"),
        .approval = {.author = TEXT("author")},
        .token_key_id = 1,
        .request_digest = TEXT("0123456789abcdef0123456789abcdef"),
    };
    store_campaign_create(world->store, &campaign, TEXT("content"), world_on_created, world);
    world_wait(world);
}

void world_add_chunk(struct world *world, uint32_t number, uint32_t rows)
{
    struct store_chunk_row *list = xalloc_zero(rows, sizeof(*list));
    for (uint32_t i = 0; i < rows; i++) {
        list[i] = (struct store_chunk_row){(int64_t)(number * 5000 + i) - 7, i % 16, false};
    }
    struct store_chunk_batch batch = {.number = number << 16,
                                      .row_count = rows,
                                      .provider = TEXT("gmail"),
                                      .sealed_recipients = TEXT("sealed recipients"),
                                      .sealed_refs = TEXT("sealed refs")};
    struct store_chunk chunk = {.number = number,
                                .batches = &batch,
                                .batch_count = 1,
                                .rows = list,
                                .row_count = rows,
                                .rejected = 2,
                                .looks_up_duplicates = true,
                                .map = TEXT("map"),
                                .digest = TEXT("0123456789abcdef0123456789abcdef"),
                                .answer = TEXT("rejected rows")};
    memcpy(chunk.campaign, world->campaign.id, 16);
    store_campaign_add_chunk(world->store, &chunk, world_on_chunk, world);
    world_wait(world);
    free(list);
}

void world_submit(struct world *world, uint32_t chunks)
{
    struct store_submit submit = {.chunks = chunks,
                                  .digest = TEXT("abcdef0123456789abcdef0123456789")};
    memcpy(submit.campaign, world->campaign.id, 16);
    store_campaign_submit(world->store, &submit, world_on_campaign, world);
    world_wait(world);
}

struct store_batch_name world_batch(const struct world *world, uint32_t number)
{
    struct store_batch_name name = {.number = number};
    memcpy(name.campaign, world->campaign.id, 16);
    return name;
}

void world_claim(struct world *world, uint32_t number)
{
    struct store_claim_request request = {.name = world_batch(world, number), .ask = world->ask};
    store_batch_claim(world->store, &request, world_on_claimed, world);
    world_wait(world);
}

/** Flush `count` rows from position 0 on into `outcome`. */
void world_flush(struct world *world, uint32_t batch, uint32_t number, size_t count,
                 uint8_t outcome, bool finishes)
{
    struct store_row_change changes[ROWS_PER_BATCH_MAX];
    for (uint16_t i = 0; i < count; i++) {
        changes[i] =
            (struct store_row_change){i, {.state = outcome, .attempts = 1, .smtp = 250, .seq = 1}};
    }
    struct store_claim claim = {world_batch(world, batch), world->claim.epoch, TEXT("default")};
    struct store_flush flush = {number, changes, count, TEXT("sealed details"), finishes};
    store_batch_flush(world->store, &claim, &flush, world_on_written, world);
    world_wait(world);
}

void world_get(struct world *world)
{
    unsigned char id[16];
    memcpy(id, world->campaign.id, sizeof(id));
    store_campaign_get(world->store, id, world_on_campaign, world);
    world_wait(world);
}
