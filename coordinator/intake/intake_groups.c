#include "coordinator/intake/intake_groups.h"

#include "common/base/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (2 * INTAKE_GROUPS_MAX)

/* A run of batches: one group of its own, or all small ones. */
struct lot {
    struct text provider;
    uint32_t rows;
    uint32_t first; /* ordinal */
    uint32_t batches;
};

void intake_groups_clear(struct intake_groups *groups)
{
    groups->count = 0;
    groups->domain_count = 0;
    memset(groups->slots, 0, sizeof groups->slots);
}

static uint32_t add_group(struct intake_groups *groups, struct text key, bool is_provider)
{
    assert(groups->count < sizeof groups->groups / sizeof groups->groups[0]);
    groups->groups[groups->count] = (struct intake_group){.key = key, .is_provider = is_provider};
    return (uint32_t)groups->count++;
}

/* Providers are few: a look along the groups costs less than a second table. */
static uint32_t find_provider_group(struct intake_groups *groups, struct text provider)
{
    for (size_t i = 0; i < groups->count; i++) {
        if (groups->groups[i].is_provider && text_equal(groups->groups[i].key, provider)) {
            return (uint32_t)i;
        }
    }
    return add_group(groups, provider, true);
}

static uint32_t group_of_new_domain(struct intake_groups *groups,
                                    const struct intake_settings *settings, struct text domain)
{
    struct text provider = TEXT("");
    if (settings->find_provider != NULL) {
        provider = settings->find_provider(settings->provider_context, domain);
    }
    return provider.size > 0 ? find_provider_group(groups, provider)
                             : add_group(groups, domain, false);
}

uint32_t intake_groups_add(struct intake_groups *groups, const struct intake_settings *settings,
                           struct text domain)
{
    /* Domains come from outside: keyed, so that nobody can choose them to collide. */
    uint64_t hash = bytes_siphash(domain.data, domain.size, settings->duplicate_hash_key);
    size_t slot = hash % SLOTS;
    while (groups->slots[slot] != 0) {
        size_t known = groups->slots[slot] - 1U;
        if (text_equal(groups->domains[known].name, domain)) {
            uint32_t group = groups->domains[known].group;
            groups->groups[group].rows++;
            return group;
        }
        slot = (slot + 1) % SLOTS;
    }
    assert(groups->domain_count < INTAKE_GROUPS_MAX);
    uint32_t group = group_of_new_domain(groups, settings, domain);
    groups->domains[groups->domain_count].name = domain;
    groups->domains[groups->domain_count].group = group;
    groups->domain_count++;
    groups->slots[slot] = (uint16_t)groups->domain_count;
    groups->groups[group].rows++;
    return group;
}

uint32_t intake_groups_add_mixed(struct intake_groups *groups)
{
    uint32_t group = groups->count > 0 ? 0 : add_group(groups, TEXT(INTAKE_MIXED), true);
    groups->groups[group].rows++;
    return group;
}

/* ---------------------------------------------------------------- canary */

/* Rows that may go first, and how many of a group do. */
struct share {
    uint32_t rows;
    uint32_t taken;
};

static uint32_t sum_at(const struct share *shares, size_t count, uint32_t most)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += shares[i].rows < most ? shares[i].rows : most;
    }
    return sum;
}

/* The most that each group may give so that `rows` are enough for all of them. */
static uint32_t even_share(const struct share *shares, size_t count, uint32_t rows)
{
    uint32_t low = 0;
    uint32_t high = rows + 1;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (sum_at(shares, count, middle) <= rows) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static void move_to_canary(struct intake_groups *groups, struct intake_entry *entry,
                           uint32_t *canary_groups)
{
    uint32_t *place = &canary_groups[entry->group];
    if (*place == 0) {
        const struct intake_group *from = &groups->groups[entry->group];
        *place = add_group(groups, from->key, from->is_provider);
        groups->groups[*place].is_canary = true;
    }
    groups->groups[entry->group].rows--;
    groups->groups[*place].rows++;
    entry->group = *place;
    entry->is_canary = true;
}

void intake_groups_choose_canary(struct intake_groups *groups, struct intake_entry *entries,
                                 size_t count, uint32_t rows)
{
    struct share *shares = xalloc_zero(groups->count, sizeof *shares);
    uint32_t *canary_groups = xalloc_zero(groups->count, sizeof *canary_groups);
    size_t group_count = groups->count;
    assert(rows <= INTAKE_GROUPS_CANARY_MAX && group_count <= INTAKE_GROUPS_MAX);
    for (size_t i = 0; i < count; i++) {
        shares[entries[i].group].rows += entries[i].is_duplicate ? 0 : 1;
    }
    uint32_t each = even_share(shares, group_count, rows);
    uint32_t left = rows - sum_at(shares, group_count, each); /* one more of the first groups */
    for (size_t i = 0; i < count; i++) {
        struct share *share = &shares[entries[i].group];
        bool is_more = share->taken == each && left > 0;
        if (!entries[i].is_duplicate && (share->taken < each || is_more)) {
            left -= is_more ? 1 : 0;
            share->taken++;
            move_to_canary(groups, &entries[i], canary_groups);
        }
    }
    free(shares);
    free(canary_groups);
}

/* ---------------------------------------------------------------- batches */

/* Canary groups of providers stand alone whatever their size: their counters go by provider. */
static bool stands_alone(const struct intake_group *group)
{
    return group->rows >= INTAKE_GROUP_ROWS_MIN || (group->is_canary && group->is_provider);
}

/* Large groups are lots of their own, in order; the last lot is the mixed one. @return lots */
static size_t make_lots(struct intake_groups *groups, struct lot *lots, size_t count,
                        bool is_canary)
{
    struct lot mixed = {.provider = TEXT(INTAKE_MIXED)};
    for (size_t i = 0; i < groups->count; i++) {
        struct intake_group *group = &groups->groups[i];
        if (group->is_canary == is_canary && group->rows > 0 && stands_alone(group)) {
            group->lot = (uint32_t)count;
            lots[count++] = (struct lot){.provider = group->key, .rows = group->rows};
        }
    }
    for (size_t i = 0; i < groups->count; i++) {
        struct intake_group *group = &groups->groups[i];
        if (group->is_canary == is_canary && !stands_alone(group)) {
            group->lot = (uint32_t)count;
            group->next = mixed.rows;
            mixed.rows += group->rows;
        }
    }
    if (mixed.rows > 0) {
        lots[count++] = mixed;
    }
    return count;
}

static uint32_t number_batches(struct lot *lots, size_t count, uint32_t batch_rows)
{
    uint32_t batches = 0;
    for (size_t i = 0; i < count; i++) {
        lots[i].first = batches;
        lots[i].batches = (lots[i].rows + batch_rows - 1) / batch_rows;
        batches += lots[i].batches;
    }
    return batches;
}

/* Batches of a lot differ by at most one row; the larger ones come first. */
static uint32_t batch_of(const struct lot *lot, uint32_t place)
{
    uint32_t size = lot->rows / lot->batches;
    uint32_t larger = lot->rows % lot->batches;
    uint32_t in_larger = larger * (size + 1);
    uint32_t batch = place < in_larger ? place / (size + 1) : larger + (place - in_larger) / size;
    return lot->first + batch;
}

void intake_groups_assign(struct intake_groups *groups, struct intake_entry *entries, size_t count,
                          uint32_t batch_rows, struct intake_result *result)
{
    /* 4,096 rows make at most 81 lots of their own and the mixed one; each of the canary's may. */
    struct lot lots[INTAKE_GROUPS_MAX / INTAKE_GROUP_ROWS_MIN + 2 + INTAKE_GROUPS_CANARY_MAX + 1];
    size_t canary_lots = make_lots(groups, lots, 0, true);
    size_t lot_count = make_lots(groups, lots, canary_lots, false);
    result->batch_count = number_batches(lots, lot_count, batch_rows);
    result->canary_batches = 0;
    for (size_t i = 0; i < canary_lots; i++) {
        result->canary_batches += lots[i].batches;
    }
    result->batches = arena_zero(result->arena, result->batch_count, sizeof *result->batches);
    for (size_t i = 0; i < count; i++) {
        struct intake_group *group = &groups->groups[entries[i].group];
        const struct lot *lot = &lots[group->lot];
        entries[i].ordinal = batch_of(lot, group->next++);
        struct intake_batch *batch = &result->batches[entries[i].ordinal];
        batch->number = result->chunk << 16 | entries[i].ordinal;
        if (batch->row_count++ == 0) {
            batch->provider = arena_text(result->arena, lot->provider);
        }
    }
}
