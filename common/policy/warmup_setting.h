/* What the owner of a young IP writes beside its states, so that whoever reads them knows what they
 * mean: the plan, its zone, the share of an hour. Stored. Pure.
 *
 * Format 1, big-endian: format u8, share of an hour u16 (permille), days u16, a volume u32 for
 * each, then the plan's name, NUL, the zone's name (empty: UTC). */
#ifndef HIKYAKU_COMMON_POLICY_WARMUP_SETTING_H
#define HIKYAKU_COMMON_POLICY_WARMUP_SETTING_H

#include "common/base/buffer.h"
#include "common/policy/time_zone.h"
#include "common/policy/warmup_plans.h"

struct warmup_setting {
    struct warmup_plan plan;
    uint16_t hour_share; /* permille of a day's quota; 1..1000 */
    char name[WARMUP_PLANS_NAME_BYTES];
    char zone[TIME_ZONE_NAME_BYTES_MAX + 1];
};

void warmup_setting_append(const struct warmup_setting *setting, struct buffer *out);
/** Outside bytes. @return 0 or -EPROTO */
MUST_USE int warmup_setting_read(struct text stored, struct warmup_setting *ret_setting);

#endif
