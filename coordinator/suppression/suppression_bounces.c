#include "coordinator/suppression/suppression_bounces.h"

#include "common/policy/suppression_record.h"

#include <string.h>

bool suppression_bounces_has(const struct store_event_entry *entry)
{
    if (entry->kind != STORE_EVENT_ROWS || entry->sealed_details.size == 0) {
        return false;
    }
    for (size_t i = 0; i < entry->count; i++) {
        if (entry->changes[i].row.state == OUTCOME_BOUNCED) {
            return true;
        }
    }
    return false;
}

static uint32_t seconds_of(int64_t unix_ms)
{
    return unix_ms <= 0 ? 0 : unix_ms / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(unix_ms / 1000);
}

size_t suppression_bounces_find(const Hikyaku__V1__StoredEventDetails *details,
                                struct buffer *records,
                                struct store_suppression ret_bounces[STORE_SUPPRESSIONS_MAX])
{
    size_t ends[STORE_SUPPRESSIONS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < details->n_details && count < STORE_SUPPRESSIONS_MAX; i++) {
        const Hikyaku__V1__StoredEventDetail *detail = details->details[i];
        if (detail->suppressed.len != sizeof ret_bounces[count].hash) {
            continue;
        }
        memcpy(ret_bounces[count].hash, detail->suppressed.data, sizeof ret_bounces[count].hash);
        suppression_record_append(
            &(struct suppression_record){.reason = SUPPRESSION_HARD_BOUNCE,
                                         .source = SUPPRESSION_BY_REPLY,
                                         .at_unix_s = seconds_of(detail->occurred_unix_ms),
                                         .actor = text_of(detail->rule_id)},
            records);
        ends[count++] = records->size;
    }
    for (size_t i = 0; i < count; i++) { /* the buffer stands still now */
        size_t begin = i == 0 ? 0 : ends[i - 1];
        ret_bounces[i].record = (struct text){(const char *)records->data + begin, ends[i] - begin};
    }
    return count;
}
