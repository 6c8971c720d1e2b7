/* Plans of warm-up as the configuration has them. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_WARMUP_PLANS_H
#define HIKYAKU_COMMON_POLICY_WARMUP_PLANS_H

#include "common/config/config_table.h"
#include "common/policy/warmup.h"

#define WARMUP_PLANS_MAX 32
#define WARMUP_PLANS_NAME_BYTES 64
/** Messages of one day. */
#define WARMUP_PLANS_VOLUME_MAX 1000000000

/** One entry of `warmup.plans`. */
struct warmup_plans_record {
    char *name;
    uint64_t first; /* 0: volumes are given */
    uint64_t growth;
    uint64_t last;
    struct config_strings volumes;
};

/** For CONFIG_RECORDS of struct warmup_plans_record. */
extern const struct config_table warmup_plans_table;

/** The plan of an entry that the table has accepted. */
void warmup_plans_read(const struct warmup_plans_record *record, struct warmup_plan *ret_plan);
/** @return the entry of that name, or NULL */
const struct warmup_plans_record *warmup_plans_find(const struct config_list *plans,
                                                    const char *name);

#endif
