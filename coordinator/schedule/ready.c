#include "coordinator/schedule/ready.h"

#include "common/base/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define QUANTUM_ROWS READY_BATCH_ROWS_MAX
/* Sums of taken rows are halved here, so that the share looks at the recent past only. */
#define SHARE_WINDOW_ROWS 10000

struct batch {
    uint32_t number;
    uint32_t rows;
    bool taken;
    struct batch *prev;
    struct batch *next; /* in the campaign's waiting list */
};

struct ready_campaign {
    unsigned char id[READY_ID_SIZE];
    struct tenant *tenant; /* borrowed */
    struct table *batches; /* by number: all, waiting and taken */
    struct batch *waiting; /* list */
    uint32_t waiting_count;
    uint32_t taken_count;
    uint64_t waiting_rows;
    bool is_held;
    bool is_linked; /* in the tenant's ring */
    struct ready_campaign *prev;
    struct ready_campaign *next;
};

struct tenant {
    char *name;
    struct lane *lane;                /* borrowed */
    struct ready_campaign *campaigns; /* ring of those with waiting batches, next in turn first */
    size_t campaign_count;            /* all known ones */
    uint32_t deficit_rows;
    bool is_linked; /* in the lane's ring */
    struct tenant *prev;
    struct tenant *next;
};

struct lane {
    struct table *tenants; /* by name */
    struct tenant *ring;   /* those with something waiting, next in turn first */
    uint64_t waiting_rows;
};

struct pool {
    char *name;
    struct lane lanes[READY_LANE_COUNT];
    uint64_t taken_rows[READY_LANE_COUNT];
};

struct ready {
    struct ready_settings settings;
    struct table *pools;     /* by name */
    struct table *campaigns; /* by id */
};

struct ready *ready_create(const struct ready_settings *settings)
{
    struct ready *ready = xalloc_zero(1, sizeof *ready);
    ready->settings = *settings;
    ready->pools = table_create();
    ready->campaigns = table_create();
    return ready;
}

static void destroy_pool(struct pool *pool)
{
    for (int lane = 0; lane < READY_LANE_COUNT; lane++) {
        table_destroy(&pool->lanes[lane].tenants); /* empty: tenants go with their campaigns */
    }
    free(pool->name);
    free(pool);
}

void ready_destroy(struct ready **ready)
{
    if (*ready == NULL) {
        return;
    }
    struct table_walk walk;
    struct ready_campaign *campaign = table_first((*ready)->campaigns, &walk);
    for (; campaign != NULL; campaign = table_next(&walk)) {
        struct ready_campaign *dropped = campaign;
        ready_drop_campaign(*ready, &dropped);
    }
    struct pool *pool = table_first((*ready)->pools, &walk);
    for (; pool != NULL; pool = table_next(&walk)) {
        destroy_pool(pool);
    }
    table_destroy(&(*ready)->pools);
    table_destroy(&(*ready)->campaigns);
    free(*ready);
    *ready = NULL;
}

static struct pool *obtain_pool(struct ready *ready, struct text name)
{
    struct pool *pool = table_get(ready->pools, name);
    if (pool == NULL) {
        pool = xalloc_zero(1, sizeof *pool);
        pool->name = text_to_string(name);
        for (int lane = 0; lane < READY_LANE_COUNT; lane++) {
            pool->lanes[lane].tenants = table_create();
        }
        (void)table_put(ready->pools, name, pool);
    }
    return pool;
}

static struct tenant *obtain_tenant(struct lane *lane, struct text name)
{
    struct tenant *tenant = table_get(lane->tenants, name);
    if (tenant == NULL) {
        tenant = xalloc_zero(1, sizeof *tenant);
        tenant->name = text_to_string(name);
        tenant->lane = lane;
        (void)table_put(lane->tenants, name, tenant);
    }
    return tenant;
}

static struct text id_key(const unsigned char id[READY_ID_SIZE])
{
    return (struct text){(const char *)id, READY_ID_SIZE};
}

struct ready_campaign *ready_add_campaign(struct ready *ready,
                                          const unsigned char id[READY_ID_SIZE], struct text tenant,
                                          struct text pool, enum ready_lane lane)
{
    assert(ready_find_campaign(ready, id) == NULL);
    struct ready_campaign *campaign = xalloc_zero(1, sizeof *campaign);
    memcpy(campaign->id, id, READY_ID_SIZE);
    campaign->batches = table_create();
    campaign->tenant = obtain_tenant(&obtain_pool(ready, pool)->lanes[lane], tenant);
    campaign->tenant->campaign_count++;
    (void)table_put(ready->campaigns, id_key(campaign->id), campaign);
    return campaign;
}

struct ready_campaign *ready_find_campaign(struct ready *ready,
                                           const unsigned char id[READY_ID_SIZE])
{
    return table_get(ready->campaigns, id_key(id));
}

static void link_campaign(struct ready_campaign *campaign)
{
    campaign->is_linked = true;
    DL_APPEND(campaign->tenant->campaigns, campaign);
    campaign->tenant->lane->waiting_rows += campaign->waiting_rows;
}

static void unlink_campaign(struct ready_campaign *campaign)
{
    campaign->is_linked = false;
    /* The analyser takes a campaign that is alone in its ring for one with a next.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    DL_DELETE(campaign->tenant->campaigns, campaign);
    campaign->tenant->lane->waiting_rows -= campaign->waiting_rows;
}

static void link_tenant(struct tenant *tenant)
{
    tenant->is_linked = true;
    DL_APPEND(tenant->lane->ring, tenant);
}

static void unlink_tenant(struct tenant *tenant)
{
    tenant->is_linked = false;
    DL_DELETE(tenant->lane->ring, tenant);
    tenant->deficit_rows = 0; /* no credit is saved up while nothing waits */
}

/* Put campaign and tenant into their rings, or take them out, as their state asks. */
static void relink(struct ready_campaign *campaign)
{
    struct tenant *tenant = campaign->tenant;
    bool wants = campaign->waiting != NULL && !campaign->is_held;
    if (wants && !campaign->is_linked) {
        link_campaign(campaign);
    } else if (!wants && campaign->is_linked) {
        unlink_campaign(campaign);
    }
    bool tenant_wants = tenant->campaigns != NULL;
    if (tenant_wants && !tenant->is_linked) {
        link_tenant(tenant);
    } else if (!tenant_wants && tenant->is_linked) {
        unlink_tenant(tenant);
    }
}

static void change_waiting(struct ready_campaign *campaign, const struct batch *batch, bool enters)
{
    uint64_t rows = enters ? batch->rows : UINT64_C(0) - batch->rows;
    campaign->waiting_count += enters ? 1U : UINT32_MAX;
    campaign->waiting_rows += rows;
    if (campaign->is_linked) {
        campaign->tenant->lane->waiting_rows += rows;
    }
    relink(campaign);
}

static void unqueue(struct ready_campaign *campaign, struct batch *batch)
{
    DL_DELETE(campaign->waiting, batch);
    change_waiting(campaign, batch, false);
}

void ready_drop_campaign(struct ready *ready, struct ready_campaign **campaign_place)
{
    struct ready_campaign *campaign = *campaign_place;
    struct tenant *tenant = campaign->tenant;
    *campaign_place = NULL;
    ready_hold(ready, campaign, true);
    struct table_walk walk;
    struct batch *batch = table_first(campaign->batches, &walk);
    for (; batch != NULL; batch = table_next(&walk)) {
        free(batch);
    }
    table_destroy(&campaign->batches);
    (void)table_remove(ready->campaigns, id_key(campaign->id));
    free(campaign);
    if (--tenant->campaign_count == 0) {
        (void)table_remove(tenant->lane->tenants, text_of(tenant->name));
        free(tenant->name);
        free(tenant);
    }
}

void ready_hold(struct ready *ready, struct ready_campaign *campaign, bool held)
{
    (void)ready;
    campaign->is_held = held;
    relink(campaign);
}

static struct batch *find_batch(const struct ready_campaign *campaign, uint32_t number)
{
    return table_get(campaign->batches, TABLE_KEY(number));
}

bool ready_add_batch(struct ready *ready, struct ready_campaign *campaign, uint32_t number,
                     uint32_t rows)
{
    (void)ready;
    if (find_batch(campaign, number) != NULL) {
        return false;
    }
    struct batch *batch = xalloc_zero(1, sizeof *batch);
    batch->number = number;
    batch->rows = rows;
    (void)table_put(campaign->batches, TABLE_KEY(batch->number), batch);
    DL_APPEND(campaign->waiting, batch);
    change_waiting(campaign, batch, true);
    return true;
}

void ready_restore_batch(struct ready *ready, struct ready_campaign *campaign, uint32_t number)
{
    (void)ready;
    struct batch *batch = find_batch(campaign, number);
    if (batch == NULL || !batch->taken) {
        return;
    }
    batch->taken = false;
    campaign->taken_count--;
    DL_PREPEND(campaign->waiting, batch);
    change_waiting(campaign, batch, true);
}

void ready_forget_batch(struct ready *ready, struct ready_campaign *campaign, uint32_t number)
{
    (void)ready;
    struct batch *batch = find_batch(campaign, number);
    if (batch == NULL) {
        return;
    }
    if (batch->taken) {
        campaign->taken_count--;
    } else {
        unqueue(campaign, batch);
    }
    (void)table_remove(campaign->batches, TABLE_KEY(number));
    free(batch);
}

/* It cannot pay: a quantum for its next turn, and the next tenant's turn. */
static void pass_turn(struct lane *lane)
{
    struct tenant *tenant = lane->ring;
    tenant->deficit_rows += QUANTUM_ROWS;
    DL_DELETE(lane->ring, tenant);
    DL_APPEND(lane->ring, tenant);
}

/* Deficit round robin. One round is enough: no batch is larger than a quantum. */
static struct ready_campaign *next_campaign(struct lane *lane, uint32_t room)
{
    while (lane->ring != NULL && lane->ring->campaigns->waiting->rows > lane->ring->deficit_rows) {
        pass_turn(lane);
    }
    bool fits = lane->ring != NULL && lane->ring->campaigns->waiting->rows <= room;
    return fits ? lane->ring->campaigns : NULL;
}

static bool take_from(struct lane *lane, enum ready_lane which, uint32_t room,
                      struct ready_pick *ret_pick)
{
    struct ready_campaign *campaign = next_campaign(lane, room);
    if (campaign == NULL) {
        return false;
    }
    struct tenant *tenant = campaign->tenant;
    struct batch *batch = campaign->waiting;
    tenant->deficit_rows -= batch->rows;
    DL_DELETE(tenant->campaigns, campaign); /* the next campaign of this tenant is next in turn */
    DL_APPEND(tenant->campaigns, campaign);
    batch->taken = true;
    campaign->taken_count++;
    unqueue(campaign, batch);
    *ret_pick = (struct ready_pick){campaign, batch->number, batch->rows, which};
    return true;
}

static bool transactional_had_its_share(const struct ready *ready, const struct pool *pool)
{
    uint64_t first = pool->taken_rows[READY_TRANSACTIONAL];
    uint64_t total = first + pool->taken_rows[READY_BULK];
    return first * 1000 > total * ready->settings.transactional_permille;
}

static void count_taken(struct pool *pool, const struct ready_pick *pick)
{
    pool->taken_rows[pick->lane] += pick->rows;
    if (pool->taken_rows[READY_TRANSACTIONAL] + pool->taken_rows[READY_BULK] > SHARE_WINDOW_ROWS) {
        pool->taken_rows[READY_TRANSACTIONAL] /= 2;
        pool->taken_rows[READY_BULK] /= 2;
    }
}

bool ready_take(struct ready *ready, struct text pool_name, const uint32_t room[READY_LANE_COUNT],
                struct ready_pick *ret_pick)
{
    struct pool *pool = table_get(ready->pools, pool_name);
    if (pool == NULL) {
        return false;
    }
    enum ready_lane first = READY_TRANSACTIONAL;
    if (pool->lanes[READY_BULK].ring != NULL && transactional_had_its_share(ready, pool)) {
        first = READY_BULK;
    }
    enum ready_lane second = first == READY_BULK ? READY_TRANSACTIONAL : READY_BULK;
    bool found = take_from(&pool->lanes[first], first, room[first], ret_pick) ||
                 take_from(&pool->lanes[second], second, room[second], ret_pick);
    if (found) {
        count_taken(pool, ret_pick);
    }
    return found;
}

const unsigned char *ready_campaign_id(const struct ready_campaign *campaign)
{
    return campaign->id;
}

uint32_t ready_waiting(const struct ready_campaign *campaign)
{
    return campaign->waiting_count;
}

uint32_t ready_taken(const struct ready_campaign *campaign)
{
    return campaign->taken_count;
}

uint64_t ready_waiting_rows(const struct ready *ready, struct text pool_name, enum ready_lane lane)
{
    const struct pool *pool = table_get(ready->pools, pool_name);
    return pool == NULL ? 0 : pool->lanes[lane].waiting_rows;
}

void ready_each_pool(const struct ready *ready, ready_pool_fn *visit, void *context)
{
    struct table_walk walk;
    const struct pool *pool = table_first(ready->pools, &walk);
    for (; pool != NULL; pool = table_next(&walk)) {
        visit(context, text_of(pool->name));
    }
}
