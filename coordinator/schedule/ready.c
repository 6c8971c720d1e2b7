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
    struct group *group; /* borrowed */
    struct batch *prev;
    struct batch *next; /* in the group's waiting list */
};

/* Batches of a campaign that go to one provider or domain. */
struct group {
    char *name;
    uint32_t batches;      /* waiting and taken */
    struct batch *waiting; /* list */
    struct group *prev;
    struct group *next; /* in the campaign's ring */
};

struct ready_campaign {
    unsigned char id[READY_ID_SIZE];
    struct tenant *tenant; /* borrowed */
    enum ready_lane lane;
    struct table *batches; /* by number: all, waiting and taken */
    struct table *groups;  /* by name: those with batches */
    struct group *ring;    /* those with waiting batches, next in turn first */
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
    uint64_t version;
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
    campaign->lane = lane;
    campaign->batches = table_create();
    campaign->groups = table_create();
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
    bool wants = campaign->ring != NULL && !campaign->is_held;
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

static void unlink_group(struct ready_campaign *campaign, struct group *group)
{
    DL_DELETE(campaign->ring, group);
}

static void unqueue(struct ready_campaign *campaign, struct batch *batch)
{
    struct group *group = batch->group;
    DL_DELETE(group->waiting, batch);
    if (group->waiting == NULL) {
        unlink_group(campaign, group);
    }
    change_waiting(campaign, batch, false);
}

static struct group *obtain_group(struct ready_campaign *campaign, struct text name)
{
    struct group *group = table_get(campaign->groups, name);
    if (group == NULL) {
        group = xalloc_zero(1, sizeof *group);
        group->name = text_to_string(name);
        (void)table_put(campaign->groups, name, group);
    }
    return group;
}

static void free_group(struct group *group)
{
    free(group->name);
    free(group);
}

static void leave_group(struct ready_campaign *campaign, struct group *group)
{
    if (--group->batches == 0) {
        (void)table_remove(campaign->groups, text_of(group->name));
        free_group(group);
    }
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
    struct group *group = table_first(campaign->groups, &walk);
    for (; group != NULL; group = table_next(&walk)) {
        free_group(group);
    }
    table_destroy(&campaign->batches);
    table_destroy(&campaign->groups);
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
    ready->version++;
    campaign->is_held = held;
    relink(campaign);
}

static struct batch *find_batch(const struct ready_campaign *campaign, uint32_t number)
{
    return table_get(campaign->batches, TABLE_KEY(number));
}

bool ready_add_batch(struct ready *ready, struct ready_campaign *campaign, uint32_t number,
                     uint32_t rows, struct text group)
{
    if (find_batch(campaign, number) != NULL) {
        return false;
    }
    struct batch *batch = xalloc_zero(1, sizeof *batch);
    batch->number = number;
    batch->rows = rows;
    batch->group = obtain_group(campaign, group);
    batch->group->batches++;
    (void)table_put(campaign->batches, TABLE_KEY(batch->number), batch);
    if (batch->group->waiting == NULL) {
        DL_APPEND(campaign->ring, batch->group);
    }
    DL_APPEND(batch->group->waiting, batch);
    change_waiting(campaign, batch, true);
    ready->version++;
    return true;
}

void ready_restore_batch(struct ready *ready, struct ready_campaign *campaign, uint32_t number)
{
    struct batch *batch = find_batch(campaign, number);
    if (batch == NULL || !batch->taken) {
        return;
    }
    batch->taken = false;
    campaign->taken_count--;
    if (batch->group->waiting == NULL) {
        DL_PREPEND(campaign->ring, batch->group);
    }
    DL_PREPEND(batch->group->waiting, batch);
    change_waiting(campaign, batch, true);
    ready->version++;
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
    leave_group(campaign, batch->group);
    free(batch);
}

/* The campaign's next group with room for its next batch, or NULL. */
static struct group *open_group(const struct ready_campaign *campaign,
                                const struct ready_filter *filter)
{
    struct group *group = campaign->ring;
    while (group != NULL && filter != NULL &&
           group->waiting->rows >
               filter->room(filter->context, campaign->lane, text_of(group->name))) {
        group = group->next;
    }
    return group;
}

/* What may be taken next. */
struct choice {
    struct ready_campaign *campaign;
    struct group *group; /* NULL: nothing */
};

static struct choice choose_campaign(const struct tenant *tenant, const struct ready_filter *filter)
{
    struct choice choice = {tenant->campaigns, NULL};
    for (; choice.campaign != NULL; choice.campaign = choice.campaign->next) {
        choice.group = open_group(choice.campaign, filter);
        if (choice.group != NULL) {
            break;
        }
    }
    return choice;
}

/* It cannot pay: a quantum for its next turn, and the next tenant's turn. */
static void pass_turn(struct tenant *tenant)
{
    tenant->deficit_rows += QUANTUM_ROWS;
    DL_DELETE(tenant->lane->ring, tenant);
    DL_APPEND(tenant->lane->ring, tenant);
}

/* Deficit round robin among the tenants that have something for which there is room. */
static struct choice look_round(struct lane *lane, const struct ready_filter *filter)
{
    const struct tenant *last = lane->ring == NULL ? NULL : lane->ring->prev;
    struct tenant *next = NULL;
    for (struct tenant *tenant = lane->ring; tenant != NULL; tenant = next) {
        struct choice choice = choose_campaign(tenant, filter);
        next = tenant == last ? NULL : tenant->next;
        if (choice.group != NULL && choice.group->waiting->rows <= tenant->deficit_rows) {
            return choice;
        }
        if (choice.group != NULL) {
            pass_turn(tenant);
        }
    }
    return (struct choice){NULL, NULL};
}

/* A second round is enough: no batch is larger than a quantum. */
static struct choice next_choice(struct lane *lane, const struct ready_filter *filter)
{
    struct choice choice = look_round(lane, filter);
    return choice.group != NULL ? choice : look_round(lane, filter);
}

static bool take_from(struct lane *lane, uint32_t room, const struct ready_filter *filter,
                      struct ready_pick *ret_pick)
{
    if (room == 0) {
        return false;
    }
    struct choice choice = next_choice(lane, filter);
    if (choice.group == NULL || choice.group->waiting->rows > room) {
        return false;
    }
    struct ready_campaign *campaign = choice.campaign;
    struct tenant *tenant = campaign->tenant;
    struct batch *batch = choice.group->waiting;
    tenant->deficit_rows -= batch->rows;
    DL_DELETE(tenant->campaigns, campaign); /* the next campaign of this tenant is next in turn, */
    DL_APPEND(tenant->campaigns, campaign);
    DL_DELETE(campaign->ring, choice.group); /* and the next group of this campaign */
    DL_APPEND(campaign->ring, choice.group);
    batch->taken = true;
    campaign->taken_count++;
    unqueue(campaign, batch);
    *ret_pick = (struct ready_pick){campaign, batch->number, batch->rows, campaign->lane,
                                    text_of(choice.group->name)};
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
                const struct ready_filter *filter, struct ready_pick *ret_pick)
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
    bool found = take_from(&pool->lanes[first], room[first], filter, ret_pick) ||
                 take_from(&pool->lanes[second], room[second], filter, ret_pick);
    if (found) {
        count_taken(pool, ret_pick);
    }
    return found;
}

bool ready_has(const struct ready_campaign *campaign, const struct ready_filter *filter)
{
    return open_group(campaign, filter) != NULL;
}

uint64_t ready_version(const struct ready *ready)
{
    return ready->version;
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
