/* Which recipients go together: by provider where the table knows one, else by domain; small
 * groups share mixed batches. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_INTAKE_INTAKE_GROUPS_H
#define HIKYAKU_COORDINATOR_INTAKE_INTAKE_GROUPS_H

#include "coordinator/intake/intake.h"
#include "coordinator/intake/intake_entry.h"

#define INTAKE_GROUPS_MAX 4096 /* each position a domain of its own */
#define INTAKE_GROUPS_CANARY_MAX 1000

struct intake_group {
    struct text key; /* provider key or domain; borrowed */
    bool is_provider;
    uint32_t rows;
    uint32_t lot;  /* the run of batches it goes into */
    uint32_t next; /* place of its next row in that run */
    bool is_canary;
};

struct intake_groups {
    struct intake_group groups[INTAKE_GROUPS_MAX + INTAKE_GROUPS_CANARY_MAX];
    size_t count;
    uint16_t slots[2 * INTAKE_GROUPS_MAX]; /* by domain: number of the domain + 1 */
    struct {
        struct text name; /* borrowed */
        uint32_t group;
    } domains[INTAKE_GROUPS_MAX];
    size_t domain_count;
};

/** Forget everything. */
void intake_groups_clear(struct intake_groups *groups);

/** Count a row of `domain` and say which group it belongs to. Domains are borrowed. */
uint32_t intake_groups_add(struct intake_groups *groups, const struct intake_settings *settings,
                           struct text domain);

/** Count a row that goes into a mixed batch, whatever its domain is. */
uint32_t intake_groups_add_mixed(struct intake_groups *groups);

/** Which rows go first: at most `rows`, as many of each group as of any other where it has them,
 * and of a group the first ones. They become groups of their own. @param rows  at most
 *  INTAKE_GROUPS_CANARY_MAX */
void intake_groups_choose_canary(struct intake_groups *groups, struct intake_entry *entries,
                                 size_t count, uint32_t rows);

/**
 * Cut the groups into batches of at most `batch_rows` of nearly the same size, in the
 * order in which groups appeared, mixed ones last, all those of the canary first; and give each
 * entry its ordinal. Rows of a domain stay together in mixed batches.
 *
 * @param result  batches (provider, number, row_count) and canary_batches are filled
 */
void intake_groups_assign(struct intake_groups *groups, struct intake_entry *entries, size_t count,
                          uint32_t batch_rows, struct intake_result *result);

#endif
