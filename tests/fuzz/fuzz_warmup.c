/* Any bytes as a stored warm-up and as what is told of its plan: refused, or one whose quota is at
 * least 1 and never above the plan's. */
#include "common/policy/warmup_setting.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_state(const struct warmup_plan *plan, struct text stored)
{
    struct warmup warmup;
    if (warmup_decode(plan, stored, &warmup) != 0) {
        return;
    }
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t quota = warmup_day_quota(plan, &warmup);
        if (quota == 0 ||
            (!warmup_is_warm(plan, &warmup) && plan->days > 0 && plan->volumes[warmup.stage] > 0 &&
             quota > plan->volumes[warmup.stage])) {
            abort();
        }
        warmup_used(&warmup, warmup_slice(quota, quota));
        (void)warmup_heard(&warmup, stored.size > 40 ? 8 : 0, 421);
        (void)warmup_turn(plan, &warmup, 20782 + 20 * i);
    }
    unsigned char written[WARMUP_SIZE];
    warmup_encode(&warmup, written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct warmup_plan plain = {.volumes = {1, 50, 50, 1000}, .days = 4};
    struct text stored = {(const char *)data, size};
    struct text first = {stored.data, size < WARMUP_SIZE ? size : WARMUP_SIZE};
    struct warmup_setting setting;
    try_state(&plain, first);
    if (warmup_setting_read(stored, &setting) == 0) {
        struct buffer again = {0};
        warmup_setting_append(&setting, &again);
        if (!text_equal(buffer_text(&again), stored)) {
            abort();
        }
        buffer_finish(&again);
    }
    if (size > WARMUP_SIZE && warmup_setting_read(text_skip(stored, WARMUP_SIZE), &setting) == 0) {
        try_state(&setting.plan, first);
    }
    return 0;
}
