#include "common/wire/wire_limits.h"

#include "hikyaku/v1/api.pb-c.h"

#define KIB 1024U
#define MIB (1024U * KIB)

const struct wire_limits wire_limits_default = {
    .chunk_bytes = 4 * MIB,
    .template_bytes = 1 * MIB,
    .default_fields_bytes = 64 * KIB,
    .recipient_fields_bytes = 8 * KIB,
    .attachment_bytes = 1 * MIB,
    .attachments = 20,
    .message_bytes = 10 * MIB,
    .headers = 20,
    .headers_bytes = 8 * KIB,
    .recipient_headers = 5,
    .variants = 20,
    .labels = 10,
    .messages = 1000,
    .campaign_expires_min_s = 60,
    .campaign_expires_max_s = 432000,
    .message_expires_min_s = 30,
    .message_expires_max_s = 86400,
    .bulk_expires_s = 259200,
    .transactional_expires_s = 14400,
    .campaign_schedule_days = 90,
    .message_schedule_days = 7,
    .max_rejected_permille = 20,
    .default_estimated_rows = 10000,
    .default_mode = HIKYAKU__V1__MODE__MODE_LIVE,
};
